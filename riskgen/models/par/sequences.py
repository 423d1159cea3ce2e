"""Panels as the lists that deepecho takes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.models.cells import applies
from riskgen.models.par.network import Sequence


def data_types(layout: Layout) -> list[str]:
    """Return what deepecho calls each field."""
    return ["categorical" if item.levels else "continuous" for item in layout.fields]


def sequences(panel: SequencePanel, inputs: Floats) -> list[Sequence]:
    """Return the sequences of ``panel`` with ``inputs`` (n_sequences, n_context) as context.

    Levels lose their place inside: deepecho has no such thing.
    """
    columns = []
    for column, item in enumerate(panel.layout.fields):
        values = panel.values[:, column]
        columns.append(np.floor(values).astype(np.int64) if item.levels else values)
    bounds = zip(panel.offsets[:-1], panel.offsets[1:], inputs.tolist(), strict=True)
    return [
        {"context": fixed, "data": [values[first:last].tolist() for values in columns]}
        for first, last, fixed in bounds
    ]


def windows(panel: SequencePanel, size: int) -> SequencePanel:
    """Return long paths cut into pieces of ``size`` steps; what is left over is dropped.

    A path shorter than ``size`` stays whole. Equal lengths spare PAR the padding
    that its loss mistakes for data.
    """
    edges, owner = [0], []
    rows: list[NDArray[np.int64]] = []
    for sequence, length in enumerate(panel.lengths.tolist()):
        piece = min(size, length)
        for first in range(0, length - piece + 1, max(piece, 1)) if piece else ():
            rows.append(panel.offsets[sequence] + first + np.arange(piece))
            owner.append(sequence)
            edges.append(edges[-1] + piece)
    taken = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    offsets = np.array(edges, dtype=np.int64)
    return SequencePanel(panel.layout, panel.values[taken], panel.context[owner], offsets)


def values_of(
    drawn: list[list[list[Any]]],
    layout: Layout,
    context: Floats,
    lengths: NDArray[np.int64],
    rng: np.random.Generator,
) -> Floats:
    """Return the values (n_events, n_fields) of what deepecho drew, as a valid panel.

    A first event gets the gap level of first events, a place inside its level is
    uniform, and a field that does not apply is 0.
    """
    fields = range(len(layout.fields))
    columns = [
        np.concatenate([np.array(one[j], dtype=np.float64) for one in drawn]) for j in fields
    ]
    values = np.column_stack(columns)
    heads = (np.cumsum(lengths) - lengths)[lengths > 0]
    if layout.clock is not None:
        bounds = layout.clock.bounds(layout.clock.start(context))[lengths > 0]
        gap = layout.clock.time_columns[0]
        values[heads, gap] = np.clip(values[heads, gap], bounds[:, 0], bounds[:, 1])
    for column, item in enumerate(layout.fields):
        if item.spread:
            values[:, column] += rng.random(len(values))
        values[~applies(layout, values, column), column] = 0.0
    return values
