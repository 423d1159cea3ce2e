"""What the calendar, the kinds and the trackers say before each event of a panel.

Computed once for a panel; batches take their rows. Joins clock, renewal and
steering; knows no network.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from riskgen.data.panel import SequencePanel
from riskgen.models.timegan.ahead import Ahead
from riskgen.models.timegan.dues import rhythm_of
from riskgen.models.timegan.renewal import kind_column
from riskgen.models.timegan.returns import Occurrences
from riskgen.models.timegan.support import Guide, Steer

Indices = NDArray[np.int64]


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
        owner = np.repeat(np.arange(panel.n_sequences), panel.lengths)
        events = order[: len(order) - panel.n_sequences]
        self._seen = Occurrences(owner[events], kinds[events], on[events], _n_kinds(panel))
        self.rolls = self._seen.rolls() if rolls is None else rolls
        table = rhythm_of(kinds, on, panel.offsets, self.rolls)
        self._streaks = table.own[events]
        self._rhythm = [part[order] for part in (table.last, table.due, table.streak)]
        self._known = [item.known_of(panel)[order] for item in self._steerings]
        self._values = panel.values[order]

    def kept_share(self, among: Indices) -> NDArray[np.float64]:
        """Return how often sequences ``among`` keep returns, shape (n_kinds, STREAKS)."""
        assert self._clock is not None, "without a clock nothing is due"
        return self._seen.kept_share(self._streaks, among, self._clock.last_day)

    def of(self, rows: Indices) -> Guide | None:
        """Return the guide of the named rows; None without a clock."""
        if self._clock is None:
            return None
        rhythm = [torch.from_numpy(part[rows].astype(np.int64)) for part in self._rhythm]
        steers = {
            item.steers: Steer(item, known[rows], self._values[rows])
            for item, known in zip(self._steerings, self._known, strict=True)
        }
        parts = (self._bounds[rows], self._pace[rows], self._moments[rows])
        return Guide.of(*parts, self._ahead, rhythm, steers)


def _kinds(panel: SequencePanel, codes: Indices) -> Indices:
    """Return the kind of each event; 0 without kinds, which is none of no kinds."""
    column = kind_column(panel.layout)
    if column is None:
        return np.zeros(len(codes), dtype=np.int64)
    return codes[:, sum(item.levels > 0 for item in panel.layout.fields[:column])]


def _n_kinds(panel: SequencePanel) -> int:
    column = kind_column(panel.layout)
    return 0 if column is None else panel.layout.fields[column].levels
