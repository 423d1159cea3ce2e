"""Quantile and mean of the lower tail of weighted values: the one place where both are defined.

Value at risk and expected shortfall are these two with the sign turned. Knows
neither what the values are nor where the weights come from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def tail_ends(cumulated: Floats, wanted: Floats) -> Ints:
    """Return the place of each quantile: the first value whose cumulated weight exceeds the share.

    The inverse of the empirical distribution function: 5 % of 100 equal values end
    at the sixth.

    Parameters
    ----------
    cumulated : ndarray of shape (n_weightings, n)
        Sums of weights of increasing values; the lowest values of a longer series do.
    wanted : ndarray of shape (n_weightings,)
        Weight of the tail.

    Returns
    -------
    ndarray of shape (n_weightings,), int64
    """
    bounds = wanted * (1 + 1e-12)  # 5 % of 1,000 days are 50 days, whatever the rounding
    pairs = zip(cumulated, bounds, strict=True)
    found = np.array([np.searchsorted(row, most, "right") for row, most in pairs], dtype=np.int64)
    return np.asarray(np.minimum(found, cumulated.shape[1] - 1))


def tail_means(values: Floats, weights: Floats, ends: Ints, wanted: Floats) -> Floats:
    """Return weighted means over the tails that end at ``ends``.

    The quantile's own value counts with the part of its weight that the share still has
    room for (Acerbi and Tasche 2002), so that draws do not jump.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
        Rows in increasing order of what the tail is of.
    weights : ndarray of shape (n_weightings, n)
    ends, wanted : ndarray of shape (n_weightings,)
        As for :func:`tail_ends`.

    Returns
    -------
    ndarray of shape (n_weightings, n_columns)
    """
    deepest = int(ends.max())
    inside = weights[:, :deepest] * (np.arange(deepest) < ends[:, None])
    rest = wanted - inside.sum(axis=1)
    found: Any = inside @ values[:deepest] + rest[:, None] * values[ends]
    return np.asarray(found / wanted[:, None])


def lowest_means(ordered: Floats, share: float) -> Floats:
    """Return :func:`tail_means` of equally weighted values, for many series at once.

    Parameters
    ----------
    ordered : ndarray of shape (n, ...)
        Increasing along the first axis.
    share : float
        Of the ``n`` values.
    """
    wanted = share * len(ordered)
    end = min(int(np.floor(wanted * (1 + 1e-12))), len(ordered) - 1)
    return np.asarray((ordered[:end].sum(axis=0) + (wanted - end) * ordered[end]) / wanted)
