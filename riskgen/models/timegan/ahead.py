"""The days that gap levels lead to: many levels, fewer days.

Short gaps all lead to the same day; what the calendar says is worked out once for
each day ahead and then handed to the levels. Knows clocks, no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from riskgen.data.panel import Clock

WEEKDAYS, MONTH_DAYS, LAST_DAYS = 7, 31, 5
"""What a day is: its weekday, its day of the month, and the days left if few."""

DATES = WEEKDAYS + MONTH_DAYS + LAST_DAYS

HOURS = 24

EARLIEST, LATEST = -100 * 365, 400 * 365
"""Days since 1970 that the table of dates covers."""


@dataclass(frozen=True, eq=False)
class Ahead:
    """What the levels of a clock's gap lead to.

    Attributes
    ----------
    sizes : Tensor of shape (n_levels,)
        Log of the days that each level takes, on the scale of the pace.
    paced : bool
        Whether the pace says anything.
    days : Tensor of shape (n_days,), int64
        Days ahead: 0, 1, … up to the last one that is a level's only one.
    places : Tensor of shape (n_levels,), int64
        Place of each level's day; ``n_days`` where it leads to no single one.
    hours : Tensor of shape (n_short,)
        Hours that the short gaps take, which are the first levels.
    end : int
        Last observed day, since 1970.
    """

    sizes: Tensor
    paced: bool
    days: Tensor
    places: Tensor
    hours: Tensor
    end: int

    @classmethod
    def of(cls, clock: Clock) -> Ahead:
        """Return what the levels of ``clock`` lead to."""
        sizes, reach = clock.gap_sizes(), torch.from_numpy(clock.gap_days())
        days = torch.arange(int(reach.max()) + 1)
        places = torch.where(reach < 0, len(days), reach)
        scale = torch.from_numpy(sizes).float()
        hours = torch.from_numpy(clock.gap_hours())
        short = hours[torch.isfinite(hours)]
        return cls(scale, bool(sizes.any()), days, places, short, clock.last_day)

    def weighed_hours(self, weights: Tensor, clock: Tensor) -> Tensor:
        """Return weights (n, n_levels) of the hours (n, HOURS) that short gaps lead to.

        ``clock`` (n,) is the hour of the event before; longer gaps draw their hour apart.
        """
        hour = (clock[:, None] + self.hours).remainder_(HOURS).long()
        return F.pad(weights.gather(1, hour), (0, len(self.places) - len(self.hours)))

    def to_levels(self, weights: Tensor) -> Tensor:
        """Return weights (n, n_levels) from those of days (n, n_days + 1), the last for none."""
        return weights.index_select(1, self.places)


def dates_of(days: Tensor) -> Tensor:
    """Return what each of ``days`` (since 1970, shape (n, m), int64) is.

    Returns
    -------
    Tensor of shape (3, n, m), int64
        Places among ``DATES`` weights: weekday, day of the month, and days left in
        the month; ``DATES`` itself where those are not few.
    """
    row = (days - EARLIEST).clamp_(0, LATEST - EARLIEST - 1).flatten()
    return _parts().index_select(1, row).view(3, *days.shape)


def weighed_dates(weights: Tensor, days: Tensor) -> Tensor:
    """Return the weight of each of ``days`` (n, m) from those of ``DATES`` (n, DATES)."""
    padded, places = F.pad(weights, (0, 1)), dates_of(days)
    return padded.expand(len(places), -1, -1).gather(2, places).sum(dim=0)


@cache
def _parts() -> Tensor:
    """Return weekday, day of the month and days left of each day of the table."""
    day = np.arange(EARLIEST, LATEST)
    date = day.astype("M8[D]")
    month = date.astype("M8[M]")
    number = (date - month.astype("M8[D]")).astype(np.int64)
    left = ((month + 1).astype("M8[D]") - date).astype(np.int64) - 1
    last = np.where(left < LAST_DAYS, WEEKDAYS + MONTH_DAYS + left, DATES)
    return torch.from_numpy(np.stack([np.mod(day + 3, WEEKDAYS), WEEKDAYS + number, last]))
