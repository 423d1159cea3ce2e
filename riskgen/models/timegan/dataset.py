"""A panel as the tensors and windows that training reads.

Knows rows and clocks, not networks. Long sequences are cut into windows; a
window that begins inside a sequence is given the event before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import SequencePanel
from riskgen.models.timegan.ending import with_ends, without_outcomes
from riskgen.models.timegan.guides import GuideTable
from riskgen.models.timegan.history import History, n_volatile
from riskgen.models.timegan.recall import (
    RecallLayout,
    choose_anchors,
    choose_sources,
    named_by_context,
    novelty,
    recall_windows,
)
from riskgen.models.timegan.rows import RESERVED_CODES, RowCoder, Rows
from riskgen.models.timegan.stretches import Stretches
from riskgen.models.timegan.support import Guide
from riskgen.models.timegan.tallies import Tallies

REACH = 384
"""Events before a window that its counts remember; sampling remembers all [J]."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded windows, time first; ``real`` marks events that exist.

    Shapes are (n_steps, n_sequences, ...); ``place`` is the number of earlier events of
    the sequence; ``recalled`` is for real events only, in the order of ``real``;
    ``guide`` is for real events too, and the clock's, if there is one; ``ending`` marks
    the real events that are the end of a sequence instead.
    """

    previous_codes: Tensor
    previous_numbers: Tensor
    features: Tensor
    codes: Tensor
    numbers: Tensor
    applies: Tensor
    history: Tensor
    real: Tensor
    context_codes: Tensor
    context_numbers: Tensor
    recalled: list[Tensor]
    place: Tensor
    guide: Guide | None
    ending: Tensor

    @property
    def n_bytes(self) -> int:
        """Bytes of what takes most: signals of each level of each event."""
        told = () if self.guide is None else self.guide.steers.values()
        return sum(part.nbytes for part in (*self.recalled, *(item.signals() for item in told)))


class EventDataset:
    """Rows, features and context of a panel, ready to be cut into batches.

    Tables hold all events, then (with a clock) the end of each sequence, then the
    row that stands before every first event.
    """

    def __init__(
        self,
        panel: SequencePanel,
        events: RowCoder,
        context: RowCoder,
        rolls: NDArray[np.int64] | None = None,
    ) -> None:
        rows = events.encode(panel.values)
        self.offsets, self.n_events = panel.offsets, len(panel.values)
        self.windowed = panel.spans is not None
        self.has_ends = panel.layout.clock is not None
        longer, order = with_ends(panel) if self.has_ends else (panel, np.arange(self.n_events))
        self.rows = _with_more_rows(rows, events, len(order) - self.n_events)
        told = events.encode(longer.values)
        history = History(n_volatile(panel.layout))
        self.history_states = history.states_of(told.numbers, longer.offsets)[order]
        self.history = torch.from_numpy(history.features(self.history_states))
        levels = tuple(item for item in panel.layout.fields if item.levels)
        known = [history.features(self.history_states), novelty(told.codes, longer.offsets)[order]]
        known += [
            item.features_of(longer)[order].astype(np.float32) for item in longer.layout.tracked
        ]
        self.features = torch.from_numpy(np.concatenate(known, axis=1))
        context_rows = context.encode(panel.context)
        named = tuple(item for item in panel.layout.context_fields if item.levels)
        self.recall = RecallLayout(
            [item.levels for item in levels],
            choose_anchors(levels, rows.codes, panel.offsets),
            choose_sources(levels, rows.codes, named, context_rows.codes, panel.offsets),
        )
        self.guides = GuideTable(longer, told.codes, order, rolls)
        self.context_codes = torch.from_numpy(context_rows.codes)
        self.context_numbers = torch.from_numpy(context_rows.numbers)
        self.context_applies = torch.from_numpy(context_rows.applies)
        # Events must not be told what they decide themselves.
        shown = without_outcomes(context_rows, panel.layout)
        self.shown_codes = torch.from_numpy(shown.codes)
        self.shown_numbers = torch.from_numpy(shown.numbers)
        self.codes = torch.from_numpy(self.rows.codes)
        self.numbers = torch.from_numpy(self.rows.numbers)
        self._absent = torch.tensor([item.levels for item in levels], dtype=torch.int64)
        self.applies = torch.from_numpy(self.rows.applies)
        self._made: tuple[RecallLayout, Tallies | None] | None = None

    def batch(self, windows: Stretches) -> Batch:
        """Return ``windows`` as one padded batch; one at the end of a sequence ends there."""
        ends = (windows.stop == self.offsets[windows.sequence + 1]) & self.has_ends
        steps = np.arange(int((windows.lengths + ends).max()))[:, None]
        real = steps < (windows.lengths + ends)[None, :]
        ending = (steps == windows.lengths[None, :]) & ends[None, :]
        rows = np.where(real, windows.start[None, :] + steps, 0)
        place = rows - self.offsets[windows.sequence][None, :]
        before = np.where(place == 0, len(self.features), rows - 1)
        rows = np.where(ending, self.n_events + windows.sequence[None, :], rows)
        index, previous = torch.from_numpy(rows), torch.from_numpy(before)
        owner = torch.from_numpy(windows.sequence)
        return Batch(
            self.codes[previous],
            self.numbers[previous],
            self.features[index],
            self.codes[index],
            self.numbers[index],
            self.applies[index],
            self.history[index],
            torch.from_numpy(real),
            self.shown_codes[owner],
            self.shown_numbers[owner],
            self._recalled(windows, rows, torch.from_numpy(real)),
            torch.from_numpy(place),
            self.guides.of(rows[real]),
            torch.from_numpy(ending[real]),
        )

    def _recalled(self, windows: Stretches, rows: NDArray[np.int64], real: Tensor) -> list[Tensor]:
        if not self.recall.levels:
            return []
        owner = torch.from_numpy(windows.sequence)
        tallies = self._tallies()
        if tallies is None:
            return self._counted(windows, real)
        named = [
            named_by_context(self.recall, k, self.shown_codes[owner])
            for k in range(len(self.recall.levels))
        ]
        place = torch.arange(len(owner)).expand(real.shape)[real]
        return tallies.of(torch.from_numpy(rows)[real], [told[place] for told in named])

    def _tallies(self) -> Tallies | None:
        """Return the table of the present layout; None where each batch counts for itself."""
        if self._made is None or self._made[0] is not self.recall:
            self._made = (self.recall, self._table())
        return self._made[1]

    def _table(self) -> Tallies | None:
        lengths, n_rows = np.diff(self.offsets), len(self.features)
        # Beyond its reach a batch forgets: both would not count alike.
        if lengths.max(initial=0) > REACH or not Tallies.fit(self.recall, n_rows):
            return None
        owner = np.repeat(np.arange(len(lengths)), lengths)
        if self.has_ends:
            owner = np.append(owner, np.arange(len(lengths)))
        codes = torch.minimum(self.codes[:n_rows], self._absent)
        return Tallies(self.recall, owner, codes.numpy())

    def _counted(self, windows: Stretches, real: Tensor) -> list[Tensor]:
        owner = torch.from_numpy(windows.sequence)
        begin = self.offsets[windows.sequence]
        reach = int(np.minimum(windows.start - begin, REACH).max())
        keys = windows.start[:, None] - reach + np.arange(reach + len(real))
        known = (keys >= begin[:, None]) & (keys < windows.stop[:, None])
        rows = torch.from_numpy(np.where(known, keys, len(self.features)))
        codes = torch.minimum(self.codes[rows], self._absent)
        return recall_windows(
            self.recall, codes, torch.from_numpy(known), reach, real, self.shown_codes[owner]
        )


def _with_more_rows(rows: Rows, coder: RowCoder, n_ends: int) -> Rows:
    """Append a row without fields for each end, and the row before every first event."""
    levels = [coder.fields[c].levels for c in coder.level_columns]
    start = [n + RESERVED_CODES - 1 for n in levels]
    more = np.array([levels] * n_ends + [start], dtype=np.int64).reshape(n_ends + 1, -1)
    codes = np.concatenate([rows.codes, more])
    blank = np.zeros((n_ends + 1, rows.numbers.shape[1]), np.float32)
    absent = np.zeros((n_ends + 1, rows.applies.shape[1]), bool)
    numbers = np.concatenate([rows.numbers, blank])
    return Rows(codes, numbers, np.concatenate([rows.applies, absent]))
