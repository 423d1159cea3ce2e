"""The three sets that fidelity compares, cut to size, with their shared resamples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.fidelity.comparison import Bench, Comparison, Distance
from riskgen.evaluate.fidelity.tally import Tally, counted
from riskgen.seeding import stream

MOST_ENTITIES = 5_000  # beyond this a floor is below what anybody acts on [J]


@dataclass(frozen=True, eq=False)
class Cohorts:
    """Real, control and synthetic entities.

    Attributes
    ----------
    real : Events
        Entities of the generator's split.
    control : Events
        Real entities of the same window that no generator saw.
    synthetic : Events
        As many as ``real`` at most.
    bench : Bench
        Resampled entities, shared by all distances.
    """

    real: Events
    control: Events
    synthetic: Events
    bench: Bench

    @classmethod
    def of(cls, real: Events, control: Events, synthetic: Events, *, seed: int) -> Cohorts:
        """Cut the sets to at most 5,000 entities, synthetic to no more than real."""
        real = at_most(real, MOST_ENTITIES, seed, "real")
        control = at_most(control, MOST_ENTITIES, seed, "control")
        synthetic = at_most(synthetic, real.n_entities, seed, "synthetic")
        sizes = synthetic.n_entities, control.n_entities, real.n_entities
        return cls(real, control, synthetic, Bench(*sizes, seed=seed))

    @property
    def each(self) -> tuple[Events, Events, Events]:
        """Synthetic, control and real, the order in which they are compared."""
        return self.synthetic, self.control, self.real

    def compare(self, distance: Distance, tally: Callable[[int], Tally]) -> Comparison:
        """Compare the tallies that ``tally`` makes of :attr:`each` 0, 1 and 2."""
        return self.bench.compare(distance, tally(0), tally(1), tally(2))


def at_most(events: Events, n: int, seed: int, name: str) -> Events:
    """Return ``n`` entities drawn at random, in their order; all if there are no more."""
    if events.n_entities <= n:
        return events
    chosen = stream(seed, "at most", name).choice(events.n_entities, n, replace=False)
    return events.take(np.sort(chosen).astype(np.int64))


def per_event(events: Events, cell: NDArray[np.int64], n_cells: int) -> Tally:
    """Return how many events of each entity fall in each cell."""
    return counted(events.owner, cell, events.n_entities, n_cells)
