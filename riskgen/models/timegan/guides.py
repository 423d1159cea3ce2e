"""What the calendar, the kinds and the trackers say before each event of a panel.

Computed once for a panel; batches take their rows. Joins clock, renewal and
steering; knows no network.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats, SequencePanel, Steering
from riskgen.models.timegan.ahead import Ahead
from riskgen.models.timegan.dues import rhythm_of
from riskgen.models.timegan.renewal import kind_column
from riskgen.models.timegan.returns import Occurrences
from riskgen.models.timegan.support import Guide, Steer

Indices = NDArray[np.int64]

MOST_BYTES = 2**29
"""Signals of steerings that are kept for all rows, 512 MiB [J]: 4.4 kB an event on the
simulated bank; beyond that each batch asks for its own."""

PIECE = 4_096
"""Rows whose signals are asked for together [J]."""


class GuideTable:
    """Rows of :class:`Guide` for the events of a panel.

    Parameters
    ----------
    panel : SequencePanel
        With the layout that the networks see.
    codes : ndarray of shape (n_events, n_level_fields), int64
        Its level fields, as in :class:`Rows`.
    order : ndarray of shape (n_rows,), int64
        Rows of the panel in the order in which they will be asked for: events, then
        the ends of sequences.
    rolls : ndarray of shape (n_kinds,), int64, or None
        What weekends do to monthly returns, where another panel has taught it.
    """

    occurrences: Occurrences | None = None
    rolls: Indices = np.zeros(0, dtype=np.int64)

    def __init__(
        self,
        panel: SequencePanel,
        codes: Indices,
        order: Indices,
        rolls: Indices | None = None,
    ) -> None:
        self._clock, self._steerings = panel.layout.clock, panel.layout.steerings
        if self._clock is None:
            return
        self._ahead = Ahead.of(self._clock)
        bounds, pace, moments = self._clock.guide_of(panel)
        self._bounds, self._pace, self._moments = bounds[order], pace[order], moments[order]
        days = np.floor(moments).astype(np.int64)
        # The day before an event is the day of the event before.
        kinds, on = _kinds(panel, codes), np.append(days[1:], 0)
        self.occurrences = _occurrences(panel, kinds, on, order)
        self.rolls = self.occurrences.rolls() if rolls is None else rolls
        rhythm = rhythm_of(kinds, on, panel.offsets, self.rolls)
        self._last, self._due = (part[order] for part in rhythm)
        self._known = [item.known_of(panel)[order] for item in self._steerings]
        self._values = panel.values[order]
        self._signals: dict[str, Tensor] | None = None

    def of(self, rows: Indices) -> Guide | None:
        """Return the guide of the named rows; None without a clock."""
        if self._clock is None:
            return None
        last, due = (
            torch.from_numpy(part[rows].astype(np.int64)) for part in (self._last, self._due)
        )
        steers = self._steers(rows)
        parts = (self._bounds[rows], self._pace[rows], self._moments[rows])
        return Guide.of(*parts, self._ahead, (last, due), steers)

    def _steers(self, rows: Indices) -> dict[str, Steer]:
        if self._signals is None:
            self._signals = self._told()
        place = torch.from_numpy(rows)
        return {
            item.steers: Steer.told(item, known[rows], self._signals[item.steers][place])
            if item.steers in self._signals
            else Steer(item, known[rows], self._values[rows])
            for item, known in zip(self._steerings, self._known, strict=True)
        }

    def _told(self) -> dict[str, Tensor]:
        """Return the signals of all rows, by field, as far as they are small enough to keep."""
        found: dict[str, Tensor] = {}
        left = MOST_BYTES
        for item, known in zip(self._steerings, self._known, strict=True):
            first = Steer(item, known[:1], self._values[:1]).signals()
            left -= first.nbytes * len(known)
            if left >= 0:
                found[item.steers] = _signals(item, known, self._values)
        return found


def _signals(item: Steering, known: Floats, values: Floats) -> Tensor:
    pieces = (slice(k, k + PIECE) for k in range(0, len(known), PIECE))
    return torch.cat([Steer(item, known[rows], values[rows]).signals() for rows in pieces])


def _kinds(panel: SequencePanel, codes: Indices) -> Indices:
    """Return the kind of each event; 0 everywhere without kinds."""
    column = kind_column(panel.layout)
    if column is None:
        return np.zeros(len(codes), dtype=np.int64)
    return codes[:, sum(item.levels > 0 for item in panel.layout.fields[:column])]


def _occurrences(panel: SequencePanel, kinds: Indices, on: Indices, order: Indices) -> Occurrences:
    column = kind_column(panel.layout)
    n_kinds = 0 if column is None else panel.layout.fields[column].levels
    events = order[: len(order) - panel.n_sequences]
    owner = np.repeat(np.arange(panel.n_sequences), panel.lengths)
    return Occurrences.of(owner[events], kinds[events], on[events], n_kinds)
