"""Numbers that equal another number or stay near it: a bill near the last bill.

A level for each number that may be met exactly, cells of relative distance to the
first of them, and one level for all that lies elsewhere. A codec of whole numbers;
it knows no column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.bins import LAST_PLACE, populated
from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.grain import Grain

CELLS = 32  # cells of distance [J]
WITHIN = 0.5  # relative distance up to which a number counts as near [J]
SMALL = 20.0  # units below which a relative distance says nothing [J]
DIGITS = 2  # significant digits that an edge keeps [J]


@dataclass(frozen=True, eq=False)
class Nearness:
    """Levels: met exactly (one for each reference), cells of distance, elsewhere.

    Attributes
    ----------
    met : int
        Numbers that may be met exactly, at least 1.
    edges : ndarray of shape (n_cells + 1,) or (0,)
        Increasing relative distances to the first of them; empty without cells.
    """

    met: int
    edges: Floats = field(repr=False)

    @classmethod
    def fit(cls, whole: Floats, targets: Floats, owners: Ints, *, cells: bool) -> Nearness:
        """Learn the cells of distance.

        Parameters
        ----------
        whole : ndarray of shape (n,)
            Whole numbers; NaN is missing.
        targets : ndarray of shape (n, met)
            What they may meet; NaN where there is nothing.
        owners : ndarray of shape (n,), int64
            Entity of each number.
        cells : bool
            Whether being near counts, not only being equal.
        """
        met = targets.shape[1]
        if not cells:
            return cls(met, np.zeros(0))
        away = distance(whole, targets[:, 0])
        near = (np.abs(away) < WITHIN) & ~(whole[:, None] == targets).any(axis=1)
        order = np.argsort(away[near], kind="stable")
        found, holding = away[near][order], owners[near][order]
        inner = np.quantile(found, np.arange(1, CELLS) / CELLS) if len(found) else np.zeros(0)
        cuts = np.unique([-WITHIN, *_rounded(inner), 0.0, WITHIN])
        return cls(met, populated(cuts, found, holding))

    @property
    def levels(self) -> int:
        """Number of levels."""
        return self.elsewhere + 1

    @property
    def elsewhere(self) -> int:
        """Level of numbers that are neither met nor near."""
        return self.met + max(len(self.edges) - 1, 0)

    def encode(self, whole: Floats, targets: Floats) -> Floats:
        """Return levels with places, shape (n,); parameters as of :meth:`fit`."""
        codes = np.full(len(whole), self.elsewhere + 0.5)
        lows = self._lows(targets[:, 0])
        near = self._is_near(targets[:, 0]) & np.isfinite(whole)
        near &= (whole >= lows[:, 0]) & (whole < lows[:, -1])
        rows = np.flatnonzero(near)
        cell = (lows[rows] <= whole[rows, None]).sum(axis=1) - 1
        low, above = lows[rows, cell], lows[rows, cell + 1]
        place = (whole[rows] - low + 0.5) / np.maximum(above - low, 1.0)
        codes[rows] = self.met + cell + np.minimum(place, LAST_PLACE)
        for k in reversed(range(self.met)):
            codes[whole == targets[:, k]] = k + 0.5
        return codes

    def decode(
        self, codes: Floats, targets: Floats, others: Floats, grain: Grain, steps: Ints
    ) -> Floats:
        """Return whole numbers, shape (n,).

        Parameters
        ----------
        codes, targets : ndarray
            Levels with places, and what may be met.
        others : ndarray of shape (n,)
            What a number is if it is none of them.
        grain, steps : Grain, ndarray of shape (n,)
            How round a number is that is near.
        """
        level = np.floor(codes).astype(np.int64)
        result, held = others.copy(), targets[np.arange(len(codes)), level.clip(0, self.met - 1)]
        met = (level < self.met) & np.isfinite(held)
        result[met] = held[met]
        near = (level >= self.met) & (level < self.elsewhere) & self._is_near(targets[:, 0])
        rows = np.flatnonzero(near)
        cell, lows = level[rows] - self.met, self._lows(targets[rows, 0])
        low, above = (lows[np.arange(len(rows)), cell + k] for k in (0, 1))
        place = codes[rows] - level[rows]
        inside = low + np.floor(place * np.maximum(above - low, 1.0))
        result[rows] = grain.snap(inside, steps[rows], (low, above - 1.0), np.zeros(0))
        return result

    def absent(self, targets: Floats) -> NDArray[np.bool_]:
        """Return which levels stand for nothing, shape (n, levels)."""
        gone = np.zeros((len(targets), self.levels), dtype=bool)
        for k in range(self.met):
            same = (targets[:, :k] == targets[:, k : k + 1]).any(axis=1)
            gone[:, k] = np.isnan(targets[:, k]) | same
        gone[:, self.met : self.elsewhere] = ~self._is_near(targets[:, 0])[:, None]
        return gone

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {"met": self.met, "edges": self.edges.tolist()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Nearness:
        """Return the codec that ``state`` was taken from."""
        return cls(state["met"], np.array(state["edges"], dtype=np.float64))

    def _is_near(self, target: Floats) -> NDArray[np.bool_]:
        """Return where there is a number to be near to."""
        return np.asarray((np.abs(target) >= SMALL) & (len(self.edges) > 0))

    def _lows(self, target: Floats) -> Floats:
        """Return the smallest whole number of each cell, and the one after the last."""
        edges = self.edges if len(self.edges) else np.zeros(1)
        known = np.nan_to_num(target)[:, None]
        return np.asarray(np.ceil(known + edges * np.abs(known)))


def distance(whole: Floats, target: Floats) -> Floats:
    """Return the relative distance of ``whole`` (n,) to ``target`` (n,); NaN if it says nothing."""
    usable = np.abs(target) >= SMALL
    size = np.where(usable, np.abs(target), 1.0)
    return np.where(usable, (whole - target) / size, np.nan)


def _rounded(values: Floats) -> Floats:
    """Return ``values`` with few digits, so that an edge is nobody's own distance."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values])
