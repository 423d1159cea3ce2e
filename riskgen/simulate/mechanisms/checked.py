"""Whether there is a mechanism that can do what a scenario file says, before any data."""

from __future__ import annotations

from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.markets.stressed_paths import check as check_paths
from riskgen.simulate.mechanisms.stressed import mechanism_of
from riskgen.simulate.mechanisms.transplant.graft import Transplant
from riskgen.simulate.scenario import StressScenario


def checked(scenario: StressScenario) -> StressScenario:
    """Return the scenario.

    Raises
    ------
    ScenarioError
        When nothing does its mechanism and typology, or a parameter is none of theirs.
    """
    if scenario.domain == "market":
        check_paths(scenario, 0.0)
    elif scenario.mechanism == "transplant":
        unknown = sorted(set(scenario.parameters) - Transplant.PARAMETERS)
        if unknown:
            raise ScenarioError(
                unknown_name("parameter", unknown[0], sorted(Transplant.PARAMETERS))
            )
    else:
        mechanism_of(scenario, 0.0, None)
    return scenario
