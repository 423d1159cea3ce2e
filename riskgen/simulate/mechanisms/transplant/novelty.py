"""Which levels stay new when a case becomes milder."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints


def kept_new(rank: Ints, group: Ints, new: Flags, uniform: Floats, share: float) -> Flags:
    """Return which events keep a level that is new; those of one group all do or none does.

    Parameters
    ----------
    rank, group : ndarray of shape (m,), int64
        Receiver of each event; number of its level within the case.
    new : ndarray of shape (m,), bool
        Whether the level was new to the case's owner.
    uniform : ndarray of shape (m,)
        The first event of a group decides.
    share : float
        Probability of staying new: the higher, the more of the same groups do.
    """
    _, first, slot = groups(rank, group)
    return np.asarray(new & (uniform[first][slot] < share))


def groups(rank: Ints, group: Ints) -> tuple[Ints, Ints, Ints]:
    """Return keys of (receiver, level), the first event of each, and the key of each event."""
    width = int(group.max(initial=0)) + 2
    keys, first, slot = np.unique(rank * width + group + 1, return_index=True, return_inverse=True)
    return keys, first, slot
