"""From which severity on a detector no longer finds a scenario's frauds.

PROTOCOL A7 and E3: the dial is turned while customers, times and detector stay. A
mild fraud may escape as well as a severe one, so the whole curve is given. Knows
events and scores, not files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.detector import Detector, fewer_negatives, fit_detector
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.intervals import resampling_weights
from riskgen.evaluate.rehearsals.judge import Judge, drawn_scores
from riskgen.evaluate.rehearsals.rehearsal import rehearse
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.stress_arm import normals
from riskgen.seeding import stream
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.roles import with_meanings
from riskgen.simulate.scenario import StressScenario

Floats = NDArray[np.float64]

DRAWS = 200
# Cases that are looked for, in rounds of other customers; a round may not hold more than the
# alerts can find, else the budget and not the detector would be measured [J].
ENOUGH_CASES, MOST_ROUNDS = 60, 20
FULLEST = 0.5  # frauds for each alert of the window, at most [J]
# Fewer frauds than this say too little about a share [J]: at 30 a recall of one half is
# known to 18 points either way.
FEWEST_CASES = 30


@dataclass(frozen=True)
class BreakingPoint:
    """How a detector does while a scenario gets worse.

    Attributes
    ----------
    severity : tuple of float
        Increasing, without 0.
    recall : tuple of Estimate
        Share of the scenario's customers found with the alert budget.
    chance : tuple of Estimate
        The same by scores that are drawn: more events are more chances to be alerted.
    sham : Estimate
        The same for sham edits: events of customers put in again that are no fraud.
    level : float
        Recall below which the detector counts as broken.
    budget : float
        Share of the day's active customers that is alerted.
    omitted : tuple of str
        What the table has no column for.
    """

    severity: tuple[float, ...]
    recall: tuple[Estimate, ...]
    chance: tuple[Estimate, ...]
    sham: Estimate
    level: float
    budget: float
    omitted: tuple[str, ...] = field(default=())

    @property
    def broken(self) -> float | None:
        """The smallest severity at which recall lies below the level; None if nowhere."""
        return self._first(lambda found: found.value < self.level)

    @property
    def surely_broken(self) -> float | None:
        """The smallest severity at which the whole interval lies below the level."""
        return self._first(lambda found: found.upper is not None and found.upper < self.level)

    @property
    def recovers(self) -> float | None:
        """The severity from which on recall stays at the level, after it was below."""
        below = [found.value < self.level for found in self.recall]
        last = max((i for i, is_below in enumerate(below) if is_below), default=-1)
        return self.severity[last + 1] if 0 <= last < len(below) - 1 else None

    @property
    def guessing(self) -> tuple[float, ...]:
        """The severities at which the interval of recall reaches down to chance."""
        points = zip(self.severity, self.recall, self.chance, strict=True)
        return tuple(s for s, seen, blind in points if not (seen.lower or 0.0) > blind.value)

    @property
    def n_cases(self) -> int:
        """Fraud customers behind the least certain recall."""
        return min(found.n or 0 for found in self.recall)

    def sentence(self) -> str:
        """Say in words where it breaks, and where it does no better than chance."""
        if self.n_cases < FEWEST_CASES:
            return f"Too few cases to say: {self.n_cases}, at least {FEWEST_CASES} are needed."
        blind = ", ".join(f"{severity:g}" for severity in self.guessing)
        rest = f" No better than chance at severity {blind}." if blind else ""
        return f"With {self.budget:.2%} of customers alerted a day, {self._broken()}.{rest}"

    def _broken(self) -> str:
        wanted = f"{self.level:.0%}"
        if self.broken is None:
            return f"recall stays at {wanted} or above at every severity tried"
        text = f"recall falls below {wanted} at severity {self.broken:g}{self._doubt()}"
        if self.recovers is None:
            return f"{text} and is below it at the severest tried"
        text = f"{text} and is back from {self.recovers:g} on"
        mild = self.broken == self.severity[0]
        return f"{text}: mild cases escape, blatant do not" if mild else text

    def _doubt(self) -> str:
        """Say where the interval of the first recall below the level reaches up to it."""
        if self.surely_broken == self.broken:
            return ""
        if self.surely_broken is None:
            return " (its interval reaches the bound)"
        return f" (surely at {self.surely_broken:g})"

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "severity": list(self.severity),
            "recall": [_plain(found) for found in self.recall],
            "chance": [_plain(found) for found in self.chance],
            "sham": _plain(self.sham),
            "level": self.level,
            "budget": self.budget,
            "broken_at": self.broken,
            "surely_broken_at": self.surely_broken,
            "recovers_at": self.recovers,
            "no_better_than_chance_at": list(self.guessing),
            "n_cases": self.n_cases,
            "omitted": list(self.omitted),
            "sentence": self.sentence(),
        }

    def _first(self, holds: Any) -> float | None:
        return next((s for s, r in zip(self.severity, self.recall, strict=True) if holds(r)), None)


def find_breaking_point(
    split: Split,
    scenario: StressScenario,
    *,
    severities: Sequence[float],
    level: float,
    budget: float,
    seed: int,
    on_step: Callable[[float], None] | None = None,
) -> BreakingPoint:
    """Stress customers that the detector never saw, at one severity after the other.

    The detector learns from the real events of ``split.generator``. Normal customers
    of ``split.validation`` suffer the scenario inside the validation window, the
    scenario's share of them in a round, but at most half as many as there are alerts;
    the test stays closed. Intervals resample customers.

    Parameters
    ----------
    split : Split
        With one label for each event.
    scenario : StressScenario
        Domain ``transactions``.
    severities : sequence of float
        Increasing, in (0, 1].
    level : float
        Recall that counts as broken when it is not reached, 0 to 1.
    budget : float
        Share of the day's active customers that is alerted.
    seed : int
        Same seed, same result.
    on_step : callable or None
        Told the part of the work done, 0 to 1.

    Raises
    ------
    NotApplicable
        When there are no labels by event, or nothing to learn from or to stress.
    """
    lens, tell = _lens(split), on_step or (lambda part: None)
    model, window = _trained(split, lens, seed), split.validation_window
    base = normals(split.validation)
    weights = resampling_weights(base.n_entities, DRAWS, stream(seed, "breaking point"))
    judge = Judge(lens, model, base, window, budget, weights)
    wanted = _wanted(Board.of_events(base, window), scenario, budget)
    rounds = range(min(MOST_ROUNDS, -(-ENOUGH_CASES // wanted)))
    donors = _donors(split, scenario)
    rehearsals = [
        rehearse(base, scenario, severities, window, seed, r, wanted, donors) for r in rounds
    ]
    by_severity = [[r.runs[k] for r in rehearsals] for k in range(len(severities))]
    recall, chance = [], []
    for k, runs in enumerate(by_severity):
        recall.append(judge.recall(runs, judge.seen))
        chance.append(judge.recall(runs, drawn_scores(seed)))
        tell((k + 1) / len(by_severity))
    sham = judge.recall([r.sham for r in rehearsals], judge.seen)
    omitted = dict.fromkeys(note for r in rehearsals for run in r.runs for note in run.omitted)
    return BreakingPoint(
        tuple(severities), tuple(recall), tuple(chance), sham, level, budget, tuple(omitted)
    )


def _wanted(board: Board, scenario: StressScenario, budget: float) -> int:
    """Return the customers of one round."""
    assert scenario.population is not None
    share = scenario.population.share * board.n_entities
    return max(1, int(min(share, FULLEST * budget * len(board.start))))


def _lens(split: Split) -> Lens:
    if split.generator.schema.label_level != "event":
        raise NotApplicable("A breaking point needs a table that labels single events.")
    if split.validation.n_entities == 0:
        raise NotApplicable("The validation set has no customers to stress.")
    fraud = split.generator.entity_label()
    if int(fraud.sum()) < 2 or fraud.all():
        raise NotApplicable(
            f"{int(fraud.sum())} of {len(fraud)} customers to learn from are labelled; a "
            "detector needs both kinds."
        )
    return Lens.of(split.generator)


def _donors(split: Split, scenario: StressScenario) -> Donors | None:
    """Return the known cases of a transplant: those that the detector learned from."""
    if scenario.mechanism != "transplant":
        return None
    return Donors.of(with_meanings(split.generator, scenario.columns), scenario.typology)


def _trained(split: Split, lens: Lens, seed: int) -> Detector:
    rows = lens.rows(split.generator)
    kept, weights = fewer_negatives(rows.labels, seed=seed)
    return fit_detector(rows.features[kept], rows.labels[kept], weights, seed=seed)


def _plain(found: Estimate) -> dict[str, Any]:
    known = {name: getattr(found, name) for name in ("value", "lower", "upper")}
    finite = {k: v if v is not None and np.isfinite(v) else None for k, v in known.items()}
    return {**finite, "level": found.level, "n": found.n}
