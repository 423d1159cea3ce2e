"""Several scenarios at once: a file that names them instead of setting parameters.

Only scenarios of one domain that set different parameters may be joined, so that
what was asked of one is never overwritten by another.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

from pydantic import Field

from riskgen.errors import ScenarioError
from riskgen.simulate.scenario import StressScenario, document, parse_scenario, parsed
from riskgen.simulate.scenario_parts import Governance, Part
from riskgen.simulate.severity import Severity


class Composition(Part):
    """A file with ``compose: [a, b]``.

    Attributes
    ----------
    id, title : str
        Name and one line of explanation.
    compose : tuple of str
        Names or paths of the scenarios, two at least, each once.
    severity : Severity or None
        How badly, for all of them; that of the first one when None.
    """

    schema_: Literal["riskgen.scenario/v1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9_]{3,40}$")
    title: str = Field(min_length=1, max_length=200)
    compose: tuple[str, ...] = Field(min_length=2, max_length=12)
    severity: Severity | None = None
    references: tuple[str, ...] = ()
    governance: Governance = Governance()


def typed(text: str, name: str) -> StressScenario | Composition:
    """Read a scenario file of either kind; raises ScenarioError as ``parse_scenario``."""
    if "compose" in document(text, name):
        return parsed(text, name, Composition)
    return parse_scenario(text, name)


def require_disjoint(scenarios: Sequence[StressScenario]) -> None:
    """Refuse scenarios that cannot be joined.

    Raises
    ------
    ScenarioError
        When one stands twice, when two are of different domains, when two
        set the same parameter, or when one of several weighs paths.
    """
    weighing = [one.id for one in scenarios if one.mechanism == "reweight"]
    if weighing and len(scenarios) > 1:
        raise ScenarioError(
            f"'{weighing[0]}' weighs paths so that its views hold on them, and another scenario "
            "would map them to others. Simulate them one after the other."
        )
    for one, other in combinations(scenarios, 2):
        if one.id == other.id:
            raise ScenarioError(f"Scenario '{one.id}' stands twice in one composition.")
        if one.domain != other.domain:
            raise ScenarioError(
                f"'{one.id}' is for {one.domain} and '{other.id}' for {other.domain}: "
                "they cannot be composed."
            )
        both = sorted(set(one.parameters) & set(other.parameters))
        if both:
            raise ScenarioError(
                f"'{one.id}' and '{other.id}' both set {', '.join(both)}: only scenarios that set "
                "different parameters can be composed. Simulate them one after the other."
            )
