"""Amounts that came before, kept up event by event.

The step-by-step twin of :class:`~riskgen.data.codecs.repeats.Repeats`, for what
must be known while a sequence is still being drawn.
"""

from __future__ import annotations

import numpy as np

from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.repeats import RANKS

SLOTS = 24
"""Distinct amounts of an entity that are remembered, of all kinds together [J]."""

EMPTY = -1.0
WIDTH = 2 * SLOTS
"""Numbers in a state: amounts, the latest first, then their kinds."""


def blank(n: int) -> Floats:
    """Return the state before any amount, shape (n, WIDTH)."""
    return np.concatenate([np.zeros((n, SLOTS)), np.full((n, SLOTS), EMPTY)], axis=1)


def at_ranks(state: Floats, kinds: Ints) -> Floats:
    """Return the amount at each level of a repeat field but the first, shape (n, RANKS + 1).

    0 where the entity has none yet; the last one stands for all older ones.
    """
    alike = state[:, SLOTS:] == kinds[:, None]
    rank = np.cumsum(alike, axis=1) - 1
    result = np.zeros((len(state), RANKS + 1))
    row, slot = np.nonzero(alike & (rank <= RANKS))
    result[row, rank[row, slot]] = state[row, slot]
    return result


def recalled(state: Floats, kinds: Ints, values: Floats, fresh: Floats) -> Floats:
    """Return the amount of each event, shape (n,).

    Parameters
    ----------
    state : ndarray of shape (n, WIDTH)
        What came before.
    kinds : ndarray of shape (n,), int64
        Kind of the event.
    values : ndarray of shape (n,)
        Levels with places, as :meth:`Repeats.encode` gives them.
    fresh : ndarray of shape (n,)
        The amount if it is none of the earlier ones.
    """
    rank = np.floor(values).astype(np.int64) - 1
    alike = state[:, SLOTS:] == kinds[:, None]
    filled = alike.sum(axis=1)
    older = np.floor((values - np.floor(values)) * np.maximum(filled - RANKS, 1)).astype(np.int64)
    rank = np.where(rank >= RANKS, RANKS + older, rank)
    here = alike & (np.cumsum(alike, axis=1) == rank[:, None] + 1)
    held = state[np.arange(len(state)), here.argmax(axis=1)]
    return np.where((rank >= 0) & here.any(axis=1), held, fresh)


def remembered(state: Floats, kinds: Ints, amounts: Floats) -> Floats:
    """Return the state after events of ``kinds`` (n,) with ``amounts`` (n,)."""
    old_amounts, old_kinds = state[:, :SLOTS], state[:, SLOTS:]
    same = (old_kinds == kinds[:, None]) & (old_amounts == amounts[:, None])
    place = np.where(same.any(axis=1), same.argmax(axis=1), SLOTS - 1)
    moved = np.arange(1, SLOTS) <= place[:, None]
    after = np.empty_like(state)
    for start, old, new in ((0, old_amounts, amounts), (SLOTS, old_kinds, kinds)):
        after[:, start] = new
        after[:, start + 1 : start + SLOTS] = np.where(moved, old[:, :-1], old[:, 1:])
    return after
