"""Panel rows as the numbers that networks read, and back.

Knows fields, not networks: numpy only. A level becomes a code; one extra code
says that the field does not apply, another that there is no row yet. A
continuous field is standardised with the moments of the training panel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Field, Floats

RESERVED_CODES = 2
"""Codes after the last level: "does not apply" and "no row yet"."""

EXTREMES = 11
"""A bound is the 11th most extreme value: no single customer's (k of release gate P2)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a panel, or its context, as codes and standardised numbers.

    Attributes
    ----------
    codes : ndarray of shape (n, n_level_fields), int64
        Levels; ``levels`` where the field does not apply.
    numbers : ndarray of shape (n, n_continuous_fields), float32
        Standardised; 0 where the field does not apply.
    applies : ndarray of shape (n, n_fields), bool
        Whether the field carries information.
    """

    codes: NDArray[np.int64] = field(repr=False)
    numbers: NDArray[np.float32] = field(repr=False)
    applies: NDArray[np.bool_] = field(repr=False)

    def take(self, keep: NDArray[np.int64]) -> Rows:
        """Return the named rows."""
        return Rows(self.codes[keep], self.numbers[keep], self.applies[keep])


@dataclass(frozen=True, eq=False)
class RowCoder:
    """Turns values into :class:`Rows`; holds what it learned of continuous fields.

    Attributes
    ----------
    fields : tuple of Field
        The columns.
    mean, scale, bound : ndarray of shape (n_continuous_fields,), float64
        Standardisation, and the largest size of a standardised value that is
        ever simulated (a fence against run-away feedback, not a model of tails).
    """

    fields: tuple[Field, ...]
    mean: Floats = field(repr=False)
    scale: Floats = field(repr=False)
    bound: Floats = field(repr=False)

    @classmethod
    def fit(cls, fields: tuple[Field, ...], values: Floats) -> Self:
        """Learn mean, scale and bound of the continuous fields."""
        columns = [c for c, item in enumerate(fields) if item.levels == 0]
        if not len(values):
            zeros = np.zeros(len(columns))
            return cls(fields, zeros, zeros + 1.0, zeros + 1.0)
        ordered = np.sort(values[:, columns], axis=0)
        edge = min(EXTREMES, (len(ordered) + 1) // 2) - 1
        # Moments of clipped values: one extreme could be solved for from a plain mean.
        clipped = np.clip(ordered, ordered[edge], ordered[-1 - edge])
        mean, spread = clipped.mean(axis=0), clipped.std(axis=0)
        # A field that never varies is not standardised, and comes out as its mean.
        scale = np.where(spread > 1e-9, spread, 0.0)
        # A value that rests is 0 in every unit, so that rest is told exactly.
        mean = np.where([fields[c].rests for c in columns], 0.0, mean)
        largest = np.abs(clipped - mean).max(axis=0) / np.where(scale > 0, scale, np.inf)
        # Twice the 11th largest: tails may go past the data, feedback may not run away [J].
        return cls(fields, mean, scale, np.maximum(2.0 * largest, 1.0))

    @property
    def level_columns(self) -> list[int]:
        """Columns of the fields that have levels."""
        return [c for c, item in enumerate(self.fields) if item.levels]

    @property
    def number_columns(self) -> list[int]:
        """Columns of the continuous fields."""
        return [c for c, item in enumerate(self.fields) if item.levels == 0]

    def encode(self, values: Floats) -> Rows:
        """Return ``values`` of shape (n, n_fields) as rows."""
        applies = self.applies(values)
        codes = np.floor(values[:, self.level_columns]).astype(np.int64)
        absent = np.array([self.fields[c].levels for c in self.level_columns], dtype=np.int64)
        codes = np.where(applies[:, self.level_columns], codes, absent)
        unit = np.where(self.scale > 0, self.scale, np.inf)
        numbers = (values[:, self.number_columns] - self.mean) / unit
        numbers = np.where(applies[:, self.number_columns], numbers, 0.0)
        return Rows(codes, numbers.astype(np.float32), applies)

    def applies(self, values: Floats) -> NDArray[np.bool_]:
        """Return where each field applies, shape (n, n_fields)."""
        names = [item.name for item in self.fields]
        result = np.ones(values.shape, dtype=bool)
        for column, item in enumerate(self.fields):
            if item.requires is not None:
                parent, least = names.index(item.requires[0]), item.requires[1]
                result[:, column] = result[:, parent] & (np.floor(values[:, parent]) >= least)
        return result

    def to_json(self) -> dict[str, Any]:
        """Return what was learned as JSON values."""
        return {"mean": list(self.mean), "scale": list(self.scale), "bound": list(self.bound)}

    @classmethod
    def from_json(cls, fields: tuple[Field, ...], document: dict[str, Any]) -> Self:
        """Return the coder that :meth:`to_json` wrote."""
        parts = [np.array(document[key], dtype=np.float64) for key in ("mean", "scale", "bound")]
        return cls(fields, *parts)
