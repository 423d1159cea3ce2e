"""Small noise on the numbers of a panel: copies that are no longer exact.

The placebo of PROTOCOL B1, drawn by the bootstrap: it separates "more rows"
from "new information". ``riskgen.evaluate.controls.Jitter`` does the like to
raw events, in money and seconds; that one judges measures and cannot be fitted,
stored or asked for by name, while this one sees a panel and no unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.models.cells import Flags, applies


def jittered(
    panel: SequencePanel, cells: list[Flags], scale: float, rng: np.random.Generator
) -> SequencePanel:
    """Return ``panel`` with Gaussian noise on every number; all else stays.

    A continuous field moves by ``scale`` standard deviations (its variance grows
    by ``scale ** 2``). A number in cells moves by ``scale`` levels and turns back
    where its run of neighbouring cells ends, so that a missing value, a category
    or an exact shared price never becomes something else. Context, lengths and
    order stay.

    Parameters
    ----------
    panel : SequencePanel
        What to copy; it is not changed.
    cells : list of ndarray of shape (levels,), bool
        For each field, from :func:`riskgen.models.cells.cells`.
    scale : float
        Standard deviation of the noise; 0 returns an equal panel.
    rng : numpy.random.Generator
        Where the noise comes from.
    """
    moved = panel.values.copy()
    for column, item in enumerate(panel.layout.fields):
        noise = scale * rng.standard_normal(len(moved))
        if item.levels == 0:
            free = applies(panel.layout, panel.values, column)
            moved[free, column] += noise[free]
        elif cells[column].any():
            free = applies(panel.layout, panel.values, column)
            free &= cells[column][np.floor(moved[:, column]).astype(np.int64)]
            moved[free, column] = _within_runs(moved[free, column], noise[free], cells[column])
    _keep_requirements(panel.layout, panel.values, moved)
    return SequencePanel(panel.layout, moved, panel.context.copy(), panel.offsets.copy())


def _within_runs(codes: Floats, noise: Floats, cells: Flags) -> Floats:
    """Return ``codes`` moved by ``noise``, reflected at both ends of their run of cells."""
    low, high = _runs(cells)
    level = np.floor(codes).astype(np.int64)
    start, width = low[level], high[level] - low[level]
    along = np.mod(codes + noise - start, 2.0 * width)
    turned = start + np.minimum(along, 2.0 * width - along)
    return np.minimum(turned, np.nextafter(start + width, start))


def _runs(cells: Flags) -> tuple[Floats, Floats]:
    """Return where the run of each level begins and ends, each of shape (levels,)."""
    edges = np.flatnonzero(np.diff(cells, prepend=False, append=False))
    run = np.searchsorted(edges, np.arange(len(cells)), side="right") - 1
    run = np.clip(run, 0, len(edges) - 2)
    return edges[run].astype(np.float64), edges[run + 1].astype(np.float64)


def _keep_requirements(layout: Layout, before: Floats, after: NDArray[np.float64]) -> None:
    """Undo, in place, the moves that would make a later field apply or stop applying."""
    names = [item.name for item in layout.fields]
    for column, item in enumerate(layout.fields):
        if item.requires is not None:
            parent = names.index(item.requires[0])
            crossed = applies(layout, before, column) != applies(layout, after, column)
            after[crossed, parent] = before[crossed, parent]
