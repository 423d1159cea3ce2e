"""What all frauds have in common: asked and reached, and the promises of their files."""

from __future__ import annotations

import pytest
from fraud_bank import dated_bank, run, toybank
from test_mechanisms import FRAUDS

from riskgen.data.events import Events
from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.stressed import TYPOLOGIES
from riskgen.simulate.mechanisms.validity import same_untouched, violations
from riskgen.simulate.tally import Tally

# A takeover takes the wanted share of the balance, which bounds how much an event can
# be; windows of a few hours have no night. The file's asserts do not promise either.
SHORT = {"amount_scale": 0.2, "night_share": 0.12}


@pytest.mark.parametrize("name", FRAUDS)
@pytest.mark.parametrize("severity", [0.5, 1.0])
def test_what_was_asked_for_is_reached_within_a_tenth(name: str, severity: float) -> None:
    result = run(name, severity)
    assert result.touched.sum() > 200
    assert set(result.achieved) == set(result.requested)
    for parameter, asked in result.requested.items():
        off = SHORT.get(parameter, 0.1)
        # Small shares of a few hundred customers scatter by about 0.01.
        assert result.achieved[parameter] == pytest.approx(asked, rel=off, abs=0.03), parameter


@pytest.mark.parametrize("name", FRAUDS)
def test_the_promises_of_a_file_hold_on_the_simulated_bank(name: str) -> None:
    scenario = catalogue.load(name)
    tally = Tally(scenario, 1.0, seed=1)
    tally.add(toybank(), stress_events(toybank(), scenario, severity=1, seed=1))
    checks = {check["name"]: check["status"] for check in tally.facts()["assertions"]}
    assert set(checks.values()) == {"PASS"}, checks


@pytest.mark.parametrize("name", [name for name in FRAUDS if name != "merchant_collusion"])
@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_a_table_of_days_without_merchants_or_devices_works(name: str, severity: float) -> None:
    base = dated_bank()
    result = stress_events(base, catalogue.load(name), severity=severity, seed=3, share=1.0)
    assert result.affected.any()
    assert violations(base, result) == 0
    assert same_untouched(base, result)
    tally = Tally(catalogue.load(name), severity, seed=3, share=1.0)
    tally.add(base, result)
    failed = {c["name"] for c in tally.facts()["assertions"] if c["status"] == "FAIL"}
    # Everybody is struck at once: that does move the whole table.
    assert failed <= {"collateral.worst_ratio <= 2"}
    assert not {reason.split(":")[0] for reason in result.omitted} & set(result.requested) - {
        "utilisation"
    }


@pytest.mark.parametrize("name", FRAUDS)
def test_the_roles_of_a_file_are_what_its_typology_looks_for(name: str) -> None:
    scenario = catalogue.load(name)
    typology = TYPOLOGIES[scenario.typology]
    wanted = dict.fromkeys(typology.NEEDS, "required") | dict.fromkeys(typology.USES, "optional")
    assert scenario.roles == wanted
    assert set(scenario.parameters) == typology.PARAMETERS


@pytest.mark.parametrize("name", ["mule_pass_through", "structuring_cash"])
def test_money_that_never_comes_in_cannot_be_passed_on(name: str, tiny_events: Events) -> None:
    with pytest.raises(ScenarioError, match="no event of the table brings money in"):
        stress_events(tiny_events, catalogue.load(name), severity=1, seed=1)
