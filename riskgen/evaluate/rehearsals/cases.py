"""The cases that a detector is met with: scenarios rehearsed, in rounds of other customers.

Knows events and scenarios, not detectors: whoever scores, the cases are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from riskgen.data.events import Events
from riskgen.data.split import Split, Window
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.alerts import Board, Floats
from riskgen.evaluate.intervals import resampling_weights
from riskgen.evaluate.normals import normals
from riskgen.evaluate.rehearsals.rehearsal import Ints, Rehearsal, Stage
from riskgen.seeding import stream
from riskgen.simulate.mechanisms.stressed import Stressed
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.scenario import StressScenario

DRAWS = 200
# Cases that are looked for, in rounds of other customers; a round may not hold more than the
# alerts can find, else the budget and not the detector would be measured. Where everybody who
# can has suffered, times are drawn anew, so often at most [J].
ENOUGH_CASES, MOST_STAGES = 60, 10
FULLEST = 0.5  # frauds for each alert of the window, at most [J]


class Part(NamedTuple):
    """Which rehearsed histories are meant; the sham edits have no severity."""

    scenario: str
    severity: float | None
    round: int


@dataclass(frozen=True, eq=False)
class Ground:
    """Customers that the detector never saw, before anything happens to them.

    Attributes
    ----------
    base : Events
        The unlabelled ones of the validation set, with their whole histories.
    window : tuple of float
        Seconds since 1970 in which alerts count.
    budget : float
        Share of the day's active customers that is alerted.
    seed : int
        Same seed, same cases.
    """

    base: Events = field(repr=False)
    window: Window
    budget: float
    seed: int

    @classmethod
    def of(cls, split: Split, *, budget: float, seed: int) -> Ground:
        """Take the validation set; the test stays closed.

        Raises
        ------
        NotApplicable
            When there are no labels by event, or nobody to stress.
        """
        if split.generator.schema.label_level != "event":
            raise NotApplicable("A breaking point needs a table that labels single events.")
        if split.validation.n_entities == 0:
            raise NotApplicable("The validation set has no customers to stress.")
        return cls(normals(split.validation), split.validation_window, budget, seed)

    @cached_property
    def weights(self) -> Floats:
        """How often each customer is there: once, then drawn, shape (1 + DRAWS, n_entities)."""
        n = self.base.n_entities
        drawn = resampling_weights(n, DRAWS, stream(self.seed, "breaking point"))
        return np.concatenate([np.ones((1, n)), drawn])

    def wanted(self, scenario: StressScenario) -> int:
        """Return the customers of one round."""
        assert scenario.population is not None
        board = Board.of_events(self.base, self.window)
        share = scenario.population.share * board.n_entities
        return max(1, int(min(share, FULLEST * self.budget * len(board.start))))


@dataclass(frozen=True, eq=False)
class Cases:
    """A scenario rehearsed at every severity, each customer at most once.

    Attributes
    ----------
    scenario : StressScenario
    severities : tuple of float
        Increasing, without 0.
    rounds : list of Rehearsal
        Other customers suffer in each.
    """

    scenario: StressScenario = field(repr=False)
    severities: tuple[float, ...]
    rounds: list[Rehearsal] = field(repr=False)

    @classmethod
    def of(
        cls,
        ground: Ground,
        scenario: StressScenario,
        *,
        severities: Sequence[float],
        donors: Donors | None = None,
    ) -> Cases:
        """Rehearse ``scenario`` on the customers of ``ground``.

        Raises
        ------
        ScenarioError
            When the scenario does not fit the table.
        NotApplicable
            When it can happen to nobody within the window.
        """
        wanted, rounds = ground.wanted(scenario), list[Rehearsal]()
        already = np.zeros(0, dtype=np.int64)
        for number in range(MOST_STAGES):
            place = (scenario, severities, ground.window, ground.seed, number)
            stage = Stage.of(ground.base, *place, donors)
            fresh = stage.able[~np.isin(stage.able, already)][: ENOUGH_CASES - len(already)]
            already = np.union1d(already, fresh)
            for begin in range(0, len(fresh), wanted):
                rounds.append(Rehearsal(np.sort(fresh[begin : begin + wanted]), stage))
            if len(already) >= ENOUGH_CASES:
                break
        if len(already) == 0:
            raise NotApplicable(
                f"'{scenario.id}' can happen to none of {ground.base.n_entities} customers inside "
                "the validation window."
            )
        return cls(scenario, tuple(severities), rounds)

    def at(self, severity: float | None) -> list[tuple[Part, Stressed]]:
        """Return the rounds of one severity, or of the sham edits."""
        k = None if severity is None else self.severities.index(severity)
        return [
            (Part(self.scenario.id, severity, number), r.sham if k is None else r.run(k))
            for number, r in enumerate(self.rounds)
        ]

    @property
    def omitted(self) -> tuple[str, ...]:
        """What the table has no column for."""
        notes = (note for r in self.rounds for run in r.stage.runs for note in run.omitted)
        return tuple(dict.fromkeys(notes))


def touched(run: Stressed) -> Events:
    """Return the histories of those to whom it happened, which alone are scored anew."""
    who: Ints = np.flatnonzero(run.touched)
    return run.events.take(who)
