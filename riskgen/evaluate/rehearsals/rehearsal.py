"""A scenario rehearsed: the same customers, at the same times, from mild to severe.

Knows events and scenarios, not detectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import Window
from riskgen.seeding import derived_seed, stream
from riskgen.simulate.mechanisms.mosaic import only
from riskgen.simulate.mechanisms.sham import sham_edit
from riskgen.simulate.mechanisms.stressed import Stressed, stress_events
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.scenario import StressScenario

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stage:
    """Everybody under a scenario at every severity, of whom rounds are taken.

    Attributes
    ----------
    base : Events
        Normal customers.
    runs : list of Stressed
        One for each severity.
    sham : Stressed
        Own events of everybody put in again.
    able : ndarray of shape (k,), int64
        Those to whom it can happen inside the window at every severity, in drawn order.
    resting : ndarray, int64
        Those whose sham edit lies in the window.
    """

    base: Events = field(repr=False)
    runs: list[Stressed] = field(repr=False)
    sham: Stressed = field(repr=False)
    able: Ints = field(repr=False)
    resting: Ints = field(repr=False)

    @classmethod
    def of(
        cls,
        base: Events,
        scenario: StressScenario,
        severities: Sequence[float],
        window: Window,
        seed: int,
        number: int,
        donors: Donors | None = None,
    ) -> Stage:
        """Let everybody suffer; parameters as for :func:`rehearse`."""
        own = derived_seed(seed, "breaking point", scenario.id, number)
        runs = [
            stress_events(base, scenario, severity=s, seed=own, share=1.0, donors=donors)
            for s in severities
        ]
        able = np.flatnonzero(np.logical_and.reduce([_inside(run, window) for run in runs]))
        sham = sham_edit(base, share=1.0, seed=own)
        resting = np.flatnonzero(_inside(sham, window))
        return cls(base, runs, sham, stream(own, "who").permutation(able), resting)


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Some customers under a scenario at every severity, and under a sham edit.

    Attributes
    ----------
    entities : ndarray of shape (k,), int64
        Who suffers it, increasing.
    stage : Stage
        What is taken for them; tables are put together when they are asked for.
    """

    entities: Ints = field(repr=False)
    stage: Stage = field(repr=False)

    def run(self, number: int) -> Stressed:
        """Return one severity; everybody else is as in the base."""
        return only(self.stage.base, self.stage.runs[number], self.entities)

    @property
    def runs(self) -> list[Stressed]:
        """One for each severity."""
        return [self.run(number) for number in range(len(self.stage.runs))]

    @property
    def sham(self) -> Stressed:
        """Own events put in again, as far as they lie in the window."""
        resting = np.intersect1d(self.entities, self.stage.resting)
        return only(self.stage.base, self.stage.sham, resting)


def rehearse(
    base: Events,
    scenario: StressScenario,
    severities: Sequence[float],
    window: Window,
    seed: int,
    number: int,
    wanted: int,
    donors: Donors | None = None,
) -> Rehearsal:
    """Let the same customers suffer a scenario at every severity.

    Parameters
    ----------
    base : Events
        Normal customers.
    scenario : StressScenario
        Domain ``transactions``.
    severities : sequence of float
        In (0, 1].
    window : tuple of float
        Seconds since 1970: start < time <= end.
    seed, number : int
        Same numbers, same customers.
    wanted : int
        Customers to choose among those to whom it can happen inside the window at
        every severity.
    donors : Donors or None
        Real cases that a transplant works from.
    """
    stage = Stage.of(base, scenario, severities, window, seed, number, donors)
    return Rehearsal(np.sort(stage.able[:wanted]), stage)


def _inside(run: Stressed, window: Window) -> Flags:
    """Whether all that was inserted for an entity lies in the window; False without any."""
    seconds, owner = run.events.seconds()[run.affected], run.events.owner[run.affected]
    good = (seconds > window[0]) & (seconds <= window[1])
    n = len(run.touched)
    return np.asarray(
        (np.bincount(owner, minlength=n) > 0) & (np.bincount(owner[~good], minlength=n) == 0)
    )


def marked(run: Stressed) -> Events:
    """Return the events with a label on what was inserted, and on nothing else."""
    label = str(run.events.schema.label)
    changes = {label: (np.arange(run.events.n_events), run.affected.astype(np.float64))}
    return run.events.edit(np.arange(run.events.n_events), changes)
