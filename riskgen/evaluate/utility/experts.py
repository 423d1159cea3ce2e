"""Cheap rivals that can win: a hand rule and an anomaly detector, fused with R0 by rank.

UTILITY, unseen typology: no labelled fraud is needed by either, and on a fraud that
nobody has seen both beat a detector that learned the known ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import IsolationForest

from riskgen.data.events import Events
from riskgen.evaluate.detection.lesson import DetectorFamily, Lesson, Scorer
from riskgen.evaluate.features.cache import FeatureCache
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.utility.arms import Arm, Training
from riskgen.seeding import derived_seed, stream

Floats = NDArray[np.float64]
Judgement = Callable[[NDArray[np.float32], list[str]], Floats]

SHARES = (0.25, 0.5)  # of the rival's rank in the fused one; validation chooses [J]
MOST_ROWS = 50_000  # that the forest is grown from [J]
# What anybody would write down first, each a doubt of weight one [J]: unusually large for
# the customer (in its own standard deviations), and larger than ever; somebody, something
# or somewhere new; at night; far sooner than usual (log of the gap's ratio).
_LARGE, _SOON = 2.0, -3.0


def expert_arms(real: Lesson, lens: Lens, cache: FeatureCache) -> list[Arm]:
    """Return E1, a hand rule, and E2, an isolation forest, each fused with R0.

    The rule is for events; with one label for an entity there is the forest alone.

    Parameters
    ----------
    real : Lesson
        What every arm learns from; the forest grows on it without labels.
    lens : Lens
        How events become rows.
    cache : FeatureCache
        Shared with the detectors.
    """
    rule = _Fused(real, lens, cache, lambda table, seed: _rule)
    forest = _Fused(real, lens, cache, _forest)
    arms = [
        Arm("E1", "hand rule fused with real data only", "rival", rule.options()),
        Arm("E2", "isolation forest fused with real data only", "rival", forest.options()),
    ]
    return arms if lens.level == "event" else arms[1:]


@dataclass(frozen=True, eq=False)
class _Fused:
    """Makes trainings of R0 and a judgement that needs no label."""

    real: Lesson
    lens: Lens
    cache: FeatureCache
    judge: Callable[[NDArray[np.float32], int], Judgement]
    known: dict[int, Judgement] = field(default_factory=dict)

    def options(self) -> dict[str, Training]:
        return {f"{share:.0%} of the rank": self._training(share) for share in SHARES}

    def _training(self, share: float) -> Training:
        def train(family: DetectorFamily, seed: int) -> Scorer:
            judgement = self._judgement(seed)
            base = family.fit([self.real], seed=seed)
            return FusedScorer(base, judgement, share, self.lens, self.cache)

        return train

    def _judgement(self, seed: int) -> Judgement:
        """Return what needs no label, and so is the same for drafts and every share."""
        if seed not in self.known:
            table = self.cache.table(self.real.events, self.lens)[0]
            self.known[seed] = self.judge(table, seed)
        return self.known[seed]


@dataclass(frozen=True, eq=False)
class FusedScorer:
    """The mean of two ranks among the rows that are scored together."""

    base: Scorer
    judgement: Judgement = field(repr=False)
    share: float
    lens: Lens = field(repr=False)
    cache: FeatureCache = field(repr=False)

    def score(self, events: Events) -> Floats:
        """Return the fused rank of each row as log-odds."""
        own = self.judgement(*self.cache.table(events, self.lens))
        learned, judged = (_ranks(scores) for scores in (self.base.score(events), own))
        fused = (1.0 - self.share) * learned + self.share * judged
        return np.asarray(np.log(fused) - np.log1p(-fused))


def _ranks(scores: Floats) -> Floats:
    """Return ranks in (0, 1)."""
    return np.asarray(stats.rankdata(scores) / (len(scores) + 1))


def _rule(table: NDArray[np.float32], names: list[str]) -> Floats:
    """Return how many doubts each row raises."""
    doubts = np.zeros(len(table))
    for place, name in enumerate(names):
        column = table[:, place]
        if name == "log_amount_z":
            doubts += column > _LARGE
        elif name == "log_gap_to_usual":
            doubts += column < _SOON
        elif name == "log_amount_to_max":
            doubts += column > 0.0
        elif name.endswith(".new") or name == "night":
            doubts += column > 0.5
    return doubts


def _forest(table: NDArray[np.float32], seed: int) -> Judgement:
    """Return an isolation forest (Liu et al. 2008) grown without labels."""
    rows = table
    if len(table) > MOST_ROWS:
        rows = table[stream(seed, "forest").choice(len(table), MOST_ROWS, replace=False)]
    missing = np.isnan(rows).all(axis=0)
    middle = np.nanmedian(np.where(missing, 0.0, rows), axis=0)
    forest = IsolationForest(random_state=derived_seed(seed, "forest") % (2**32))
    forest.fit(_filled(rows, middle))
    return lambda asked, names: np.asarray(-forest.score_samples(_filled(asked, middle)))


def _filled(table: NDArray[np.float32], middle: Floats) -> NDArray[np.float32]:
    return np.where(np.isnan(table), middle, table).astype(np.float32)
