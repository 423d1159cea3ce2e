"""Can a network that reads histories in order tell synthetic customers from real ones.

PROTOCOL A5, point 9 (b): the classifier two-sample test of Lopez-Paz & Oquab
(ICLR 2017) with a recurrent network on raw sequences, beside the one on
aggregates. It sees what no aggregate says: what follows what, and when.
Knows raw events.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.features import Levels, common_levels
from riskgen.evaluate.features.sequence import SequenceFeatures, sequence_features, together
from riskgen.evaluate.fidelity.cohorts import Cohorts, at_most
from riskgen.evaluate.fidelity.two_sample import (
    LEAST,
    TwoSample,
    grouped_folds,
    of_class,
    rank_scores,
    separation_curve,
    with_floor,
)
from riskgen.evaluate.intervals import auc_interval
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.thresholds import bands
from riskgen.seeding import derived_seed

Floats = NDArray[np.float64]

MOST = 2_000  # entities a side, as many as the test on aggregates [J]
LONGEST = 96  # last events of a history that are read [J]
MOST_LEVELS = 32  # levels of a category that are told apart [J]
KEY = "fidelity.c2st.sequences"
TITLE = "Telling synthetic from real by the order of events, "


def measure_sequence_two_sample(
    cohorts: Cohorts, *, seed: int, quick: bool = False
) -> list[MetricResult]:
    """Return the test on everyone, and on labelled entities where there is a label.

    Parameters
    ----------
    cohorts : Cohorts
        Synthetic entities are compared with the control.
    seed : int
        Names folds, first weights and batches.
    quick : bool
        Leave it out: at 2,000 entities of 22 events a side it takes 20 CPU
        seconds, and its floor as many.
    """
    asked = list(_asked(cohorts))
    if quick:
        reason = "Left out of a quick evaluation: it trains networks."
        return [
            MetricResult(key, TITLE + words, "fidelity", "NOT_RUN", reason=reason)
            for key, words, _ in asked
        ]
    levels = common_levels(cohorts.real, most=MOST_LEVELS)
    return [_tested(cohorts, key, words, label, levels, seed) for key, words, label in asked]


def told_apart_in_order(
    first: Events,
    second: Events,
    levels: Levels,
    *,
    seed: int,
    repeats: int = 1,
    most: int = MOST,
) -> list[TwoSample]:
    """Return how well recurrent networks tell two sets of entities apart, for each repeat.

    Parameters
    ----------
    first, second : Events
        Cut to the same number of entities, at most ``most``.
    levels : mapping of column to levels
        Of a real reference.
    seed : int
        Names the entities that are left out, folds, first weights and batches.
    repeats : int
        Times the test is made anew on the same entities, all trained together.
    """
    from riskgen.evaluate.fidelity.sequence_judge import cross_fitted

    n = min(first.n_entities, second.n_entities, most)
    sides = [at_most(e, n, seed, f"sequence test {i}") for i, e in enumerate((first, second))]
    features = together(*(sequence_features(side, levels).last(LONGEST) for side in sides))
    labels = np.arange(2 * n) < n
    alike = _alike(features)
    folds = np.stack([grouped_folds(alike, labels, _seed(seed, r)) for r in range(repeats)])
    logits = cross_fitted(features, labels, folds, seed=seed)
    return [_read(scores, fold, labels) for scores, fold in zip(logits, folds, strict=True)]


def _asked(cohorts: Cohorts) -> Iterator[tuple[str, str, bool | None]]:
    yield KEY, "everyone", None
    if cohorts.real.schema.label is not None:
        yield f"{KEY}_labelled", "labelled entities", True


def _tested(
    cohorts: Cohorts, key: str, words: str, label: bool | None, levels: Levels, seed: int
) -> MetricResult:
    synthetic, control, real = (of_class(events, label) for events in cohorts.each)
    smallest = min(synthetic.n_entities, control.n_entities)
    if smallest < LEAST:
        reason = f"Only {smallest} {words} on one side; the test needs {LEAST}."
        return MetricResult(key, TITLE + words, "fidelity", "INCONCLUSIVE", reason=reason)
    (found,) = told_apart_in_order(synthetic, control, levels, seed=seed)
    floor = None
    if real.n_entities >= LEAST:
        alike = at_most(real, synthetic.n_entities, seed, "sequence test floor")
        floor = told_apart_in_order(alike, control, levels, seed=seed)[0].auc
    result = MetricResult(
        key,
        TITLE + words,
        "fidelity",
        "NOT_RUN",
        found.auc,
        floor,
        threshold=bands("fidelity.c2st").threshold(),
        method="Area under the ROC curve of a gated recurrent network on raw sequences "
        f"(levels, amounts, gaps, calendar, repeats; last {LONGEST} events), 5-fold out of "
        "fold, identical histories kept in one fold, DeLong interval",
        curves=separation_curve(found),
    )
    return with_floor(result).judged()


def _read(logits: Floats, fold: NDArray[np.int64], labels: NDArray[np.bool_]) -> TwoSample:
    scores = np.zeros(len(logits))
    for k in np.unique(fold):
        scores[fold == k] = rank_scores(logits[fold == k])
    auc = auc_interval(scores[labels], scores[~labels])
    return TwoSample(auc, scores[labels], scores[~labels], {})


def _alike(features: SequenceFeatures) -> NDArray[np.float32]:
    """Return sums that equal histories have in common, one row for each sequence."""
    table = np.hstack([features.codes, features.numbers])
    return np.add.reduceat(table, features.offsets[:-1], axis=0).astype(np.float32)


def _seed(seed: int, repeat: int) -> int:
    return derived_seed(seed, "sequence test", repeat)
