"""Time blocks set aside of one long history that sequences were cut from.

Overlapping windows share steps: chosen at random, every held-out window would
have been seen in training but for a step or two. Knows spans only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

BLOCKS = 6
"""Blocks set aside where the history is long enough [J]: few, since at each border the
windows that reach across are lost to both sides."""

SHORTEST = 3
"""Windows side by side in a block, at least, where there is room [J]."""

LOOKED = 256
"""Held-out windows in a look: neighbours overlap, so that a few hundred say what all do [J]."""


def blocked(spans: Indices, held_out: float) -> tuple[Indices, Indices]:
    """Set aside blocks of time; what reaches across a border is in neither part.

    Parameters
    ----------
    spans : ndarray of shape (n_sequences, 2)
        First step and step after the last of each sequence.
    held_out : float
        Part of the history to set aside.

    Returns
    -------
    training, held_out : ndarray of int64
        Sequences; no step of the history is in both.
    """
    first, n_steps = int(spans[:, 0].min()), int(spans[:, 1].max() - spans[:, 0].min())
    longest = int((spans[:, 1] - spans[:, 0]).max())
    shortest = min(SHORTEST * longest, max(longest, n_steps // 4))
    n_blocks = int(np.clip(held_out * n_steps // shortest, 1, BLOCKS))
    size = max(shortest, round(held_out * n_steps / n_blocks))
    middle = first + (np.arange(n_blocks) + 0.5) * n_steps / n_blocks
    begin = np.floor(middle - size / 2.0).astype(np.int64)
    end = begin + size
    touches = (spans[:, :1] < end) & (spans[:, 1:] > begin)
    inside = (spans[:, :1] >= begin) & (spans[:, 1:] <= end)
    return np.flatnonzero(~touches.any(axis=1)), np.flatnonzero(inside.any(axis=1))


def thinned(n: int) -> Indices:
    """Return at most 256 of ``n`` places, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, LOOKED)).astype(np.int64))
