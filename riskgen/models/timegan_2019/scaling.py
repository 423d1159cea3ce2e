"""Panel rows as vectors in [0, 1], and back.

Knows fields, not networks: numpy only. A continuous field is scaled between two
bounds, a field with levels becomes a block of zeros and a one. The paper takes
features as real vectors and says no more; its authors scale by minimum and
maximum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Field, Floats

EXTREMES = 11
"""Bounds of customers' values are the 11th from either end: no single customer's
(k of release gate P2)."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """Turns values into features and back.

    Attributes
    ----------
    fields : tuple of Field
        The columns.
    low, high : ndarray of shape (n_continuous_fields,), float64
        What becomes 0 and 1.
    """

    fields: tuple[Field, ...]
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)

    @classmethod
    def fit(cls, fields: tuple[Field, ...], values: Floats, *, exact: bool) -> Self:
        """Learn bounds from ``values`` of shape (n, n_fields).

        Parameters
        ----------
        exact : bool
            Take minimum and maximum. Only for paths that are nobody's: a maximum
            is one customer's value.
        """
        columns = [c for c, item in enumerate(fields) if item.levels == 0]
        if not len(values):
            return cls(fields, np.zeros(len(columns)), np.ones(len(columns)))
        ordered = np.sort(values[:, columns], axis=0)
        edge = 0 if exact else min(EXTREMES, (len(ordered) + 1) // 2) - 1
        return cls(fields, ordered[edge], ordered[-1 - edge])

    @property
    def width(self) -> int:
        """Number of features."""
        return sum(max(item.levels, 1) for item in self.fields)

    def encode(self, values: Floats) -> NDArray[np.float32]:
        """Return features of shape (n, width); all 0 where a field does not apply."""
        here = applies(self.fields, values)
        blocks, number = [np.zeros((len(values), 0))], 0
        for column, item in enumerate(self.fields):
            if item.levels:
                chosen = np.floor(values[:, column]).astype(np.int64)
                block = (chosen[:, None] == np.arange(item.levels)).astype(np.float64)
            else:
                low, high = self.low[number], self.high[number]
                unit = high - low if high > low else np.inf
                block = np.clip((values[:, column : column + 1] - low) / unit, 0.0, 1.0)
                number += 1
            blocks.append(block * here[:, column : column + 1])
        return np.concatenate(blocks, axis=1).astype(np.float32)

    def decode(self, features: Floats, uniforms: Floats) -> Floats:
        """Return values of shape (n, n_fields): the highest feature of a block is its level.

        Parameters
        ----------
        features : ndarray of shape (n, width)
            Numbers are clipped to [0, 1]: nothing leaves the bounds.
        uniforms : ndarray of shape (n, n_fields), in [0, 1)
            The place inside a level of a field that spreads.
        """
        values = np.zeros((len(features), len(self.fields)))
        begin = number = 0
        for column, item in enumerate(self.fields):
            block = features[:, begin : begin + max(item.levels, 1)]
            begin += block.shape[1]
            if item.levels:
                place = uniforms[:, column] if item.spread else 0.0
                values[:, column] = block.argmax(axis=1) + place
            else:
                low, high = self.low[number], self.high[number]
                values[:, column] = low + (high - low) * np.clip(block[:, 0], 0.0, 1.0)
                number += 1
            if item.requires is not None:
                values[~applies(self.fields, values)[:, column], column] = 0.0
        return values

    def to_json(self) -> dict[str, Any]:
        """Return what was learned as JSON values."""
        return {"low": self.low.tolist(), "high": self.high.tolist()}

    @classmethod
    def from_json(cls, fields: tuple[Field, ...], document: dict[str, Any]) -> Self:
        """Return the scaling that :meth:`to_json` wrote."""
        low, high = (np.array(document[key], dtype=np.float64) for key in ("low", "high"))
        return cls(fields, low, high)


def applies(fields: tuple[Field, ...], values: Floats) -> NDArray[np.bool_]:
    """Return where each field carries information, shape (n, n_fields)."""
    names = [item.name for item in fields]
    result = np.ones(values.shape, dtype=bool)
    for column, item in enumerate(fields):
        if item.requires is not None:
            parent, least = names.index(item.requires[0]), item.requires[1]
            result[:, column] = result[:, parent] & (np.floor(values[:, parent]) >= least)
    return result
