"""Builds the tracker of a table's levels from its columns.

Knows columns and the tracker, not panels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from riskgen.data.levels.columns import Column, Floats, knots
from riskgen.data.levels.tracker import LevelTracker

Segments = Sequence[tuple[int, int]]
"""First row and row after the last of each unbroken stretch of a table."""

LEAST_VARIANCE = 1e-5
"""Variance below which a principal component of levels is not stretched to one [J]."""

LONGEST_AGE = 60
"""Steps since slopes changed that are told apart at most [J]."""


def slope_changes(
    columns: tuple[Column, ...], kept: Floats, segments: Segments
) -> NDArray[np.bool_]:
    """Return whether the move *to* each row changes the slope of any held column."""
    changed = np.ones(len(kept), dtype=bool)
    held = [k for k, column in enumerate(columns) if column.kind == "held"]
    if not held:
        return changed
    for a, b in segments:
        changed[a + 1 : b] = np.any([knots([kept[a:b, k]])[0] for k in held], axis=0)
    return changed


def fit_tracker(columns: tuple[Column, ...], kept: Floats, segments: Segments) -> LevelTracker:
    """Learn the basis of levels and how long slopes last, from modelled columns in units."""
    moving = [k for k, column in enumerate(columns) if column.kind in ("held", "walk")]
    levels = [columns[k].standard(kept[:, k]) for k in moving]
    basis = _basis(np.column_stack(levels) if levels else np.zeros((len(kept), 0)))
    rows = np.flatnonzero(slope_changes(columns, kept, segments))
    # Nine in ten slopes last no longer than this; older ones are told apart no more.
    n_ages = int(np.clip(np.quantile(np.diff(rows), 0.9), 1, LONGEST_AGE)) if len(rows) > 1 else 1
    return tracker_of(columns, n_ages, basis)


def tracker_of(columns: tuple[Column, ...], n_ages: int, basis: tuple[Floats, ...]) -> LevelTracker:
    """Return the tracker of ``columns``, given the age limit and the basis of levels."""
    kinds = [column.kind for column in columns]
    tracked = [column for column in columns if column.kind != "noise"]
    return LevelTracker(
        tuple(c.standard(c.values) for c in columns if c.kind == "grid"),
        kinds.count("noise"),
        kinds.count("held"),
        n_ages,
        *(
            np.array([getattr(column, name) for column in tracked])
            for name in ("low", "high", "step", "step_low", "step_high")
        ),
        *basis,
    )


def _basis(levels: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean, whitening and its inverse from standard levels (n, n_moving)."""
    if not levels.shape[1]:
        return np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0))
    mean = levels.mean(axis=0)
    variance, directions = np.linalg.eigh(np.atleast_2d(np.cov(levels.T)))
    spread = np.sqrt(np.maximum(variance[::-1], LEAST_VARIANCE))
    directions = directions[:, ::-1]
    return mean, directions / spread, (directions * spread).T
