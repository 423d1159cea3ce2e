"""What an account usually holds and how low it goes: drawn before its first event.

A balance is pulled back to what its owner is used to; a running sum of drawn amounts
alone wanders off. Knows habits and context columns, no events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.habits import LOWEST, USUAL, Habits, unlogged

Floats = NDArray[np.float64]
Numbers = NDArray[np.floating]

FAR = 4.0
"""Log units beyond which a distance counts as no larger [J]."""


@dataclass(frozen=True, eq=False)
class Footing:
    """Where two habits of a balance stand in a context, and what their levels mean.

    Attributes
    ----------
    columns : tuple of int
        Context columns of the usual and of the lowest balance.
    centres : tuple of ndarray of shape (n_levels,)
        Balance that each level stands for, in the column's unit; NaN where it could
        not be measured.
    """

    columns: tuple[int, ...]
    centres: tuple[Floats, ...] = field(repr=False)

    @classmethod
    def of(cls, habits: Habits, name: str, column_of: Callable[[str], int]) -> Footing | None:
        """Return the footing of balance ``name``; None where its habits are not measured."""
        wanted = [f"{name}.{part}" for part in (USUAL, LOWEST)]
        if not all(item in habits.cuts for item in wanted):
            return None
        centres = tuple(unlogged(habits.centres(item)) for item in wanted)
        return cls(tuple(column_of(item) for item in wanted), centres)

    def read(self, context: Floats) -> Floats:
        """Return the usual and the lowest balance of each entity, shape (n, 2)."""
        levels = context[:, list(self.columns)].astype(np.int64)
        parts = zip(self.centres, levels.T, strict=True)
        return np.column_stack([centres[level] for centres, level in parts])


def distances(height: Numbers, footing: Numbers) -> tuple[Numbers, Numbers]:
    """Return how far balances lie above the usual and above the lowest one, in log units.

    Parameters
    ----------
    height : ndarray of shape (n, m)
        Inverse hyperbolic sine of balances in typical amounts.
    footing : ndarray of shape (n, 2)
        Usual and lowest balance in typical amounts; NaN where there is none.

    Returns
    -------
    tuple of two ndarray of shape (n, m)
        0 where there is nothing to compare with.
    """
    ground = np.arcsinh(footing)
    usual, lowest = (np.clip(height - ground[:, k : k + 1], -FAR, FAR) for k in (0, 1))
    return np.nan_to_num(usual), np.nan_to_num(lowest)
