"""Columns that repeat the label in other words.

A fraud scenario's number, a chargeback date, a loan status: with such a
column a detector needs to learn nothing, and in life it is not there in time.
A strong predictor is not a give-away: it misses some, or errs on some. Knows
arrays of codes only.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

# Share of positives that must be told, and of the told that must be right [J].
NEARLY_ALL = 0.999
_FEWEST_POSITIVES = 5
# Bits of evidence that levels are not pure by luck: one in a million [J].
_BITS = 20.0


def gives_label_away(column: pl.Series, label: NDArray[np.bool_]) -> str | None:
    """Return how a column determines the label, or None if it does not.

    Parameters
    ----------
    column : polars.Series of length n
        Any type; missing is a value like any other.
    label : ndarray of shape (n,), bool
        The class of the same rows (or entities).

    Returns
    -------
    str or None
        A clause for the user: the values told apart are never quoted.
    """
    if label.sum() < _FEWEST_POSITIVES or label.all():
        return None
    present = column.is_not_null().to_numpy()
    if _same(present, label) or _same(~present, label):
        return "is filled in exactly for one class"
    if _evidence(column.n_unique(), label) >= _BITS and _pure_levels(column, label):
        return "has values that occur exactly with the positive class"
    if column.dtype.is_numeric() and present.all():
        return _threshold(column.cast(pl.Float64).to_numpy(), label)
    return None


def _evidence(n_levels: int, label: NDArray[np.bool_]) -> float:
    """Return how many bits speak against luck when levels tell the label exactly.

    Of the C(n, k) ways to place k positives, at most 2^levels are unions of
    levels; keys with a value for each row are pure in any case.
    """
    n, k = len(label), int(label.sum())
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways / math.log(2) - n_levels


def _same(told: NDArray[np.bool_], label: NDArray[np.bool_]) -> bool:
    right = np.count_nonzero(told & label)
    return bool(right >= NEARLY_ALL * label.sum() and right >= NEARLY_ALL * told.sum() > 0)


def _pure_levels(column: pl.Series, label: NDArray[np.bool_]) -> bool:
    codes = column.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    positives = np.bincount(codes, weights=label)
    shares = positives / np.maximum(np.bincount(codes), 1)
    pure = shares >= NEARLY_ALL
    return bool(pure.any()) and _same(pure[codes], label)


def _threshold(values: NDArray[np.float64], label: NDArray[np.bool_]) -> str | None:
    for signed in (values, -values):
        if signed[label].min() > signed[~label].max():
            return "lies beyond one threshold exactly for the positive class"
    return None
