"""Can a classifier tell synthetic customers from real ones: PROTOCOL A5, point 9.

The classifier two-sample test of Lopez-Paz & Oquab (ICLR 2017) on features of
entities, out of fold; knows raw events and the shared detector.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from riskgen.data.events import Events
from riskgen.evaluate.detection.detector import Detector, fit_detector
from riskgen.evaluate.features import Levels, common_levels, entity_features
from riskgen.evaluate.fidelity.cohorts import Cohorts, at_most
from riskgen.evaluate.fidelity.tally import HELD_BY
from riskgen.evaluate.intervals import auc_interval
from riskgen.evaluate.result import Curve, Estimate, MetricResult
from riskgen.evaluate.thresholds import bands
from riskgen.seeding import stream

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

FOLDS = 5
LEAST = 40  # entities of each side below which the test says nothing [J]
MOST = 2_000  # entities a side; the interval of AUC is then about .02 wide [J]
TREES, BINS = 80, 63  # enough for some thousand rows, in a second [J]
TOLD_BY = 2  # folds that give-away features are looked for in
TOLD = 10  # give-away features that are named (PROTOCOL A5.9)


@dataclass(frozen=True, eq=False)
class TwoSample:
    """Out-of-fold scores of two sets, and which features told them apart.

    Attributes
    ----------
    auc : Estimate
        .5 cannot be told apart, 1 always.
    first, second : ndarray of shape (n,)
        Rank scores in 0..1 of the first (synthetic) and second (real) set.
    give_aways : dict of str to Estimate
        Loss of AUC when a feature is shuffled, largest first.
    """

    auc: Estimate
    first: Floats
    second: Floats
    give_aways: dict[str, Estimate]


def measure_two_sample(cohorts: Cohorts, *, seed: int) -> list[MetricResult]:
    """Return the test on everyone, and within each class of the label."""
    levels = common_levels(cohorts.real)
    results = [_tested(cohorts, "all", "everyone", None, levels, seed)]
    if cohorts.real.schema.label is not None:
        results.append(_tested(cohorts, "unlabelled", "unlabelled entities", False, levels, seed))
        results.append(_tested(cohorts, "labelled", "labelled entities", True, levels, seed))
    return results


def told_apart(
    first: Events, second: Events, levels: Levels, *, seed: int, explain: bool = False
) -> TwoSample:
    """Return how well a classifier tells two sets of entities apart, balanced.

    Parameters
    ----------
    first, second : Events
        Cut to the same number of entities.
    levels : mapping of column to levels
        Of a real reference.
    explain : bool
        Look for the features that give it away, which takes as long again.
    """
    n = min(first.n_entities, second.n_entities, MOST)
    pair = [at_most(e, n, seed, f"two-sample {i}") for i, e in enumerate((first, second))]
    tables = [entity_features(events, levels) for events in pair]
    rows = np.concatenate([table for table, _ in tables])
    labels = np.arange(2 * n) < n
    scores, losses = _out_of_fold(rows, labels, seed, explain)
    auc = auc_interval(scores[labels], scores[~labels])
    names = tables[0][1]
    order = np.argsort(-losses, kind="stable")[:TOLD]
    told = {names[i]: Estimate(round(float(losses[i]), 5), n=n) for i in order if losses[i] > 0}
    return TwoSample(auc, scores[labels], scores[~labels], told)


def _tested(
    cohorts: Cohorts, key: str, words: str, label: bool | None, levels: Levels, seed: int
) -> MetricResult:
    synthetic, control, real = (of_class(events, label) for events in cohorts.each)
    name = f"fidelity.c2st.{key}"
    title = f"Telling synthetic from real, {words}"
    smallest = min(synthetic.n_entities, control.n_entities)
    if smallest < LEAST:
        reason = f"Only {smallest} {words} on one side; the test needs {LEAST}."
        return MetricResult(name, title, "fidelity", "INCONCLUSIVE", reason=reason)
    found = told_apart(synthetic, control, levels, seed=seed, explain=label is not False)
    floor = None
    if real.n_entities >= LEAST:
        alike = at_most(real, synthetic.n_entities, seed, "two-sample floor")
        floor = told_apart(alike, control, levels, seed=seed).auc
    result = MetricResult(
        name,
        title,
        "fidelity",
        "NOT_RUN",
        found.auc,
        floor,
        threshold=bands("fidelity.c2st").threshold(),
        method="Area under the ROC curve of gradient-boosted trees on features of entities, "
        "5-fold out of fold, identical rows kept in one fold, DeLong interval; the parts are "
        "the losses of AUC when a feature is shuffled",
        by=found.give_aways,
        curves=separation_curve(found),
    )
    return with_floor(result).judged()


def with_floor(result: MetricResult) -> MetricResult:
    """Say so where even real entities of the two splits can be told apart."""
    floor = result.floor
    if floor is not None and floor.lower is not None and floor.lower > 0.5:
        why = "Real entities of the two splits can be told apart, so the split itself differs."
        return replace(result, reason=why)
    return result


def of_class(events: Events, label: bool | None) -> Events:
    """Return the entities with the label, without it, or everyone."""
    if label is None:
        return events
    return events.take(np.flatnonzero(events.entity_label() == label))


def _out_of_fold(
    rows: Matrix, labels: NDArray[np.bool_], seed: int, explain: bool
) -> tuple[Floats, Floats]:
    fold = grouped_folds(rows, labels, seed)
    scores, losses = np.zeros(len(rows)), np.zeros(rows.shape[1])
    leaf = int(np.clip(len(rows) // 40, 5, 20))
    for i in range(FOLDS):
        inside = fold == i
        if len(np.unique(labels[~inside])) < 2 or not inside.any():
            continue
        model = fit_detector(
            rows[~inside],
            labels[~inside],
            seed=seed,
            trees=TREES,
            smallest_leaf=leaf,
            bins=BINS,
        )
        raw = model.score(rows[inside])
        # Models of different folds need not share a scale: ranks within the fold do.
        scores[inside] = rank_scores(raw)
        if explain and i < TOLD_BY:
            losses += _losses(model, rows[inside], labels[inside], raw, seed) / TOLD_BY
    return scores, losses


def grouped_folds(rows: Matrix, labels: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """Deal rows to folds, balanced by class; identical rows stay together, shape (n,)."""
    # Running sums of one customer differ in the last place from table to table.
    alike = np.round(np.nan_to_num(rows.astype(np.float64), nan=-1e6), 3)
    _, group = np.unique(alike, axis=0, return_inverse=True)
    group = group.ravel()
    rng = stream(seed, "two-sample folds")
    n_groups = int(group.max()) + 1
    of_class = np.zeros(n_groups, dtype=bool)
    of_class[group] = labels
    fold = np.empty(n_groups, dtype=np.int64)
    for value in (False, True):
        members = rng.permutation(np.flatnonzero(of_class == value))
        fold[members] = np.arange(len(members)) % FOLDS
    return fold[group]


def rank_scores(values: Floats) -> Floats:
    """Return ranks as scores between 0 and 1, ties shared."""
    return np.asarray(rankdata(values) / (len(values) + 1.0))


def _losses(
    model: Detector,
    rows: Matrix,
    labels: NDArray[np.bool_],
    raw: Floats,
    seed: int,
) -> Floats:
    """Return the loss of AUC when each column is shuffled, shape (k,)."""
    k = rows.shape[1]
    if labels.all() or not labels.any():
        return np.zeros(k)
    order = stream(seed, "two-sample shuffles").permutation(len(rows))
    shuffled = np.repeat(rows[None], k, axis=0)
    for column in range(k):
        shuffled[column, :, column] = rows[order, column]
    scores = model.score(shuffled.reshape(-1, k)).reshape(k, len(rows))
    whole = _auc(raw, labels)
    return np.array([whole - _auc(scores[column], labels) for column in range(k)])


def _auc(scores: Floats, labels: NDArray[np.bool_]) -> float:
    m = int(labels.sum())
    ranks = rank_scores(scores) * (len(scores) + 1.0)
    return float((ranks[labels].sum() - m * (m + 1) / 2) / (m * (len(labels) - m)))


def separation_curve(found: TwoSample) -> dict[str, Curve]:
    """Draw the curve at steps of at least eleven real entities."""
    steps = min(50, len(found.second) // HELD_BY)
    x = np.linspace(0.0, 1.0, steps + 1)
    bound = np.quantile(found.second, 1.0 - x)
    y = np.array([np.mean(found.first > b) for b in bound])
    y[0], y[-1] = 0.0, 1.0
    return {
        "synthetic": {"x": _list(x), "y": _list(y)},
        "chance": {"x": [0.0, 1.0], "y": [0.0, 1.0]},
    }


def _list(values: Floats) -> list[float]:
    return [float(value) for value in values.round(5)]
