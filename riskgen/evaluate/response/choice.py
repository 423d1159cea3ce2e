"""Which policies are efficient, and which one is best within a budget of friction.

Knows two numbers for each policy: what it prevents and whom it hits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def efficient(prevented: Floats, friction: Floats) -> Ints:
    """Return the policies that no other beats in both, by increasing friction.

    Of equals the first one stays; what prevents nothing is never efficient.
    """
    order = np.lexsort((-prevented, friction))
    best, kept = 0.0, []
    for place in order.tolist():
        if prevented[place] > best:
            kept.append(place)
            best = float(prevented[place])
    return np.array(kept, dtype=np.int64)


def best_within(prevented: Floats, friction: Floats, budget: float) -> int | None:
    """Return the policy that prevents most at a friction of at most ``budget``.

    Of equals the one that hits fewer; None where nothing that prevents anything fits.
    """
    fitting = np.flatnonzero((friction <= budget) & (prevented > 0))
    if len(fitting) == 0:
        return None
    return int(fitting[np.lexsort((friction[fitting], -prevented[fitting]))[0]])
