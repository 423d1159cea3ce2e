"""How well each column alone tells the label, on entities it was not fitted to.

:mod:`riskgen.data.inference.giveaway` refuses columns that are the label in other
words; this ranks all columns, so that the nearly-the-label ones are seen too.
Knows rows, owners and a label, not what columns mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from riskgen.data.codecs.disclosure import SMALLEST_GROUP
from riskgen.data.inspection.evidence import Bools, Evidence, Floats, Ints
from riskgen.seeding import stream

# The kind of rule that AutoML tools use (H2O Driverless AI fits a model to each
# column and reports a high AUC as a leak); the value is ours [J].
FLAG_AUC = 0.95
# A part of the positives that hardly ever errs is a rule of the labelling [J].
FLAG_PURE = 0.2
_PURE = 0.99
_LOWEST = 0.8  # of the interval: with fewer positives a high AUC may be luck [J]
MOST_ROWS = 100_000  # rows that are looked at [J]
_FOLDS = 5
_BINS = 32
_PRIOR = 5.0  # rows of the overall rate that each level is mixed with [J]
_Z = 1.96


@dataclass(frozen=True)
class Suspect:
    """One column's power to tell the label by itself.

    Attributes
    ----------
    column : str
        Column name.
    auc, lower, upper : float
        Area under the ROC curve of scores on left-out entities, with the
        95 % interval over entities (Obuchowski 1997).
    precision : float
        Average precision of the same scores; by luck it is ``base``.
    base : float
        Share of positives.
    pure : float
        Share of positives in values that are positive in 99 % of rows.
    fraction_of_rows : float
        Rows looked at, 0..1.
    flagged : bool
        AUC at least 0.95, or a fifth of the positives told without error.
    """

    column: str
    auc: float
    lower: float
    upper: float
    precision: float
    base: float
    pure: float
    fraction_of_rows: float
    flagged: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain data, rounded to four digits."""
        facts = dict(self.__dict__)
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in facts.items()}


def find_suspects(evidence: Evidence, seed: int = 0) -> list[Suspect]:
    """Return how well each column alone tells the label, the best first.

    Keys, the time and the label itself are left out; missing is a value like
    any other. Empty with fewer than 11 positive or negative entities.
    """
    if evidence.positive is None or not evidence.is_events:
        return []
    rows = _sample(evidence, seed)
    label, owner = evidence.positive[rows], evidence.owner[rows]
    both = len(np.unique(owner[label])), len(np.unique(owner[~label]))
    if min(both) < SMALLEST_GROUP:
        return []
    fold = stream(seed, "suspects", "folds").integers(_FOLDS, size=evidence.n_entities)[owner]
    fraction = len(rows) / max(1, evidence.frame.height)
    names = [c.name for c in evidence.columns("channel", "context", "derived", "dropped")]
    found = []
    for name in names:
        column = evidence.frame[name][rows]
        if column.n_unique() > 1:
            scores = out_of_fold(column, label, fold)
            found.append(_judged(name, scores, label, owner, fraction))
    return sorted(found, key=lambda s: (-s.flagged, -s.auc, s.column))


def _sample(evidence: Evidence, seed: int) -> Ints:
    """Return rows of whole entities, up to the most that is looked at."""
    rows = np.flatnonzero(evidence.owner >= 0)
    if len(rows) <= MOST_ROWS:
        return rows
    places = stream(seed, "suspects", "entities").permutation(evidence.n_entities)
    lengths = np.bincount(evidence.owner[rows], minlength=evidence.n_entities)
    by_place = np.empty(len(places), dtype=np.int64)
    by_place[places] = lengths
    last = int(np.searchsorted(np.cumsum(by_place), MOST_ROWS))
    return rows[places[evidence.owner[rows]] < max(last, 1)]


def out_of_fold(column: pl.Series, label: Bools, fold: Ints) -> Floats:
    """Return for each row the share of positives among like rows of other folds.

    Parameters
    ----------
    column : polars.Series of length n
        Numbers and dates are cut into bins, of all rows and of the positives.
    label : ndarray of shape (n,), bool
        Class of each row.
    fold : ndarray of shape (n,), int64
        Fold of each row; rows of one entity share it.
    """
    codes = _codes(column)
    scores = np.zeros(len(label))
    for number in range(_FOLDS):
        test = fold == number
        levels = _binned(codes, label, ~test) if codes.dtype == np.float64 else codes
        levels = levels.astype(np.int64)
        size = int(levels.max(initial=0)) + 1
        counts = np.bincount(levels[~test], minlength=size)
        hits = np.bincount(levels[~test], weights=label[~test], minlength=size)
        rate = float(label[~test].mean()) if (~test).any() else 0.0
        # Unseen levels get the overall rate: they tell nothing.
        shares = (hits + _PRIOR * rate) / (counts + _PRIOR)
        scores[test] = shares[levels[test]]
    return scores


