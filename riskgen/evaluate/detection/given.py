"""Scores that somebody else's detector gave.

Only their order is used: any strictly increasing scale gives the same tables. Ties
are broken by lot, so that a detector of few distinct scores does as well as chance
among equals, not as well as the order of the file. Knows numbers only.
"""

from __future__ import annotations

import numpy as np

from riskgen.evaluate.detection.alerts import Floats
from riskgen.seeding import stream


def in_order(scores: Floats, *, seed: int) -> Floats:
    """Return scores by their order alone, equals drawn apart.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Any scale; NaN (no score) stays NaN.
    seed : int
        Same seed, same lot.

    Returns
    -------
    ndarray of shape (n,)
        Rank among the distinct scores, plus a lot in [0, 1).
    """
    known = ~np.isnan(scores)
    lots = stream(seed, "given scores", "ties").random(len(scores))
    _, ranks = np.unique(scores[known], return_inverse=True)
    found = np.full(len(scores), np.nan)
    found[known] = ranks + lots[known]
    return found
