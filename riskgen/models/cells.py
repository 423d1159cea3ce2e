"""Which levels of a panel are cells of numbers, told from the panel alone.

A level stands for one thing (a missing value, a category, a price that many
share) or is a cell of many numbers. The encoders put the first at one place
and spread the second, so that the data tell which is which.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Field, Floats, Layout

Flags = NDArray[np.bool_]


def applies(layout: Layout, values: Floats, column: int) -> Flags:
    """Return in which rows of ``values`` (n, n_fields) a field carries information, shape (n,)."""
    needed = layout.fields[column].requires
    if needed is None:
        return np.ones(len(values), dtype=bool)
    parent = [item.name for item in layout.fields].index(needed[0])
    return np.asarray(np.floor(values[:, parent]) >= needed[1])


def cells(layout: Layout, values: Floats, column: int) -> Flags:
    """Return which levels of a field are cells, shape (levels,).

    Parameters
    ----------
    layout : Layout
        What the columns are.
    values : ndarray of shape (n, n_fields)
        The panel to learn from. A level that fewer than two events hold is no
        cell: nothing shows its inside.
    column : int
        Which field.

    Returns
    -------
    ndarray of shape (levels,), bool
        All False for a field without ``spread``.
    """
    item: Field = layout.fields[column]
    if not item.spread:
        return np.zeros(item.levels, dtype=bool)
    codes = values[applies(layout, values, column), column]
    level = np.floor(codes).astype(np.int64)
    low, high = np.full(item.levels, np.inf), np.full(item.levels, -np.inf)
    np.minimum.at(low, level, codes - level)
    np.maximum.at(high, level, codes - level)
    return np.asarray(high > low)
