"""Categories with many levels: new to the entity, or which of its own earlier ones.

Merchants and counterparties are too many to learn one by one, and a rare one
points at a person; that an entity comes back to the same ones is what matters.
A codec of one column; it knows neither the column's name nor the panel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.codecs.bins import LAST_PLACE
from riskgen.data.codecs.disclosure import SMALLEST_GROUP, Floats, Ints, holders
from riskgen.data.codecs.ranks import Groups, find_ranks, replay

RANKS = 31  # ranks with a level of their own; later ones share the last level [J]
REDRAWS = 16  # tries to find a popular level that is new to the entity [J]


@dataclass(frozen=True, eq=False)
class Recency:
    """Levels: missing, new and popular, new and rare, then move-to-front ranks 0 to 31.

    Ranks count the entity's own earlier levels among events of one kind; rank
    31 stands for all older ones, and the place inside chooses among them. The
    place inside *new and popular* is a position in the distribution of first
    visits to the popular levels of that kind.

    Attributes
    ----------
    texts : tuple of str
        Popular levels: held by at least 11 entities in events of one kind.
    homes : ndarray of shape (n_popular,), int64
        Kind of event in which each is popular, not falling.
    weights : ndarray of shape (n_popular,)
        Share of first visits, rounded to 3 digits.
    missing : bool
        Whether level 0 stands for a missing value.
    common : int
        Commonest level; what a missing value becomes if none were fitted.
    """

    texts: tuple[str, ...] = field(repr=False)
    homes: Ints = field(repr=False)
    weights: Floats = field(repr=False)
    missing: bool
    common: int = 0

    @classmethod
    def fit(cls, codes: Ints, texts: list[str], owners: Ints, kinds: Ints) -> Recency:
        """Learn the popular levels.

        Parameters
        ----------
        codes : ndarray of shape (n,), int64
            Codes into ``texts``; missing is -1.
        texts : list of str
            Distinct values of the column.
        owners, kinds : ndarray of shape (n,), int64
            Entity and kind of each event.
        """
        pairs, place = np.unique(kinds * (len(texts) + 1) + codes + 1, return_inverse=True)
        held = holders(np.where(codes < 0, -1, place), owners, len(pairs))
        popular = np.flatnonzero(held >= SMALLEST_GROUP)
        homes, own = pairs[popular] // (len(texts) + 1), pairs[popular] % (len(texts) + 1) - 1
        order = np.lexsort((-held[popular], homes))
        share = held[popular][order] / max(held[popular].sum(), 1)
        weights = np.array([float(f"{weight:.3g}") for weight in share])
        names = tuple(texts[code] for code in own[order])
        fitted = cls(names, homes[order], weights, bool((codes < 0).any()))
        levels = np.floor(fitted.encode(codes, texts, owners, kinds)).astype(np.int64)
        common = int(np.bincount(levels, minlength=1).argmax())
        return cls(names, homes[order], weights, fitted.missing, common)

    @property
    def levels(self) -> int:
        """Number of levels."""
        return self.first_rank + RANKS + 1

    @property
    def first_rank(self) -> int:
        """Level of the most recently used value; the two before it mean *new*."""
        return int(self.missing) + 2

    def encode(self, codes: Ints, texts: list[str], owners: Ints, kinds: Ints) -> Floats:
        """Return levels with places, shape (n,); parameters as of :meth:`fit`."""
        popular = self._popular(codes, texts, kinds)
        rank, filled = find_ranks(codes, Groups.of(owners, kinds))
        place = (rank - RANKS + 0.5) / np.maximum(filled - RANKS, 1)
        older = np.clip(place, 0.0, LAST_PLACE)
        back = self.first_rank + np.minimum(rank, RANKS) + np.where(rank < RANKS, 0.5, older)
        new = np.where(popular >= 0, self.first_rank - 2 + self._middles()[popular], 0.0)
        new = np.where(popular >= 0, new, self.first_rank - 0.5)
        values = np.where(rank < 0, new, back)
        return np.where(codes < 0, 0.5 + (0 if self.missing else self.common), values)

    def decode(self, values: Floats, owners: Ints, kinds: Ints, *, open_ended: bool = True) -> Ints:
        """Return what each event holds, shape (n,).

        Parameters
        ----------
        values : ndarray of shape (n,)
            Levels with places.
        owners, kinds : ndarray of shape (n,), int64
            Entity and kind of each event.
        open_ended : bool
            Rare levels become fresh ones; otherwise a popular one is drawn,
            for columns that cannot hold a fresh name.

        Returns
        -------
        ndarray of shape (n,), int64
            -1 is missing; below ``len(texts)`` a popular level; from there on
            the entity's first, second, … fresh level.
        """
        level = np.floor(values).astype(np.int64)
        place = values - level
        low, high = self._ranges(kinds, open_ended)

        def choose(rows: Ints, table: Ints) -> Ints:
            back, again = _earlier(level[rows] - self.first_rank, place[rows], table)
            # A rank that nothing stands at is something new.
            draw = (level[rows] != self.first_rank - 1) | (not open_ended)
            draw &= ~again & (level[rows] >= int(self.missing)) & (high[rows] > low[rows])
            codes = np.where(again, back, len(self.texts) + rows)
            codes[level[rows] < int(self.missing)] = -1
            span = (place[rows][draw], low[rows][draw], high[rows][draw])
            codes[draw] = self._unused(*span, table[draw])
            return codes

        codes = replay(choose, level < self.first_rank, Groups.of(owners, kinds))
        return _renumbered(codes, owners, len(self.texts))

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "texts": list(self.texts),
            "homes": self.homes.tolist(),
            "weights": self.weights.tolist(),
            "missing": self.missing,
            "common": self.common,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Recency:
        """Return the codec that ``state`` was taken from."""
        return cls(
            tuple(state["texts"]),
            np.array(state["homes"], dtype=np.int64),
            np.array(state["weights"], dtype=np.float64),
            state["missing"],
            state["common"],
        )

    def _edges(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(self.weights)])

    def _ranges(self, kinds: Ints, open_ended: bool) -> tuple[Floats, Floats]:
        """Return where the popular levels of each event's kind begin and end."""
        edges = self._edges()
        low = edges[np.searchsorted(self.homes, kinds, side="left")]
        high = edges[np.searchsorted(self.homes, kinds, side="right")]
        if open_ended:
            return low, high
        bare = low == high
        return np.where(bare, 0.0, low), np.where(bare, edges[-1], high)

    def _middles(self) -> Floats:
        """Return the place of each popular level in the distribution of its kind."""
        edges = self._edges()
        low, high = self._ranges(self.homes, True)
        middles = ((edges[:-1] + edges[1:]) / 2 - low) / np.maximum(high - low, 1e-300)
        return np.append(middles, 0.5)

    def _popular(self, codes: Ints, texts: list[str], kinds: Ints) -> Ints:
        """Return the popular level of each event, -1 where it is rare in its kind."""
        homes = self.homes.tolist()
        known = {pair: n for n, pair in enumerate(zip(homes, self.texts, strict=True))}
        pairs, place = np.unique(kinds * (len(texts) + 1) + codes + 1, return_inverse=True)
        kind, own = pairs // (len(texts) + 1), pairs % (len(texts) + 1) - 1
        found = [
            known.get((home, texts[code]), -1) if code >= 0 else -1
            for home, code in zip(kind.tolist(), own.tolist(), strict=True)
        ]
        return np.array(found, dtype=np.int64)[place]

    def _unused(self, places: Floats, low: Floats, high: Floats, table: Ints) -> Ints:
        """Return popular levels at ``places``, drawn again while the entity has them already."""
        edges = self._edges()
        codes = _at(low + places * (high - low), edges)
        for _ in range(REDRAWS):
            used = np.flatnonzero((table == codes[:, None]).any(axis=1))
            if len(used) == 0:
                break
            # Rejection sampling; the next places come from the digits of the last ones.
            places = places.copy()
            places[used] = np.mod(places[used] * 7_919.0 + 0.618, 1.0)
            codes[used] = _at(low[used] + places[used] * (high[used] - low[used]), edges)
        return codes


