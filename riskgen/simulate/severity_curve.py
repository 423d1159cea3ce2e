"""What the dial does on its grid: the same entities at every severity.

Everybody who is eligible is touched, so that a few parts of a simulation tell
whether more severity is more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from riskgen.data.events import Events
from riskgen.simulate.assertions import spearman
from riskgen.simulate.behaviour import busiest_day
from riskgen.simulate.mechanisms.accounts import Accounts, Floats
from riskgen.simulate.mechanisms.stressed import stress_events
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.scenario import StressScenario

# Entities that are enough for the curve, and fewest that a verdict needs [J]: with
# a handful, two severities can insert the same number of events.
ENOUGH, FEWEST = 200, 30


@dataclass(eq=False)
class SeverityCurve:
    """Adds up parts of a simulation until there are enough entities.

    Attributes
    ----------
    n_entities : int
        Entities so far.
    severity : tuple of float
        The grid.
    """

    n_entities: int = 0
    severity: tuple[float, ...] = ()
    _busiest: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    _inserted: Floats = field(default_factory=lambda: np.zeros(0), repr=False)

    def add(
        self, events: Events, scenario: StressScenario, *, seed: int, donors: Donors | None = None
    ) -> None:
        """Stress one part of the base at every severity of the scenario's grid.

        ``n_24h`` counts inserted events only: what an owner can no longer pay
        for leaves the table, and would hide how the dial works.
        """
        grid = scenario.severity.grid
        runs = [
            stress_events(events, scenario, severity=s, seed=seed, share=1.0, donors=donors)
            for s in grid
        ]
        who = np.flatnonzero(np.logical_or.reduce([run.touched for run in runs]))
        if len(who) == 0:
            return
        if self.n_entities == 0:
            self.severity = grid
            self._busiest, self._inserted = np.zeros(len(grid)), np.zeros(len(grid))
        self.n_entities += len(who)
        busiest = [busiest_day(Accounts.of(run.events.where(run.affected))) for run in runs]
        self._busiest += np.array([float(counts.sum()) for counts in busiest])
        self._inserted += np.array([float(run.affected.sum()) for run in runs])

    def monotone(self) -> float | None:
        """Return Spearman's correlation of severity and ``n_24h``; None below 30 entities."""
        if self.n_entities < FEWEST:
            return None
        return spearman(self.severity, self._busiest.tolist())

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "n_entities": self.n_entities,
            "severity": list(self.severity),
            "busiest": self._busiest.tolist(),
            "inserted": self._inserted.tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the curve that ``state`` was taken from."""
        sums = (np.array(state[name], dtype=np.float64) for name in ("busiest", "inserted"))
        return cls(state["n_entities"], tuple(state["severity"]), *sums)

    def facts(self) -> dict[str, object]:
        """Return, for each severity, means over entities; empty without any.

        ``n_24h`` is the most inserted events within 24 hours.
        """
        if self.n_entities == 0:
            return {}
        return {
            "severity": list(self.severity),
            "n_24h": (self._busiest / self.n_entities).tolist(),
            "n_inserted": (self._inserted / self.n_entities).tolist(),
            "n_entities": self.n_entities,
        }
