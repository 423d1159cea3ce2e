"""Which columns of a table are exact affine copies of others.

One column of a group is modelled, the others are re-created: an adjusted price
beside the price, a temperature in two units. Knows arrays only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAME = 1e-8
"""Residual, in standard deviations, below which one column is another's affine
copy; rounding noise of log prices is about 1e-12."""


def affine_copies(values: Floats) -> tuple[list[int], NDArray[np.int64], Floats, Floats]:
    """Return the columns to model and how to re-create every column from them.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)

    Returns
    -------
    modelled : list of int
        Columns that are no copy of an earlier one.
    source : ndarray of shape (n_columns,), int64
        Position in ``modelled`` of the column from which each is re-created.
    slope, intercept : ndarray of shape (n_columns,)
        Column = intercept + slope × source.
    """
    n_columns = values.shape[1]
    modelled = list[int]()
    source = np.zeros(n_columns, dtype=np.int64)
    slope, intercept = np.ones(n_columns), np.zeros(n_columns)
    for column in range(n_columns):
        found = _copied_from(values, column, modelled)
        if found is None:
            source[column] = len(modelled)
            modelled.append(column)
        else:
            source[column], slope[column], intercept[column] = found
    return modelled, source, slope, intercept


def _copied_from(
    values: Floats, column: int, modelled: list[int]
) -> tuple[int, float, float] | None:
    """Return (position, slope, intercept) when ``column`` is a copy of a modelled one."""
    target = values[:, column]
    for position, candidate in enumerate(modelled):
        base = values[:, candidate]
        centred = base - base.mean()
        power = float(centred @ centred)
        if len(values) < 3 or power == 0 or target.std() == 0:
            continue  # two points always lie on a line
        slope = float(centred @ target) / power
        intercept = float(target.mean() - slope * base.mean())
        if np.abs(target - intercept - slope * base).max() < SAME * target.std():
            return position, slope, intercept
    return None