def _at(height: Floats, edges: Floats) -> Ints:
    found: Ints = np.searchsorted(edges, height, side="right") - 1
    return np.clip(found, 0, max(len(edges) - 2, 0))


def _earlier(rank: Ints, place: Floats, table: Ints) -> tuple[Ints, Ints]:
    """Return the code at each rank, and whether there is one (rank >= 0, table not empty)."""
    filled = (table >= 0).sum(axis=1)
    older = np.floor(place * np.maximum(filled - RANKS, 1)).astype(np.int64)
    rank = np.where(rank >= RANKS, RANKS + older, rank)
    again = (rank >= 0) & (filled > 0)
    # A rank that the entity has not reached yet is its oldest level.
    column = np.clip(np.minimum(rank, filled - 1), 0, None)
    return table[np.arange(len(table)), column], again


def _renumbered(codes: Ints, owners: Ints, n_popular: int) -> Ints:
    """Return codes with each entity's fresh ones numbered from ``n_popular`` on."""
    fresh = np.flatnonzero(codes >= n_popular)
    pairs = owners[fresh] * (len(codes) + 1) + codes[fresh] - n_popular
    distinct, place = np.unique(pairs, return_inverse=True)
    owner = distinct // (len(codes) + 1)
    number = np.arange(len(distinct)) - np.searchsorted(owner, owner)
    result = codes.copy()
    result[fresh] = n_popular + number[place]
    return result


def is_fresh(name: str) -> bool:
    """Return whether a name is one that :func:`fresh_names` makes up."""
    return re.fullmatch(r"new-\d{6,}-\d{3,}", name) is not None


def fresh_names(codes: Ints, n_popular: int, owners: Ints, first: int) -> list[str]:
    """Return a fresh name for each code from ``n_popular`` on, unique by entity and counter.

    ``first`` is the number of the first entity, so that parts of one output
    never share a name.
    """
    fresh = codes >= n_popular
    return [
        f"new-{first + owner:06d}-{number:03d}"
        for owner, number in zip(owners[fresh], codes[fresh] - n_popular, strict=True)
    ]
