"""What a simulation puts its base under: scenarios, and how badly.

One scenario at one severity is an act. A grid of severities or a composition has
several, shared out among sequences by their position, so that fewer sequences
stay the first of more.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Ints
from riskgen.simulate.scenario import StressScenario

MOST_SEVERITIES = 50
_GRID = re.compile(r"^\s*(?P<low>[\d.]+)\s*\.\.\s*(?P<high>[\d.]+)\s*(:\s*(?P<count>\d{1,3}))?\s*$")
_STEPS = 5  # severities of a grid that does not say how many


class Act(NamedTuple):
    """One scenario at one severity."""

    scenario: StressScenario
    severity: float


@dataclass(frozen=True)
class Stress:
    """Scenarios that happen in one simulation.

    Attributes
    ----------
    id : str
        Name of the scenario or of the composition.
    title : str
        One line of explanation.
    scenarios : tuple of StressScenario
        One, or the members of a composition.
    severities : tuple of float
        One, or a rising grid.
    """

    id: str
    title: str
    scenarios: tuple[StressScenario, ...]
    severities: tuple[float, ...]

    @classmethod
    def of(cls, scenario: StressScenario, severity: float) -> Stress:
        """Return one scenario at one severity."""
        return cls(scenario.id, scenario.title, (scenario,), (severity,))

    @property
    def happens(self) -> bool:
        """Whether anything happens: at severity 0 the base comes out."""
        return self.severities[-1] > 0

    @property
    def mechanism(self) -> str:
        """The mechanisms of its scenarios, joined by ``+``."""
        return "+".join(dict.fromkeys(scenario.mechanism for scenario in self.scenarios))

    @property
    def domain(self) -> str:
        """``transactions`` or ``market``."""
        return self.scenarios[0].domain

    @property
    def acts(self) -> tuple[Act, ...]:
        """Return every scenario at every severity, severities outside."""
        return tuple(Act(s, severity) for severity in self.severities for s in self.scenarios)

    def severity_of(self, positions: Ints) -> Ints:
        """Return the index of the severity of each sequence, from its position, in turn."""
        return np.asarray(positions % len(self.severities))


def parse_severities(text: str) -> tuple[float, ...]:
    """Read ``0.6``, ``0,0.5,1``, ``0.2..1`` (five steps) or ``0.2..1:9`` (nine).

    Raises
    ------
    ScenarioError
        When it is none of these, leaves [0, 1], or does not rise.
    """
    grid = _GRID.match(text)
    try:
        values = _spaced(grid) if grid else tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ScenarioError(_how_to_write(text)) from error
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in values):
        raise ScenarioError(f"Severity '{text}' leaves the range from 0 to 1.")
    if list(values) != sorted(set(values)):
        raise ScenarioError(f"The severities of '{text}' do not rise.")
    if not 1 <= len(values) <= MOST_SEVERITIES:
        raise ScenarioError(f"'{text}' asks for {len(values)} severities, at most 50 are possible.")
    return values


def _spaced(grid: re.Match[str]) -> tuple[float, ...]:
    count = int(grid["count"] or _STEPS)
    if count < 2:
        raise ValueError("a grid has two severities at least")
    steps = np.linspace(float(grid["low"]), float(grid["high"]), count)
    # 0.2..1 in five steps is 0.2, 0.4, 0.6, 0.8, 1, not 0.6000000000000001.
    return tuple(round(float(step), 12) for step in steps)


def _how_to_write(text: str) -> str:
    return (
        f"Severity '{text}' cannot be read. Write one number (0.6), several (0,0.5,1), or a grid "
        "(0.2..1 in five steps, 0.2..1:9 in nine)."
    )
