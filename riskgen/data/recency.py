"""Categories with many levels: new to the entity, or which of its own earlier ones.

Merchants and counterparties are too many to learn one by one, and a rare one
points at a person; that an entity comes back to the same ones is what matters.
A codec of one column; it knows neither the column's name nor the panel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.bins import LAST_PLACE
from riskgen.data.disclosure import SMALLEST_GROUP, Floats, Ints, holders

RANKS = 31  # ranks with a level of their own; later ones share the last level [J]
MEMORY = 1_024  # earlier levels of an entity that are remembered [J]
REDRAWS = 16  # tries to find a popular level that is new to the entity [J]
BLOCK = 4_000_000  # cells of the move-to-front table held at once, 32 MB


@dataclass(frozen=True, eq=False)
class Recency:
    """Levels: missing, new and popular, new and rare, then move-to-front ranks 0 to 31.

    Move-to-front (Bentley et al. 1986): rank r is the (r + 1)-th most recently
    used of the entity's own distinct levels; rank 31 stands for all older ones,
    and the place inside chooses among them. The place inside *new and popular*
    is a position in the distribution of popular levels over first visits.

    Attributes
    ----------
    texts : tuple of str
        Popular levels: held by at least 11 entities, most held first.
    weights : ndarray of shape (n_popular,)
        Share of first visits, in order of ``texts``; rounded to 3 digits.
    missing : bool
        Whether level 0 stands for a missing value.
    common : int
        Commonest level; what a missing value becomes if none were fitted.
    """

    texts: tuple[str, ...] = field(repr=False)
    weights: Floats = field(repr=False)
    missing: bool
    common: int = 0

    @classmethod
    def fit(cls, codes: Ints, texts: list[str], offsets: Ints) -> Recency:
        """Learn the popular levels from ``codes`` (n,) into ``texts``; missing is -1."""
        owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        held = holders(codes, owners, len(texts))
        popular = np.flatnonzero(held >= SMALLEST_GROUP)
        popular = popular[np.argsort(-held[popular], kind="stable")]
        share = held[popular] / max(held[popular].sum(), 1)
        weights = np.array([float(f"{weight:.3g}") for weight in share])
        names = tuple(texts[code] for code in popular)
        fitted = cls(names, weights, bool((codes < 0).any()))
        levels = np.floor(fitted.encode(codes, texts, offsets)).astype(np.int64)
        common = int(np.bincount(levels, minlength=1).argmax())
        return cls(names, weights, fitted.missing, common)

    @property
    def levels(self) -> int:
        """Number of levels."""
        return self.first_rank + RANKS + 1

    @property
    def first_rank(self) -> int:
        """Level of the most recently used value; the two before it mean *new*."""
        return int(self.missing) + 2

    def encode(self, codes: Ints, texts: list[str], offsets: Ints) -> Floats:
        """Return levels with places, shape (n,).

        Parameters
        ----------
        codes : ndarray of shape (n,), int64
            Codes into ``texts``; missing is -1.
        texts : list of str
            Distinct values of the column.
        offsets : ndarray of shape (n_entities + 1,), int64
            Which events belong together, in time order.
        """
        place_of = {text: place for place, text in enumerate(self.texts)}
        popular = np.array([place_of.get(text, -1) for text in texts] + [-1], dtype=np.int64)
        middle = np.append(self._edges()[:-1] + 0.5 * np.diff(self._edges()), 0.5)
        known = popular[codes]
        fresh = np.where(known >= 0, self.first_rank - 2 + middle[known], self.first_rank - 0.5)
        rank, older = _ranks(codes, offsets)
        last = np.minimum(rank, RANKS) + np.where(rank < RANKS, 0.5, older)
        values = np.where(rank < 0, fresh, self.first_rank + last)
        empty = 0.5 + (0 if self.missing else self.common)
        return np.asarray(np.where(codes < 0, empty, values))

    def decode(self, values: Floats, offsets: Ints, *, open_ended: bool = True) -> Ints:
        """Return what each event holds, shape (n,).

        Parameters
        ----------
        values : ndarray of shape (n,)
            Levels with places.
        offsets : ndarray of shape (n_entities + 1,), int64
            Which events belong together, in time order.
        open_ended : bool
            Rare levels become fresh ones; otherwise a popular one is drawn,
            for columns that cannot hold a fresh name.

        Returns
        -------
        ndarray of shape (n,), int64
            -1 is missing; below ``len(texts)`` a popular level; from there on
            the entity's first, second, … fresh level.
        """
        edges = self._edges()
        result = np.full(len(values), -1, dtype=np.int64)
        news = np.floor(values) < self.first_rank
        for steps, width in _blocks(offsets, news):
            table = np.full((len(steps.rows), width), -1, dtype=np.int64)
            counter = np.zeros(len(steps.rows), dtype=np.int64)
            for rows in steps:
                n = len(rows)
                codes = self._step(values[rows], table[:n], counter[:n], edges, open_ended)
                result[rows] = codes
                _move_to_front(table[:n], codes)
        return result

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "texts": list(self.texts),
            "weights": self.weights.tolist(),
            "missing": self.missing,
            "common": self.common,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Recency:
        """Return the codec that ``state`` was taken from."""
        weights = np.array(state["weights"], dtype=np.float64)
        return cls(tuple(state["texts"]), weights, state["missing"], state["common"])

    def _edges(self) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(self.weights)])
        return np.asarray(total / max(total[-1], 1e-300))

    def _step(
        self, values: Floats, table: Ints, counter: Ints, edges: Floats, open_ended: bool
    ) -> Ints:
        """Return the codes of one event of each entity; counts fresh levels."""
        level = np.floor(values).astype(np.int64)
        place = values - level
        new_popular, new_rare = level == self.first_rank - 2, level == self.first_rank - 1
        filled = (table >= 0).sum(axis=1)
        back = level - self.first_rank
        older = np.floor(place * np.maximum(filled - RANKS, 1)).astype(np.int64)
        back = np.where(back >= RANKS, RANKS + older, back)
        codes = np.full(len(values), -1, dtype=np.int64)
        # A rank that the entity has not reached yet becomes its oldest level.
        again = (level >= self.first_rank) & (filled > 0)
        held = np.minimum(back, filled - 1)
        codes[again] = table[again, held[again]]
        # Nothing to come back to: something new.
        draw = new_popular | ((level >= self.first_rank) & ~again)
        draw |= new_rare & (not open_ended)
        draw &= len(self.texts) > 0
        codes[draw] = _unused(place[draw], table[draw], edges)
        fresh = ~draw & ~again & (level >= int(self.missing))
        codes[fresh] = len(self.texts) + counter[fresh]
        counter[fresh] += 1
        return codes


def _unused(places: Floats, table: Ints, edges: Floats) -> Ints:
    """Return popular levels at ``places``, drawn again while the entity has them already."""
    codes = np.searchsorted(edges, places, side="right") - 1
    codes = np.clip(codes, 0, len(edges) - 2)
    for _ in range(REDRAWS):
        used = np.flatnonzero((table == codes[:, None]).any(axis=1))
        if len(used) == 0:
            break
        # Rejection sampling; the next places come from the digits of the last ones.
        places = places.copy()
        places[used] = np.mod(places[used] * 7_919.0 + 0.618, 1.0)
        again = np.searchsorted(edges, places[used], side="right") - 1
        codes[used] = np.clip(again, 0, len(edges) - 2)
    return codes


@dataclass(frozen=True, eq=False)
class _Steps:
    """Rows of the first events of entities, the second ones, …, longest entities first."""

    rows: Ints
    lengths: Ints

    def __iter__(self) -> Iterator[Ints]:
        for step in range(int(self.lengths[0])):
            alive = int(np.searchsorted(-self.lengths, -step, side="left"))
            yield self.rows[:alive] + step


def _blocks(offsets: Ints, first_visits: NDArray[np.bool_]) -> Iterator[tuple[_Steps, int]]:
    """Return blocks of entities whose move-to-front tables fit, with the tables' width."""
    lengths = np.diff(offsets)
    counts = np.concatenate([[0], np.cumsum(first_visits)])
    distinct = np.minimum(counts[offsets[1:]] - counts[offsets[:-1]] + 1, MEMORY)
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        widest = np.maximum.accumulate(distinct[order[start:]])
        fits = int(np.searchsorted(widest * np.arange(1, len(widest) + 1), BLOCK, side="right"))
        block = order[start : start + max(fits, 1)]
        yield _Steps(offsets[block], lengths[block]), int(distinct[block].max())
        start += len(block)


