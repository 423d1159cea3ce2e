"""What kind of series a column is, decided from its values alone.

Four kinds are told apart. A *walk* moves by increments. A *held* column was
sampled more rarely than the table and joined by straight lines, so that it
keeps its slope between two knots. A *grid* takes few values. A *noise* column
forgets its last value at once. Knows arrays, not panels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

Floats = NDArray[np.float64]
Kind = Literal["grid", "noise", "held", "walk"]

MOST_LEVELS = 100
"""Distinct values up to which a column is a grid (study on building sensors)."""

WIDE = 5.0
"""Largest over smallest value from which the logarithm of a positive column is tried."""

FORGETS = 0.3
"""Correlation with the step before below which levels, not increments, are modelled [J]."""

KEEPS = 0.4
"""Share of steps that keep a slope other than zero, above which a column is held [J]:
chance keeps none, straight lines of two steps keep half."""

SAME_SLOPE = 1e-4
"""Change of an increment, in standard deviations, below which it is the same [J]."""

EXTREMES = 11
"""A bound is the 11th most extreme value (k of release gate P2)."""

FENCE = 1.5
"""Times the clipped range that an increment may reach: a fence, not a model of tails [J]."""

ROOM = 0.1
"""Part of the clipped range that levels may go beyond it: a fence too [J]."""

RESTS = 1e-3
"""Share of steps at its extreme from which a series is held there: a gauge at its end [J]."""

STAYS = 0.02
"""Share of moves of exactly 0 from which a walk rests [J]."""

NOISE_BINS = 32
"""Bins of equal frequency for a noise column; uniform inside [J]."""


@dataclass(frozen=True, eq=False)
class Column:
    """How one column is encoded.

    Attributes
    ----------
    name : str
        Of the table's column.
    kind : {"grid", "noise", "held", "walk"}
        See the module.
    log : bool
        Whether its logarithm is modelled.
    centre, spread : float
        The *standard level* is (value - centre) / spread, of the logarithm if ``log``.
    low, high : float
        Fence of standard levels.
    step : float
        Standard deviation of the increments of standard levels.
    step_low, step_high : float
        Fence of increments, in units of ``step``.
    rests : bool
        Whether a walk or a held column often does not move.
    values : ndarray of shape (n_values,)
        Values of a grid, or edges of the bins of a noise column, in units.
    """

    name: str
    kind: Kind
    log: bool
    centre: float
    spread: float
    low: float
    high: float
    step: float
    step_low: float
    step_high: float
    rests: bool
    values: Floats = field(repr=False)

    @classmethod
    def fit(cls, name: str, parts: Sequence[Floats]) -> Self:
        """Decide the kind from the unbroken stretches of a column that varies."""
        pooled = np.concatenate(parts)
        kind = _kind(parts, pooled)
        log = kind == "walk" and _better_as_log(pooled)
        logs = [np.log(part) if log else part for part in parts]
        told = np.concatenate(logs)
        clipped = np.clip(told, *clipped_range(told))
        centre, spread = float(clipped.mean()), max(float(clipped.std()), 1e-12)
        low, high = ((edge - centre) / spread for edge in _fence(told))
        moves = np.concatenate([np.diff(part) for part in logs]) / spread
        step = max(float(np.clip(moves, *clipped_range(moves)).std()), 1e-9)
        step_low, step_high = (FENCE * edge / step for edge in clipped_range(moves))
        rests = kind in ("walk", "held") and float((moves == 0).mean()) > STAYS
        values = _values(kind, pooled)
        return cls(
            name, kind, log, centre, spread, low, high, step, step_low, step_high, rests, values
        )

    def standard(self, values: Floats) -> Floats:
        """Return standard levels of values in units; a grid's are its nearest values'."""
        if self.kind == "grid":
            values = self.values[self.codes(values)]
        told = np.log(np.maximum(values, np.finfo(float).tiny)) if self.log else values
        result: Floats = np.asarray((told - self.centre) / self.spread, dtype=np.float64)
        return result

    def in_units(self, levels: Floats) -> Floats:
        """Return the values of standard levels."""
        told: Floats = self.centre + self.spread * levels
        result: Floats = np.exp(told) if self.log else told
        return result

    def codes(self, values: Floats) -> NDArray[np.int64]:
        """Return the nearest value of a grid, as its number."""
        middle = (self.values[1:] + self.values[:-1]) / 2.0
        return np.searchsorted(middle, values).astype(np.int64)

    def places(self, values: Floats) -> Floats:
        """Return bin plus place inside the bin of a noise column's values."""
        n_bins = len(self.values) - 1
        scale = np.interp(values, self.values, np.arange(n_bins + 1.0))
        return np.asarray(np.minimum(scale, n_bins - 1e-9), np.float64)

    def at_places(self, places: Floats) -> Floats:
        """Return the values that :meth:`places` was given."""
        return np.interp(places, np.arange(len(self.values)), self.values)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_json` takes back."""
        return asdict(self) | {"values": self.values.tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the column that ``document`` was taken from."""
        return cls(**(dict(document) | {"values": np.array(document["values"], np.float64)}))


def clipped_range(values: Floats) -> tuple[float, float]:
    """Return the 11th smallest and the 11th largest value; the median of very few."""
    ordered = np.sort(values)
    edge = min(EXTREMES, (len(ordered) + 1) // 2) - 1
    return float(ordered[edge]), float(ordered[-1 - edge])


def _fence(values: Floats) -> tuple[float, float]:
    """Return bounds of levels: exact where the series rests at its extreme, else wider."""
    low, high = clipped_range(values)
    room = ROOM * (high - low)
    rests = (float((values == low).mean()), float((values == high).mean()))
    return (low if rests[0] > RESTS else low - room, high if rests[1] > RESTS else high + room)


def knots(parts: Sequence[Floats]) -> list[NDArray[np.bool_]]:
    """Return for each increment whether it differs from the one before it.

    The first increment of a stretch counts as different. One array for each
    stretch, of shape (n_steps - 1,).
    """
    moves = [np.diff(part) for part in parts]
    unit = max(float(np.concatenate(moves).std()), 1e-300)
    changed = [np.abs(np.diff(move)) > SAME_SLOPE * unit for move in moves]
    return [
        np.concatenate([np.ones(min(len(move), 1), bool), change])
        for move, change in zip(moves, changed, strict=True)
    ]


def _kind(parts: Sequence[Floats], pooled: Floats) -> Kind:
    if len(np.unique(pooled)) <= MOST_LEVELS:
        return "grid"
    if _memory(parts) < FORGETS:
        return "noise"
    return "held" if _keeps_slopes(parts) else "walk"


def _memory(parts: Sequence[Floats]) -> float:
    """Return the correlation with the step before."""
    before = np.concatenate([part[:-1] for part in parts])
    after = np.concatenate([part[1:] for part in parts])
    if len(before) < 2 or before.std() == 0 or after.std() == 0:
        return 1.0
    return float(np.corrcoef(before, after)[0, 1])


def _keeps_slopes(parts: Sequence[Floats]) -> bool:
    kept = ~np.concatenate(knots(parts))
    moving = np.concatenate([np.diff(part) for part in parts]) != 0
    return float((kept & moving).mean()) > KEEPS


def _better_as_log(values: Floats) -> bool:
    low, high = float(values.min()), float(values.max())
    if low <= 0 or high < WIDE * low:
        return False
    return abs(float(skew(np.log(values)))) < abs(float(skew(values)))


def _values(kind: Kind, values: Floats) -> Floats:
    if kind == "grid":
        return _grid(values)
    if kind == "noise":
        edges = np.quantile(values, np.linspace(0.0, 1.0, NOISE_BINS + 1))
        edges[[0, -1]] = clipped_range(values)
        return np.asarray(np.unique(edges), np.float64)
    return np.zeros(0)


def _grid(values: Floats) -> Floats:
    """Return equal steps between clipped extremes, or the values that are not rare."""
    distinct, counts = np.unique(values, return_counts=True)
    low, high = clipped_range(values)
    gap = float(np.diff(distinct).min())
    steps = (distinct - distinct[0]) / gap
    if np.abs(steps - np.rint(steps)).max() < 1e-6 and (high - low) / gap < MOST_LEVELS:
        return np.asarray(low + gap * np.arange(round((high - low) / gap) + 1), np.float64)
    common = distinct[counts >= EXTREMES]
    return np.asarray(common if len(common) > 1 else [low, high], np.float64)