def _codes(column: pl.Series) -> np.ndarray:
    """Return numbers as floats (NaN where missing), anything else as ranks."""
    if column.dtype.base_type() in (pl.Date, pl.Datetime):
        column = column.cast(pl.Datetime("us")).dt.timestamp("us")
    few = column.n_unique() <= _BINS
    if column.dtype.is_numeric() and not few:
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)
    return column.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def _binned(values: Floats, label: Bools, train: Bools) -> Ints:
    known = np.isfinite(values)
    quantiles = np.linspace(0, 1, _BINS + 1)[1:-1]
    edges = [np.quantile(values[train & known], quantiles)] if (train & known).any() else []
    if (train & known & label).any():
        edges.append(np.quantile(values[train & known & label], np.linspace(0, 1, _BINS + 1)))
    cuts = np.unique(np.concatenate(edges)) if edges else np.zeros(0)
    codes = 1 + np.searchsorted(cuts, np.where(known, values, 0.0), side="right")
    return np.where(known, codes, 0)


def _judged(name: str, scores: Floats, label: Bools, owner: Ints, fraction: float) -> Suspect:
    auc, half = clustered_auc(scores, label, owner)
    base = float(label.mean())
    pure = _pure_share(scores, label, owner)
    flagged = (auc >= FLAG_AUC and auc - half >= _LOWEST) or pure >= FLAG_PURE
    return Suspect(
        column=name,
        auc=auc,
        lower=max(0.0, auc - half),
        upper=min(1.0, auc + half),
        precision=_average_precision(scores, label),
        base=base,
        pure=pure,
        fraction_of_rows=fraction,
        flagged=bool(flagged),
    )


def clustered_auc(scores: Floats, label: Bools, owner: Ints) -> tuple[float, float]:
    """Return the AUC and half of its 95 % interval, rows of an owner being dependent.

    Obuchowski (1997), Biometrics 53: the variance of sums of placement values
    by cluster. Perfect separation has none; there the rule of three bounds it
    (Hanley & Lippman-Hand 1983), with the positive owners as trials.
    """
    m, n = int(label.sum()), int((~label).sum())
    ranks = stats.rankdata(scores)
    above = (ranks[label] - stats.rankdata(scores[label])) / n
    below = 1.0 - (ranks[~label] - stats.rankdata(scores[~label])) / m
    auc = float(above.mean())
    parts = np.zeros(len(label))
    parts[label], parts[~label] = (above - auc) / m, (below - auc) / n
    sums = np.bincount(np.unique(owner, return_inverse=True)[1], weights=parts)
    clusters = len(sums)
    variance = float(np.sum(sums**2)) * clusters / max(1, clusters - 1)
    if variance <= 0.0:
        return auc, 3.0 / len(np.unique(owner[label]))
    return auc, _Z * float(np.sqrt(variance))


def _pure_share(scores: Floats, label: Bools, owner: Ints) -> float:
    """Return the share of positives among scores whose rows are nearly all positive."""
    values, places = np.unique(np.round(scores, 9), return_inverse=True)
    counts = np.bincount(places)
    hits = np.bincount(places, weights=label)
    # From the best score down, as long as the rows so far are pure.
    order = np.argsort(-values)
    pure = np.cumsum(hits[order]) >= _PURE * np.cumsum(counts[order])
    if not pure.any():
        return 0.0
    last = int(np.flatnonzero(pure).max()) + 1
    told = np.isin(places, order[:last])
    enough = len(np.unique(owner[told & label])) >= SMALLEST_GROUP
    return float(np.sum(told & label) / label.sum()) if enough else 0.0


def _average_precision(scores: Floats, label: Bools) -> float:
    places = np.unique(scores, return_inverse=True)[1]
    counts = np.bincount(places)[::-1]
    hits = np.bincount(places, weights=label)[::-1]
    precision = np.cumsum(hits) / np.cumsum(counts)
    return float(np.sum(precision * hits) / max(1, label.sum()))
