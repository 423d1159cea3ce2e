"""Feeds the levels that a simulated series has reached back to the generator.

The same arithmetic encodes, simulates and decodes, so that a level is never
two different numbers. Knows values of a panel, not units.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats, SequencePanel


@dataclass(frozen=True, eq=False)
class LevelTracker:
    """Standard levels of all columns that have a memory: grid, held, walk, in this order.

    Values hold, in this order: whether slopes change (only with held columns),
    codes of grid columns, noise columns, increments of held columns, increments
    of walks. Context holds codes of grid columns, noise columns, and of held
    columns and walks the whitened start and the last increments before it.

    Attributes
    ----------
    grids : tuple of ndarray
        Standard levels of each grid column's values.
    n_noise, n_held : int
        Columns of these kinds.
    n_ages : int
        Steps since slopes changed that are told apart.
    low, high, step, step_low, step_high : ndarray of shape (n_tracked,)
        See :class:`Column`.
    mean : ndarray of shape (n_moving,)
        Mean standard level of held columns and walks.
    whiten, colour : ndarray of shape (n_moving, n_moving)
        To principal components of unit variance, and back: they expose small
        differences between columns that move together.
    """

    grids: tuple[Floats, ...] = field(repr=False)
    n_noise: int
    n_held: int
    n_ages: int
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)
    step: Floats = field(repr=False)
    step_low: Floats = field(repr=False)
    step_high: Floats = field(repr=False)
    mean: Floats = field(repr=False)
    whiten: Floats = field(repr=False)
    colour: Floats = field(repr=False)

    @property
    def n_tracked(self) -> int:
        """Columns with a memory."""
        return len(self.low)

    @property
    def n_features(self) -> int:
        """Levels, whitened levels, last increments twice, and the age of slopes."""
        ages = 2 * (self.n_ages + 1) if self.n_held else 0
        return 3 * self.n_tracked + len(self.mean) + ages

    @property
    def first_moving(self) -> int:
        """Column of ``values`` of the first increment."""
        return bool(self.n_held) + len(self.grids) + self.n_noise

    def start(self, context: Floats) -> Floats:
        """Return the state before the first event: levels, increments, age, known."""
        n_grids = len(self.grids)
        state = np.zeros((len(context), 2 * self.n_tracked + 2))
        state[:, :n_grids] = self._grid_levels(context[:, :n_grids])
        start, before = np.split(context[:, n_grids + self.n_noise :], 2, axis=1)
        moving = self.mean + start @ self.colour
        state[:, n_grids : self.n_tracked] = np.clip(
            moving, self.low[n_grids:], self.high[n_grids:]
        )
        state[:, self.n_tracked + n_grids : 2 * self.n_tracked] = np.clip(
            before, self.step_low[n_grids:], self.step_high[n_grids:]
        )
        return state

    def start_context(self, levels: Floats) -> Floats:
        """Return the whitened start of moving columns at standard levels (n, n_moving)."""
        result: Floats = (levels - self.mean) @ self.whiten
        return result

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the state after events with ``values``."""
        n_tracked, n_grids = self.n_tracked, len(self.grids)
        levels = state[:, :n_tracked]
        moves = np.clip(self._moves(state, values), self.step_low, self.step_high)
        reached = np.clip(levels + moves * self.step, self.low, self.high)
        flagged = bool(self.n_held)
        reached[:, :n_grids] = self._grid_levels(values[:, flagged : flagged + n_grids])
        age, known = state[:, -2], state[:, -1]
        changed = values[:, 0] >= 1 if flagged else np.zeros(len(values), bool)
        return np.column_stack(
            [
                reached,
                (reached - levels) / self.step,
                np.where(changed, 1.0, age + 1.0),
                np.where(changed, 1.0, known),
            ]
        )

    def _moves(self, state: Floats, values: Floats) -> Floats:
        """Return increments in units of ``step``; held columns keep theirs between knots."""
        n_tracked, n_grids = self.n_tracked, len(self.grids)
        moves = state[:, n_tracked : 2 * n_tracked].copy()
        told = values[:, self.first_moving :]
        held = slice(n_grids, n_grids + self.n_held)
        if self.n_held:
            changed = values[:, :1] >= 1
            moves[:, held] = np.where(changed, told[:, : self.n_held], moves[:, held])
        moves[:, n_grids + self.n_held :] = told[:, self.n_held :]
        return moves

    def _grid_levels(self, codes: Floats) -> Floats:
        parts = [grid[codes[:, k].astype(np.int64)] for k, grid in enumerate(self.grids)]
        return np.column_stack(parts) if parts else np.zeros((len(codes), 0))

    def levels(self, state: Floats) -> Floats:
        """Return the standard levels (n, n_tracked) of a state."""
        return state[:, : self.n_tracked]

    def features(self, state: Floats) -> Floats:
        """Return levels, whitened levels, last increments, their asinh, and ages.

        A large move predicts a large one: what the asinh tames must be told in
        full too, or simulated moves come out too small.
        """
        levels = self.levels(state)
        whitened = self.start_context(levels[:, len(self.grids) :])
        moves = state[:, self.n_tracked : 2 * self.n_tracked]
        parts = [levels, whitened, moves, np.arcsinh(moves)]
        if self.n_held:
            parts.append(self._ages(state[:, -2], state[:, -1]))
        return np.column_stack(parts)

    def _ages(self, age: Floats, known: Floats) -> Floats:
        """Return one column for each age, once for known ages and once since the start."""
        place = np.minimum(age, self.n_ages).astype(np.int64)
        place += np.where(known > 0, self.n_ages + 1, 0)
        result: Floats = np.eye(2 * (self.n_ages + 1))[place]
        return result

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return the features before each event of a panel, shape (n_events, n_features)."""
        result = np.empty((len(panel.values), self.n_features))
        for rows, state in self.states_of(panel):
            result[rows] = self.features(state)
        return result

    def states_of(self, panel: SequencePanel) -> list[tuple[NDArray[np.int64], Floats]]:
        """Return for each step the rows of that step and the states before them."""
        alive = np.flatnonzero(panel.lengths > 0)
        state = self.start(panel.context)[alive]
        steps = list[tuple[NDArray[np.int64], Floats]]()
        while len(alive):
            rows = panel.offsets[alive] + len(steps)
            steps.append((rows, state))
            going = panel.lengths[alive] > len(steps)
            state = self.advance(state, panel.values[rows])[going]
            alive = alive[going]
        return steps
