"""Searches number columns for those that stay near one another, and their drawing order.

Knows numbers and owners, neither schema nor panel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.nearness import Nearness, distance
from riskgen.data.codecs.references import Reference, References
from riskgen.seeding import stream

CLOSE = 0.02  # relative distance within which numbers count as near one another [J]
LEAST_NEAR = 0.1  # share of numbers near another beyond chance, to be worth cells [J]
LEAST_CELLS = 0.03  # of them, share that is near and not equal [J]
LEAST_MET = 0.02  # share of numbers that meet another beyond chance, to be worth a level [J]
MOST_MET = 3  # references of a column [J]
MOST_COLUMNS = 8  # the first of a table: pairs with each other column grow with the cube [J]
MOST_EVENTS = 20_000  # that are searched, whole histories; a share is then known to .7 % [J]


class Search:
    """Number columns of a table beside one another.

    Parameters
    ----------
    columns : sequence of NumberColumn
        That may refer or be referred to; beyond ``MOST_COLUMNS`` none is looked at.
    numbers : mapping of str to ndarray of shape (n_events,)
        Their numbers; NaN is missing.
    owners : ndarray of shape (n_events,), int64
        Entity of each event, not falling.
    """

    def __init__(
        self, columns: Sequence[NumberColumn], numbers: Mapping[str, Floats], owners: Ints
    ) -> None:
        self._columns = {column.name: column for column in columns[:MOST_COLUMNS]}
        self._everything = {name: numbers[name] for name in self._columns}, owners
        some = _some(owners)
        self._numbers = {name: numbers[name][some] for name in self._columns}
        self._before = {name: _before(part, owners[some]) for name, part in self._numbers.items()}
        self._shuffled = stream(0, "references").permutation(int(some.sum()))

    def found(self) -> References | None:
        """Return what refers to what; None where nothing does."""
        order = self._ordered()
        means = {name: self._chosen(name, order[:place]) for place, name in enumerate(order)}
        means = {name: items for name, items in means.items() if items}
        if not means:
            return None
        nearness = {name: self._fitted(name, items) for name, items in means.items()}
        hints = {name: Reference(name, early) for early, name in pairwise(order) if name in means}
        named = {part for items in means.values() for r in items for part in (r.last, r.present)}
        kept = [name for name in order if name in named or name in means]
        hints = {name: item for name, item in hints.items() if item.present in kept}
        return References(tuple(self._columns[name] for name in kept), means, nearness, hints)

    def _ordered(self) -> list[str]:
        """Return the columns, those that others follow from first."""
        follows = {name: 0.0 for name in self._columns}
        for late, early in permutations(self._columns, 2):
            both = self._near(late, Reference(late, early)) - self._near(
                late, Reference(late, None)
            )
            if both >= LEAST_MET:
                follows[late] += both
        return sorted(follows, key=lambda name: follows[name])

    def _chosen(self, name: str, earlier: Sequence[str]) -> tuple[Reference, ...]:
        """Return the references of a column: the one that most stay near, then those met."""
        candidates = [Reference(other, None) for other in self._columns]
        candidates += [Reference(None, other) for other in earlier]
        candidates += [Reference(last, other) for last in self._columns for other in earlier]
        near = {item: self._near(name, item) for item in candidates}
        best = max(candidates, key=lambda item: near[item])
        first = [best] if near[best] >= LEAST_NEAR else []
        met = {item: self._met(name, item, first) for item in candidates if item not in first}
        others = sorted(met, key=lambda item: -met[item])[: MOST_MET - len(first)]
        return (*first, *(item for item in others if met[item] >= LEAST_MET))

    def _fitted(self, name: str, items: Sequence[Reference]) -> Nearness:
        numbers, owners = self._everything
        before = {other: _before(values, owners) for other, values in numbers.items()}
        in_units = self._columns[name].quantiles.whole
        targets = np.column_stack([in_units(item.of(before, numbers)) for item in items])
        # Being equal is a level of its own: cells are for those that are near and not equal.
        only_near = self._near(name, items[0]) - self._met(name, items[0], ())
        cells = only_near >= LEAST_CELLS
        return Nearness.fit(in_units(numbers[name]), targets, owners, cells=cells)

    def _target(self, name: str, item: Reference) -> Floats:
        return self._columns[name].quantiles.whole(item.of(self._before, self._numbers))

    def _near(self, name: str, item: Reference) -> float:
        """Return the share of numbers near a reference, beyond that near another entity's."""
        whole, target = self._free(name), self._target(name, item)
        shares = [
            np.mean(np.abs(distance(whole, t)) <= CLOSE) for t in (target, target[self._shuffled])
        ]
        return float(shares[0] - shares[1])

    def _met(self, name: str, item: Reference, others: Sequence[Reference]) -> float:
        """Return the share of numbers equal to a reference and to no other, beyond chance."""
        whole, target = self._free(name), self._target(name, item)
        for other in others:
            whole = np.where(whole == self._target(name, other), np.nan, whole)
        return float(np.mean(whole == target) - np.mean(whole == target[self._shuffled]))

    def _free(self, name: str) -> Floats:
        """Return the whole numbers of a column that are no shared values such as 0."""
        codec = self._columns[name].quantiles
        whole = codec.whole(self._numbers[name])
        return np.where(np.isin(whole, codec.atoms), np.nan, whole)


def _some(owners: Ints) -> NDArray[np.bool_]:
    """Return which events are searched: whole histories of entities drawn at random."""
    if len(owners) <= MOST_EVENTS:
        return np.ones(len(owners), dtype=bool)
    lengths = np.bincount(owners)
    order = stream(0, "references", "some").permutation(len(lengths))
    chosen = order[np.cumsum(lengths[order]) <= MOST_EVENTS]
    return np.isin(owners, chosen)


def _before(values: Floats, owners: Ints) -> Floats:
    """Return the number of the event before of the same entity; NaN at the first."""
    before = np.concatenate([[np.nan], values[:-1]])[: len(values)]
    before[np.diff(owners, prepend=-1) != 0] = np.nan
    return np.asarray(before)
