"""The order of events that a running balance proves.

Exports often lose the order within a day. Where a balance is given after each
event, the order can be found again: each event starts from the balance where
the one before it ended. Knows whole numbers only, not columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# Larger ties are left as they are: each event of a tie costs one pass [J].
LARGEST_TIE = 64


def chain_order(owner: Ints, group: Ints, amount: Ints, balance: Ints) -> Ints:
    """Return an order of rows in which balances follow from amounts where possible.

    Parameters
    ----------
    owner, group : ndarray of shape (n_rows,), int64
        Entity and tie (same entity and time) of each row; both never fall, and
        rows are in time order.
    amount, balance : ndarray of shape (n_rows,), int64
        Signed amounts and balances after the event, in the smallest unit.

    Returns
    -------
    ndarray of shape (n_rows,), int64
        Row numbers; rows leave their place only within their tie, and keep
        their order where the balances do not say.
    """
    sizes = np.bincount(group)
    rank = np.arange(len(group)) + len(group)
    left = np.flatnonzero((sizes[group] > 1) & (sizes[group] <= LARGEST_TIE))
    start = balance - amount
    state = _before_ties(owner, group, amount, balance)
    for step in range(int(min(sizes.max(initial=0), LARGEST_TIE))):
        distance = np.abs(start[left] - state[group[left]])
        nearest = np.lexsort((left, distance, group[left]))
        chosen = left[nearest][_first_of_each(group[left][nearest])]
        rank[chosen] = step
        state[group[chosen]] = balance[chosen]
        left = np.setdiff1d(left, chosen, assume_unique=True)
    order: Ints = np.lexsort((rank, group))
    return order


def _first_of_each(sorted_keys: Ints) -> NDArray[np.bool_]:
    fresh = np.ones(len(sorted_keys), dtype=bool)
    fresh[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return fresh


def _before_ties(owner: Ints, group: Ints, amount: Ints, balance: Ints) -> Ints:
    """Return the balance before each tie, shape (n_ties,)."""
    first = np.flatnonzero(_first_of_each(group))
    owners = owner[first]
    sums = np.add.reduceat(amount, first)
    before = np.cumsum(sums) - sums
    # Every row that comes first in its tie names the same opening of its
    # entity; the others scatter. So the commonest one is the opening.
    opening = _commonest(owner, balance - amount - before[group])[owners]
    # Rounding makes sums drift; the last event that is alone in its tie knows better.
    alone = np.diff(np.append(first, len(group))) == 1
    known = np.where(alone, balance[first] - before - sums, 0)
    last = np.maximum.accumulate(np.where(alone, np.arange(len(first)), -1))
    last = np.concatenate([[-1], last[:-1]])
    usable = (last >= 0) & (owners[last] == owners)
    states: Ints = np.where(usable, known[last], opening) + before
    return states


def _commonest(owner: Ints, values: Ints) -> Ints:
    """Return the commonest value of each owner, shape (n_owners,)."""
    order = np.lexsort((values, owner))
    o, v = owner[order], values[order]
    fresh = np.flatnonzero(_first_of_each(o) | _first_of_each(v))
    counts = np.diff(np.append(fresh, len(o)))
    # The last of equal owners after sorting by count has the highest count.
    best = np.lexsort((counts, o[fresh]))
    winners = fresh[best]
    result = np.zeros(int(owner.max(initial=-1)) + 1, dtype=np.int64)
    result[o[winners]] = v[winners]
    return result


def gaps(owner: Ints, amount: Ints, balance: Ints) -> Ints:
    """Return how far consecutive balances of one entity are from adding up.

    Parameters
    ----------
    owner, amount, balance : ndarray of shape (n_rows,), int64
        As in :func:`chain_order`, in the order to be judged.

    Returns
    -------
    ndarray of shape (n_pairs,), int64
        0 where the balance is the one before plus the amount, else the
        distance in the smallest unit.
    """
    same = owner[1:] == owner[:-1]
    distance: Ints = np.abs(np.diff(balance)[same] - amount[1:][same])
    return distance


def known_gaps(owner: Ints, amount: Ints, balance: Ints, known: NDArray[np.bool_]) -> Ints:
    """Return :func:`gaps` between consecutive rows whose balance is ``known``.

    The amounts of the rows in between are counted.
    """
    rows, total = np.flatnonzero(known), np.cumsum(amount)
    moved = np.diff(total[rows], prepend=0)
    return gaps(owner[rows], moved, balance[rows])
