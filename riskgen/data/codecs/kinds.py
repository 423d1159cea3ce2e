"""Kinds of events: the categories that a merchant or a standing order keeps.

A merchant has one trade and one country, a standing order one purpose. What an
entity repeats is looked for among its earlier events of the same kind. Knows
levels, not columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from riskgen.data.codecs.disclosure import Ints

MOST_KINDS = 2**31  # so that a kind and a level of another column fit 64 bits together


@dataclass(frozen=True)
class Kind:
    """Joint levels of some categories.

    Attributes
    ----------
    sizes : mapping of str to int
        Number of levels of each category, by column name.
    """

    sizes: Mapping[str, int]

    @classmethod
    def fit(cls, codes: Ints, owners: Ints, known: Mapping[str, Ints], agreement: float) -> Kind:
        """Choose the categories that stay as they were when an entity repeats a code.

        Parameters
        ----------
        codes : ndarray of shape (n,), int64
            What may be repeated; -1 where there is nothing.
        owners : ndarray of shape (n,), int64
            Entity of each event; events of an entity are in time order.
        known : mapping of str to ndarray of shape (n,), int64
            Levels of the categories.
        agreement : float
            Share of repeats at which the level must be the same.
        """
        order = np.lexsort((codes, owners))
        same = (
            (np.diff(owners[order]) == 0) & (np.diff(codes[order]) == 0) & (codes[order][1:] >= 0)
        )
        sizes: dict[str, int] = {}
        room = MOST_KINDS
        for name, levels in known.items():
            kept = np.diff(levels[order])[same] == 0
            size = int(levels.max(initial=0)) + 1
            if same.any() and kept.mean() >= agreement and size < room:
                sizes[name] = size
                room //= size + 1
        return cls(sizes)

    @property
    def number(self) -> int:
        """Number of codes."""
        return math.prod(size + 1 for size in self.sizes.values())

    def codes(self, known: Mapping[str, Ints], n: int) -> Ints:
        """Return the kind of each of ``n`` events from the levels of the categories."""
        result = np.zeros(n, dtype=np.int64)
        for name, size in self.sizes.items():
            result = result * (size + 1) + np.minimum(known[name], size)
        return result
