"""Uniform numbers that belong to an entity's position, whoever else is drawn.

The numbers of entity 1,000 are the same whether 10 or 10,000 entities are
stressed at once, in one part or in many, and at every severity.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from riskgen.seeding import stream
from riskgen.simulate.mechanisms.accounts import Floats, Ints

_BLOCK = 64
# Fractional part of the golden ratio: its multiples spread evenly over [0, 1).
_GOLDEN = 0.6180339887498949


def uniforms(seed: int, path: tuple[str, ...], positions: Ints, width: int) -> Floats:
    """Return ``width`` uniform numbers for each position.

    Parameters
    ----------
    seed : int
        Seed of the simulation.
    path : tuple of str
        What the numbers are for.
    positions : ndarray of shape (n,), int64
        Increasing positions of entities in the whole simulation.
    width : int
        Numbers for each.

    Returns
    -------
    ndarray of shape (n, width)
    """
    result = np.empty((len(positions), width))
    blocks, first = np.unique(positions // _BLOCK, return_index=True)
    bounds = np.append(first, len(positions))
    for block, start, stop in zip(blocks.tolist(), bounds[:-1], bounds[1:], strict=True):
        drawn = stream(seed, *path, block).random((_BLOCK, width))
        result[start:stop] = drawn[positions[start:stop] % _BLOCK]
    return result


def rotations(uniform: Floats, count: int) -> Floats:
    """Return ``count`` well-spread numbers for each of ``uniform``, shape (n, count)."""
    return np.mod(uniform[:, None] + _GOLDEN * np.arange(count), 1.0)


def normals(uniform: Floats) -> Floats:
    """Return standard normal numbers by the inverse of their distribution, finite at 0 and 1."""
    return np.asarray(ndtri(np.clip(uniform, 1e-9, 1 - 1e-9)))


def of_events(draws: Floats, rank: Ints, turn: Ints, *, after: int, each: int) -> Floats:
    """Return the numbers of single events out of those of their entities.

    Parameters
    ----------
    draws : ndarray of shape (k, width)
        Numbers of each entity: first its own, then ``each`` for every event.
    rank, turn : ndarray of shape (m,), int64
        Whose an event is, and its place among them.
    after, each : int
        Numbers that are the entity's own, and those of an event.

    Returns
    -------
    ndarray of shape (m, each)
    """
    columns = after + turn[:, None] * each + np.arange(each)
    return np.asarray(draws[rank[:, None], columns])
