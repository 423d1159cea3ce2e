"""Every shipped scenario parses, has a source for each number and bears its file's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from riskgen.cli.scenarios import command
from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.checked import checked
from riskgen.simulate.scenario import parse_scenario
from riskgen.simulate.template import template


def test_the_catalogue_holds_what_the_protocol_names() -> None:
    frauds = {"ato_drain", "card_testing_burst", "bust_out", "mule_pass_through"}
    frauds |= {"structuring_cash", "merchant_collusion", "app_scam", "synthetic_identity_ring"}
    markets = {"gfc_2008", "covid_2020", "rates_corr_break", "liquidity_vol_spike"}
    assert {*frauds, *markets} <= set(catalogue.names())


@pytest.mark.parametrize("name", catalogue.names())
def test_a_shipped_scenario_parses_and_bears_its_files_name(name: str) -> None:
    scenario = catalogue.load(name)
    assert scenario.id == name
    assert sum(scenario.source_ledger().values()) == pytest.approx(1)
    first = catalogue.text(name).splitlines()[0]
    assert scenario.hypothetical == ("ypothetical" in first)
    assert ("nothing new is drawn" in first) == (scenario.mechanism == "reweight")


def test_a_path_is_taken_as_well_as_a_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(catalogue.text("gfc_2008").replace("id: gfc_2008", "id: mine"), "utf-8")
    assert catalogue.load(path).id == "mine"


def test_an_unknown_name_lists_the_nearest_first() -> None:
    with pytest.raises(ScenarioError, match=r"'ato_drian'. Known: 'ato_drain'"):
        catalogue.load("ato_drian")
    with pytest.raises(ScenarioError, match="cannot be read"):
        catalogue.load("nowhere.yaml")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    return tmp_path / "scenarios"


COMPOSED = """
schema: riskgen.scenario/v1
id: both
title: Two frauds in one table
compose: [ato_drain, card_testing_burst]
"""


def test_a_file_in_the_folder_goes_before_a_shipped_one(own_folder: Path) -> None:
    assert catalogue.load("ato_drain").title != "Mine"
    shipped = catalogue.text("ato_drain")
    title = "title: Account takeover with balance drain"
    (own_folder / "ato_drain.yaml").write_text(shipped.replace(title, "title: Mine"))
    assert catalogue.load("ato_drain").title == "Mine"
    assert catalogue.own_names() == ["ato_drain"]


@pytest.mark.parametrize("domain", ["transactions", "market"])
def test_a_new_scenario_is_valid_as_it_is(domain: str) -> None:
    scenario = parse_scenario(template("mine", domain), "mine")
    assert (scenario.id, scenario.domain) == ("mine", domain)


@pytest.mark.parametrize("name", catalogue.names())
def test_a_new_scenario_may_be_like_a_shipped_one(name: str) -> None:
    mine, other = parse_scenario(template("mine", "", like=name), "mine"), catalogue.load(name)
    assert mine == other.model_copy(update={"id": "mine"})


def test_a_name_that_cannot_be_an_id_makes_no_file() -> None:
    with pytest.raises(ScenarioError, match="should match pattern"):
        template("No!", "market")


def test_a_new_scenario_is_written_whole_and_replaces_nothing_unasked(own_folder: Path) -> None:
    made = CliRunner().invoke(command, ["new", "mine", "--like", "app_scam"])
    assert made.exit_code == 0, made.output
    assert catalogue.load("mine").typology == "app_scam"
    assert [path.name for path in own_folder.iterdir()] == ["mine.yaml"]
    again = CliRunner().invoke(command, ["new", "mine"])
    assert again.exit_code == 2
    assert "add --force" in again.output
    assert catalogue.load("mine").typology == "app_scam"


def test_scenarios_of_different_parameters_are_composed(own_folder: Path) -> None:
    (own_folder / "both.yaml").write_text(COMPOSED)
    for name in ("both", "ato_drain+card_testing_burst"):
        stress = catalogue.stress(name)
        assert [s.id for s in stress.scenarios] == ["ato_drain", "card_testing_burst"]
        assert stress.severities == (catalogue.load("ato_drain").severity.default,)
        assert len(catalogue.stress(name, (0.5, 1.0)).acts) == 4
    with pytest.raises(ScenarioError, match="is a composition"):
        catalogue.load("both")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ("ato_drain+ato_drain", "stands twice"),
        ("ato_drain+gfc_2008", "is for transactions and 'gfc_2008' for market"),
        ("ato_drain+mine", "both set amount_scale, velocity_scale"),
        ("ato_drain+nothing", "no stress scenario 'nothing'"),
    ],
)
def test_scenarios_that_do_not_go_together_are_refused(
    own_folder: Path, members: str, said: str
) -> None:
    (own_folder / "mine.yaml").write_text(template("mine", "transactions"))
    with pytest.raises(ScenarioError, match=said):
        catalogue.stress(members)


@pytest.mark.parametrize("name", catalogue.names())
def test_there_is_a_mechanism_for_every_shipped_scenario(name: str) -> None:
    assert checked(catalogue.load(name)).id == name


@pytest.mark.parametrize("name", ["ato_drain", "transplant_fraud", "gfc_2008"])
def test_a_parameter_that_no_mechanism_knows_is_told_before_any_data(name: str) -> None:
    scenario = catalogue.load(name)
    parameter = next(iter(scenario.parameters.values()))
    wrong = scenario.model_copy(update={"parameters": {"amuont_scale": parameter}})
    with pytest.raises(ScenarioError, match="no parameter 'amuont_scale'"):
        checked(wrong)


def test_an_exact_copy_of_a_shipped_scenario_is_not_the_users(own_folder: Path) -> None:
    (own_folder / "ato_drain.yaml").write_text(catalogue.text("ato_drain"))
    assert catalogue.own_names() == []
