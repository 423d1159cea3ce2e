"""Every shipped scenario parses, has a source for each number and bears its file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue


def test_the_catalogue_holds_what_the_protocol_names() -> None:
    assert catalogue.names() == ["ato_drain", "card_testing_burst", "gfc_2008"]


@pytest.mark.parametrize("name", catalogue.names())
def test_a_shipped_scenario_parses_and_bears_its_files_name(name: str) -> None:
    scenario = catalogue.load(name)
    assert scenario.id == name
    assert sum(scenario.source_ledger().values()) == pytest.approx(1)
    assert scenario.hypothetical
    assert "ypothetical" in catalogue.text(name).splitlines()[0]


def test_a_path_is_taken_as_well_as_a_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(catalogue.text("gfc_2008").replace("id: gfc_2008", "id: mine"), "utf-8")
    assert catalogue.load(path).id == "mine"


def test_an_unknown_name_lists_the_nearest_first() -> None:
    with pytest.raises(ScenarioError, match=r"'ato_drian'. Known: 'ato_drain'"):
        catalogue.load("ato_drian")
    with pytest.raises(ScenarioError, match="cannot be read"):
        catalogue.load("nowhere.yaml")
