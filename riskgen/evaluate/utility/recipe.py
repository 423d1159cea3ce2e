"""Which scenarios are put in for training, how severe, and in what proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from riskgen.errors import NotApplicable
from riskgen.simulate.scenario import StressScenario

# From mild up: too severe teaches the wrong boundary (UTILITY, scarcity) [J].
SEVERITIES = (0.1, 0.2, 0.35, 0.6)


class Cell(NamedTuple):
    """A scenario at a severity."""

    scenario: str
    severity: float


@dataclass(frozen=True, eq=False)
class Recipe:
    """Scenarios and severities with their shares.

    Attributes
    ----------
    scenarios : dict of str to StressScenario
    shares : dict of Cell to float
        Above 0, adding up to 1.
    calibrated : bool
        Whether known frauds had a say in the shares.
    """

    scenarios: Mapping[str, StressScenario] = field(repr=False)
    shares: Mapping[Cell, float]
    calibrated: bool = False

    @classmethod
    def weighing(
        cls, scenarios: Sequence[StressScenario], weights: Mapping[Cell, float], calibrated: bool
    ) -> Recipe:
        """Return the recipe with shares in proportion to weights; cells of none go.

        Raises
        ------
        NotApplicable
            When no cell has a weight.
        """
        total = sum(weights.values())
        if total <= 0.0:
            raise NotApplicable("No scenario is left to train with.")
        shares = {cell: weight / total for cell, weight in weights.items() if weight > 0.0}
        return cls({scenario.id: scenario for scenario in scenarios}, shares, calibrated)

    def facts(self) -> list[dict[str, object]]:
        """Return the cells as JSON values, the largest share first."""
        ordered = sorted(self.shares.items(), key=lambda item: (-item[1], item[0]))
        return [
            {"scenario": cell.scenario, "severity": cell.severity, "share": round(share, 4)}
            for cell, share in ordered
        ]


def usable(scenarios: Sequence[StressScenario]) -> list[StressScenario]:
    """Return the scenarios that edit events of transactions."""
    return [s for s in scenarios if s.domain == "transactions" and s.mechanism == "transform"]


def cells_of(scenarios: Sequence[StressScenario]) -> list[Cell]:
    """Return every scenario at every severity."""
    return [Cell(s.id, severity) for s in usable(scenarios) for severity in SEVERITIES]


def uncalibrated(scenarios: Sequence[StressScenario]) -> Recipe:
    """Return every scenario at every severity, in equal parts."""
    return Recipe.weighing(scenarios, dict.fromkeys(cells_of(scenarios), 1.0), False)
