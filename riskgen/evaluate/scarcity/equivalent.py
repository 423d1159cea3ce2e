"""How many real frauds a recall is worth: the learning curve of real data, read backwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rising(curves: Floats) -> Floats:
    """Return the nearest curves that never fall (isotonic regression, equal weights).

    By the min-max formula: ``max`` over starts of ``min`` over ends of the mean between
    (Robertson, Wright & Dykstra 1988, theorem 1.4.4).

    Parameters
    ----------
    curves : ndarray of shape (n_curves, n_sizes)
    """
    n = curves.shape[1]
    total = np.concatenate([np.zeros((len(curves), 1)), np.cumsum(curves, axis=1)], axis=1)
    found = np.empty_like(curves)
    for place in range(n):
        means = [
            np.min(
                [
                    (total[:, end] - total[:, start]) / (end - start)
                    for end in range(place + 1, n + 1)
                ],
                axis=0,
            )
            for start in range(place + 1)
        ]
        found[:, place] = np.max(means, axis=0)
    return found


def equivalent(sizes: Sequence[int], curves: Floats, targets: Floats) -> Floats:
    """Return the number of real frauds at which each curve reaches its target.

    Straight lines in log N between sizes; the smallest number where the curve is flat,
    which is never in favour of simulated data. Below the curve it is the first size, and
    above it the last: read these as "at most" and "at least".

    Parameters
    ----------
    sizes : sequence of int
        Known frauds, rising.
    curves : ndarray of shape (n_curves, n_sizes)
        Recall of real-only training.
    targets : ndarray of shape (n_curves,)
        Recall to reach.
    """
    known, risen = np.log(np.asarray(sizes, dtype=np.float64)), rising(curves)
    found = np.empty(len(targets))
    for row, (curve, target) in enumerate(zip(risen, targets, strict=True)):
        after = int(np.searchsorted(curve, target, side="left"))
        if not np.isfinite(target) or after == 0:
            found[row] = known[0] if np.isfinite(target) else np.nan
        elif after == len(curve):
            found[row] = known[-1]
        else:
            step = curve[after] - curve[after - 1]
            part = (target - curve[after - 1]) / step
            found[row] = known[after - 1] + part * (known[after] - known[after - 1])
    return np.asarray(np.exp(found))