def _ranks(codes: Ints, offsets: Ints) -> tuple[Ints, Floats]:
    """Return the move-to-front rank of each code (-1: new or missing) and its place.

    The place is the position of ranks from ``RANKS`` on among the entity's
    older levels, in (0, 1).
    """
    rank = np.full(len(codes), -1, dtype=np.int64)
    place = np.full(len(codes), 0.5)
    for steps, width in _blocks(offsets, _first_visits(codes, offsets)):
        table = np.full((len(steps.rows), width), -1, dtype=np.int64)
        for rows in steps:
            known, part = codes[rows], table[: len(rows)]
            match = (part == known[:, None]) & (known >= 0)[:, None]
            found = match.any(axis=1)
            rank[rows] = np.where(found, match.argmax(axis=1), -1)
            filled = (part >= 0).sum(axis=1)
            older = (rank[rows] - RANKS + 0.5) / np.maximum(filled - RANKS, 1)
            place[rows] = np.clip(older, 0.0, LAST_PLACE)
            _move_to_front(part, known)
    return rank, place


def _first_visits(codes: Ints, offsets: Ints) -> NDArray[np.bool_]:
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    keys = owners * (int(codes.max(initial=0)) + 2) + codes + 1
    _, first = np.unique(keys, return_index=True)
    visits = np.zeros(len(codes), dtype=bool)
    visits[first] = True
    return visits & (codes >= 0)


def _move_to_front(table: Ints, codes: Ints) -> None:
    """Put each row's code first and close the gap it leaves; -1 changes nothing."""
    match = table == codes[:, None]
    width = table.shape[1]
    place = np.where(match.any(axis=1), match.argmax(axis=1), width - 1)
    place[codes < 0] = -1
    moved = np.arange(1, width) <= place[:, None]
    shifted = np.where(moved, table[:, :-1], table[:, 1:])
    table[:, 1:] = shifted
    front = codes >= 0
    table[front, 0] = codes[front]


def fresh_names(codes: Ints, n_popular: int, offsets: Ints, first: int) -> list[str]:
    """Return a fresh name for each code from ``n_popular`` on, unique by entity and counter.

    ``first`` is the number of the first entity, so that parts of one output
    never share a name.
    """
    entity = first + np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    fresh = codes >= n_popular
    return [
        f"new-{owner:06d}-{number:03d}"
        for owner, number in zip(entity[fresh], codes[fresh] - n_popular, strict=True)
    ]
