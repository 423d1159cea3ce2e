"""A table of levels as a panel of windows, and simulated windows as levels again.

A window of n steps is a sequence of n - 1 events: its first levels and the move to
them are context, each event is the move to the next step. Windows overlap; each says which rows of
the table it came from, so that nobody judges a model on rows it has seen.
Knows columns and panels, not generators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.affine import affine_copies
from riskgen.data.levels.columns import Column, Kind
from riskgen.data.levels.feedback import Segments, fit_tracker, slope_changes, tracker_of
from riskgen.data.levels.tracker import LevelTracker
from riskgen.data.panel import Field, Floats, Layout, SequencePanel
from riskgen.errors import DataError

WINDOW = 24
"""Steps of a window: the length of the literature on such series (Yoon et al. 2019)."""

MOST_WINDOWS = 10_000
"""Windows of a panel; beyond, neighbours are left out: they share all rows but a few [J]."""

SLOPES = Field("(slopes change)", 2)
"""Drawn first where columns are held: whether they take new slopes with this move."""

ORDER: tuple[Kind, ...] = ("grid", "noise", "held", "walk")
"""Order in which a step is drawn: what is told exactly comes first [J]."""


@dataclass(frozen=True, eq=False)
class LevelEncoder:
    """Tells columns apart by kind, standardises them and drops exact copies.

    Attributes
    ----------
    names : tuple of str
        All columns, in table order.
    source : ndarray of shape (n_columns,), int64
        Modelled column from which each is re-created; -1 for a constant.
    slope, intercept : ndarray of shape (n_columns,)
        Value = intercept + slope × value of the source.
    columns : tuple of Column
        Modelled columns, in the order in which a step is drawn.
    tracker : LevelTracker
        Levels fed back to the generator.
    window : int
        Steps of a window.
    """

    names: tuple[str, ...]
    source: NDArray[np.int64] = field(repr=False)
    slope: Floats = field(repr=False)
    intercept: Floats = field(repr=False)
    columns: tuple[Column, ...] = field(repr=False)
    tracker: LevelTracker = field(repr=False)
    window: int = WINDOW

    @classmethod
    def fit(
        cls, table: Floats, segments: Segments, names: Sequence[str], window: int = WINDOW
    ) -> Self:
        """Learn from a table of shape (n_steps, n_columns), finite, in units.

        Raises
        ------
        DataError
            When no stretch holds two windows, or no column varies.
        """
        _check(table, segments, window)
        varying = np.flatnonzero(np.ptp(table, axis=0) > 0)
        kept, position, slope, intercept = affine_copies(table[:, varying])
        kept = [int(varying[k]) for k in kept]
        found = [Column.fit(names[c], [table[a:b, c] for a, b in segments]) for c in kept]
        order = sorted(range(len(found)), key=lambda k: ORDER.index(found[k].kind))
        columns = tuple(found[k] for k in order)
        source = np.full(table.shape[1], -1, dtype=np.int64)
        source[varying] = np.argsort(order)[position]
        every_slope, every_intercept = np.zeros(table.shape[1]), table[0].copy()
        every_slope[varying], every_intercept[varying] = slope, intercept
        tracker = fit_tracker(columns, table[:, [kept[k] for k in order]], segments)
        parts = (source, every_slope, every_intercept)
        return cls(tuple(names), *parts, columns, tracker, window)

    @property
    def layout(self) -> Layout:
        """Fields of a move and of a start; the tracker feeds levels back."""
        flag = [SLOPES] if self.tracker.n_held else []
        fields = [*flag, *(_field(column, "") for column in self.columns)]
        steady = [_field(c, " at start") for c in self.columns if c.kind in ("grid", "noise")]
        moving = [c for c in self.columns if c.kind in ("held", "walk")]
        start = [Field(f"start {k + 1}", 0) for k in range(len(moving))]
        before = [Field(f"{c.name} before", 0, rests=c.rests) for c in moving]
        return Layout(tuple(fields), (*steady, *start, *before), trackers=(self.tracker,))

    def encode(self, table: Floats, segments: Segments) -> SequencePanel:
        """Return windows of ``table``; at most 10,000, evenly spread."""
        starts = _window_starts(segments, self.window)
        rows = starts[:, None] + np.arange(self.window)
        kept = table[:, self._modelled]
        levels = self._standard(kept)
        values = self._values(kept, levels, segments, rows)
        context = self._context(kept[starts], levels[starts], levels[starts - 1])
        offsets = np.arange(len(starts) + 1, dtype=np.int64) * (self.window - 1)
        spans = np.column_stack([starts - 1, starts + self.window])
        return SequencePanel(self.layout, values, context, offsets, spans)

    @cached_property
    def _modelled(self) -> list[int]:
        """Table column of each modelled column."""
        return [self.names.index(column.name) for column in self.columns]

    def _standard(self, kept: Floats) -> Floats:
        parts = [column.standard(kept[:, k]) for k, column in enumerate(self.columns)]
        return np.column_stack(parts)

    def _values(
        self, kept: Floats, levels: Floats, segments: Segments, rows: NDArray[np.int64]
    ) -> Floats:
        """Return the events of all windows, one after another."""
        moves = np.zeros_like(levels)
        steps = np.array([column.step for column in self.columns])
        moves[1:] = np.diff(levels, axis=0) / steps
        changed = slope_changes(self.columns, kept, segments)
        told = np.empty_like(levels)
        for k, column in enumerate(self.columns):
            if column.kind == "grid":
                told[:, k] = column.codes(kept[:, k])
            elif column.kind == "noise":
                told[:, k] = column.places(kept[:, k])
            else:
                told[:, k] = moves[:, k]
        windows = told[rows[:, 1:]]
        if not self.tracker.n_held:
            return windows.reshape(-1, windows.shape[2])
        flags = changed[rows[:, 1:]]
        held = np.array([column.kind == "held" for column in self.columns])
        windows[~flags[:, :, None] & held] = 0.0
        joined = np.concatenate([flags[:, :, None].astype(float), windows], axis=2)
        return joined.reshape(-1, joined.shape[2])

    def _context(self, kept: Floats, levels: Floats, earlier: Floats) -> Floats:
        """Return what is known at the start, from it and the step before it."""
        parts = []
        for k, column in enumerate(self.columns):
            if column.kind == "grid":
                parts.append(column.codes(kept[:, k]).astype(float))
            elif column.kind == "noise":
                parts.append(column.places(kept[:, k]))
        moving = [k for k, c in enumerate(self.columns) if c.kind in ("held", "walk")]
        steps = np.array([self.columns[k].step for k in moving])
        before = (levels[:, moving] - earlier[:, moving]) / steps
        return np.column_stack([*parts, self.tracker.start_context(levels[:, moving]), before])

    def decode(self, panel: SequencePanel) -> Floats:
        """Return levels of shape (n_sequences, length + 1, n_columns), in units.

        All sequences of ``panel`` must have the same length.
        """
        lengths = panel.lengths
        assert bool((lengths == lengths[0]).all()), "windows of different lengths"
        n, n_steps = panel.n_sequences, int(lengths[0]) + 1
        kept = np.empty((n, n_steps, len(self.columns)))
        moves = panel.values.reshape(n, n_steps - 1, -1)
        state = self.tracker.start(panel.context)
        for step in range(n_steps):
            told = panel.context if step == 0 else moves[:, step - 1, bool(self.tracker.n_held) :]
            kept[:, step] = self._in_units(self.tracker.levels(state), told)
            if step < n_steps - 1:
                state = self.tracker.advance(state, moves[:, step])
        return self.intercept + self.slope * kept[:, :, self.source]

    def _in_units(self, levels: Floats, told: Floats) -> Floats:
        """Return one step of the modelled columns; noise is told, not tracked."""
        tracked, result = 0, list[Floats]()
        for k, column in enumerate(self.columns):
            if column.kind == "noise":
                result.append(column.at_places(told[:, k]))
            else:
                result.append(column.in_units(levels[:, tracked]))
                tracked += 1
        return np.column_stack(result)

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "names": list(self.names),
            "source": self.source.tolist(),
            "slope": self.slope.tolist(),
            "intercept": self.intercept.tolist(),
            "columns": [column.to_json() for column in self.columns],
            "window": self.window,
            "n_ages": self.tracker.n_ages,
            "mean": self.tracker.mean.tolist(),
            "whiten": self.tracker.whiten.tolist(),
            "colour": self.tracker.colour.tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the encoder that ``state`` was taken from."""
        columns = tuple(Column.from_json(document) for document in state["columns"])
        basis = tuple(np.array(state[key], np.float64) for key in ("mean", "whiten", "colour"))
        return cls(
            tuple(state["names"]),
            np.array(state["source"], dtype=np.int64),
            np.array(state["slope"], dtype=np.float64),
            np.array(state["intercept"], dtype=np.float64),
            columns,
            tracker_of(columns, state["n_ages"], basis),
            state["window"],
        )


def _field(column: Column, suffix: str) -> Field:
    name = column.name + suffix
    if column.kind == "grid":
        return Field(name, len(column.values))
    if column.kind == "noise":
        return Field(name, len(column.values) - 1, spread=True)
    requires = (SLOPES.name, 1) if column.kind == "held" else None
    return Field(name, 0, requires=requires, rests=column.rests)


def _check(table: Floats, segments: Segments, window: int) -> None:
    longest = max(b - a for a, b in segments)
    if longest < 2 * window:
        raise DataError(
            f"The table has too few steps: its longest unbroken stretch has {longest}, and "
            f"windows of {window} steps are asked for. Use at least {2 * window} steps."
        )
    if not bool((np.ptp(table, axis=0) > 0).any()):
        raise DataError(
            f"None of the {table.shape[1]} columns ever changes. There is nothing to learn; "
            "give a column that varies."
        )


def _window_starts(segments: Segments, window: int) -> NDArray[np.int64]:
    every = [np.arange(a + 1, b - window + 1, dtype=np.int64) for a, b in segments]
    starts = np.concatenate(every)
    return starts[:: -(-len(starts) // MOST_WINDOWS)]
