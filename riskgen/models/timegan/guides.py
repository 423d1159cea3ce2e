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
        Rows of the panel in the order in which they will be asked for.
    """

    def __init__(self, panel: SequencePanel, codes: Indices, order: Indices) -> None:
        self._clock, self._steerings = panel.layout.clock, panel.layout.steerings
        if self._clock is None:
            return
        self._ahead = Ahead.of(self._clock)
        bounds, pace, days = self._clock.guide_of(panel)
        self._bounds, self._pace, self._days = bounds[order], pace[order], days[order]
        self._last, self._due = (part[order] for part in _rhythm(panel, codes, days))
        self._known = [item.known_of(panel)[order] for item in self._steerings]
        self._values = panel.values[order]

    def days_of(self, offsets: Indices) -> Indices:
        """Return the day of each event of sequences ``offsets``, whose ends have rows too."""
        n_events, filled = int(offsets[-1]), np.flatnonzero(np.diff(offsets))
        days = np.append(self._days[1:n_events], 0)
        days[offsets[1:][filled] - 1] = self._days[n_events + filled]
        return days

    def of(self, rows: Indices) -> Guide | None:
        """Return the guide of the named rows; None without a clock."""
        if self._clock is None:
            return None
        last, due = (
            torch.from_numpy(part[rows].astype(np.int64)) for part in (self._last, self._due)
        )
        steers = {
            item.steers: Steer(item, known[rows], self._values[rows])
            for item, known in zip(self._steerings, self._known, strict=True)
        }
        parts = (self._bounds[rows], self._pace[rows], self._days[rows])
        return Guide.of(*parts, self._ahead, (last, due), steers)


def _rhythm(
    panel: SequencePanel, codes: Indices, days: Indices
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the days on which each kind came last, and is awaited, before each event."""
    column = kind_column(panel.layout)
    if column is None:
        nothing = np.zeros((len(panel.values), 0), dtype=np.int32)
        return nothing, nothing
    place = sum(item.levels > 0 for item in panel.layout.fields[:column])
    # The day before an event is the day of the event before.
    on = np.append(days[1:], 0)
    n_kinds = panel.layout.fields[column].levels
    return rhythm_of(codes[:, place], on, panel.offsets, n_kinds)
