"""A panel as the padded batches that encoder and decoder read.

Knows rows, trackers and the calendar's guide; no network and no latent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.models.condition import has_own_length
from riskgen.models.timegan.ahead import Ahead
from riskgen.models.timegan.rows import RESERVED_CODES, RowCoder, Rows
from riskgen.models.timegan.stretches import Stretches
from riskgen.models.timegan.support import Guide

PLACE_UNIT = 4.0
"""Log of about fifty events: brings a place in a sequence to about [0, 1] [J]."""


@dataclass(frozen=True, eq=False)
class SequenceBatch:
    """Padded pieces of sequences, time first; ``real`` marks events that exist.

    Shapes are (n_steps, n_sequences, ...), of the context (n_sequences, ...);
    ``guide`` is for real events only, in the order of ``real``.
    """

    codes: Tensor
    numbers: Tensor
    applies: Tensor
    previous_codes: Tensor
    previous_numbers: Tensor
    features: Tensor
    real: Tensor
    context_codes: Tensor
    context_numbers: Tensor
    context_applies: Tensor
    guide: Guide | None


class SequenceDataset:
    """Rows, what trackers say before each, and the context of a panel."""

    def __init__(self, panel: SequencePanel, events: RowCoder, context: RowCoder) -> None:
        self.layout, self.offsets = panel.layout, panel.offsets
        self.rows = informative(events, panel.values)
        self.context_rows = informative(context, panel.context)
        codes, numbers = start_row(events)
        # The last row stands before every first event.
        self._codes = torch.cat([torch.from_numpy(self.rows.codes), codes])
        self._numbers = torch.cat([torch.from_numpy(self.rows.numbers), numbers])
        self._applies = torch.from_numpy(self.rows.applies)
        told = [item.features_of(panel).astype(np.float32) for item in panel.layout.tracked]
        told.append(np.zeros((len(panel.values), 0), dtype=np.float32))
        self._features = torch.from_numpy(np.concatenate(told, axis=1))
        clock = panel.layout.clock
        self._guide = None if clock is None else clock.guide_of(panel)
        self._ahead = None if clock is None else Ahead.of(clock)

    def batch(self, pieces: Stretches) -> SequenceBatch:
        """Return ``pieces`` as one padded batch."""
        steps = np.arange(int(pieces.lengths.max()))[:, None]
        real = steps < pieces.lengths[None, :]
        rows = np.where(real, pieces.start[None, :] + steps, 0)
        begin = self.offsets[pieces.sequence][None, :]
        index = torch.from_numpy(rows)
        before = torch.from_numpy(np.where(rows == begin, len(self._features), rows - 1))
        owner = pieces.sequence
        return SequenceBatch(
            self._codes[index],
            self._numbers[index],
            self._applies[index],
            self._codes[before],
            self._numbers[before],
            torch.cat([self._features[index], place_feature(self._place(rows, begin))], dim=-1),
            torch.from_numpy(real),
            torch.from_numpy(self.context_rows.codes[owner]),
            torch.from_numpy(self.context_rows.numbers[owner]),
            torch.from_numpy(self.context_rows.applies[owner]),
            self._guided(rows[real]),
        )

    def _place(self, rows: NDArray[np.int64], begin: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return earlier events of the sequence; in a path, of the window."""
        if has_own_length(self.layout):
            return np.asarray(np.maximum(rows - begin, 0))
        return np.repeat(np.arange(len(rows))[:, None], rows.shape[1], axis=1)

    def _guided(self, rows: NDArray[np.int64]) -> Guide | None:
        if self._guide is None or self._ahead is None:
            return None
        bounds, pace, moments = self._guide
        return Guide.of(bounds[rows], pace[rows], moments[rows], self._ahead)


def informative(coder: RowCoder, values: Floats) -> Rows:
    """Return rows in which a number that never varies does not count.

    It comes out as its mean whatever is drawn; its likelihood would have no bound.
    """
    rows = coder.encode(values)
    applies = rows.applies.copy()
    still = np.array(coder.number_columns, dtype=np.int64)[coder.scale == 0]
    applies[:, still] = False
    return Rows(rows.codes, rows.numbers, applies)


def n_features(layout: Layout) -> int:
    """Return how many numbers a step is told before it is decoded."""
    return 1 + sum(tracker.n_features for tracker in layout.tracked)


def place_feature(place: NDArray[np.int64]) -> Tensor:
    """Return what the number of earlier events says, shape (..., 1)."""
    told = (np.log1p(place) / PLACE_UNIT).astype(np.float32)
    return torch.from_numpy(told)[..., None]


def start_row(coder: RowCoder) -> tuple[Tensor, Tensor]:
    """Return codes and numbers (1, n) of the row that stands before a first event."""
    codes = [coder.fields[c].levels + RESERVED_CODES - 1 for c in coder.level_columns]
    numbers = torch.zeros(1, len(coder.number_columns))
    return torch.tensor(codes, dtype=torch.int64).reshape(1, -1), numbers
