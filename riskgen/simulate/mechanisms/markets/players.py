"""Which assets of a table play the roles that a market scenario names."""

from __future__ import annotations

from collections.abc import Sequence

from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.scenario import StressScenario


def players(scenario: StressScenario, assets: Sequence[str]) -> dict[str, int]:
    """Return the position of the asset that plays each role, of those that are played.

    A role is played by the asset that ``columns`` of the file gives it to, or that
    bears its name.

    Raises
    ------
    ScenarioError
        When a role is given to a column that is no asset, or a required one is
        played by none.
    """
    found = {}
    for role, need in scenario.roles.items():
        name = scenario.columns.get(role, role)
        if name in assets:
            found[role] = list(assets).index(name)
        elif role in scenario.columns:
            raise ScenarioError(
                f"The role '{role}' is given to a column. "
                f"{unknown_name('asset', name, sorted(assets))}"
            )
        elif need == "required" and assets:
            raise ScenarioError(
                f"Scenario '{scenario.id}' cannot do without '{role}', and none of the "
                f"{len(assets)} assets bears that name. Name one with --column {role}=NAME, or use "
                "a table that has one."
            )
    return found
