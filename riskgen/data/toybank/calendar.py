"""Weekdays, paydays and months of the simulated year."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.toybank.draws import Floats, Ints, cumulative

START = np.datetime64("2025-01-01", "D")
# Weekly rhythms: spends at weekends, evenly, on working days (Monday first) [J].
_RHYTHMS = np.array(
    [
        [0.8, 0.8, 0.85, 0.95, 1.25, 1.6, 0.75],
        [1.0, 1.0, 1.0, 1.0, 1.05, 1.0, 0.95],
        [1.15, 1.15, 1.15, 1.15, 1.1, 0.8, 0.5],
    ]
)
N_RHYTHMS, N_PAYDAYS = 3, 4
# Spending is half as high again right after payday and calms down in a week [J].
_PAYDAY_LIFT, _PAYDAY_DAYS = 0.5, 6.0
_DECEMBER = 1.25


@dataclass(frozen=True, eq=False)
class Calendar:
    """Days of the simulation, counted from 0.

    Attributes
    ----------
    n_days : int
        Length.
    paydays : list of ndarray
        Days on which each of the four payday rules pays: last working day,
        25th, 1st, 15th, moved to the Friday before a weekend.
    shares : ndarray of shape (12, n_days)
        Cumulative share of spending by day, for each rhythm and payday rule.
    """

    n_days: int
    paydays: list[Ints] = field(repr=False)
    shares: Floats = field(repr=False)

    @property
    def seconds(self) -> int:
        """Length in seconds."""
        return self.n_days * 86_400

    @property
    def months(self) -> float:
        """Length in months."""
        return self.n_days / 30.44

    def monthly(self, day_of_month: int) -> Ints:
        """Return the days on which an order for ``day_of_month`` is carried out.

        The first working day from then on; days past the end are left out.
        """
        firsts = _month_starts(self.n_days).astype("datetime64[D]")
        due = np.busday_offset(firsts + (day_of_month - 1), 0, roll="forward")
        return _inside(due, self.n_days)


def open_calendar(n_days: int) -> Calendar:
    """Return the calendar of ``n_days`` from 1 January 2025, a Wednesday."""
    paydays = _paydays(n_days)
    day = np.arange(n_days)
    dates = START + day
    weekday = (day + 2) % 7
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    season = np.where(month == 11, _DECEMBER, 1.0)
    rows = []
    for rhythm in _RHYTHMS:
        for paid in paydays:
            before = np.searchsorted(paid, day, side="right")
            since = np.where(before > 0, day - np.append(paid, 0)[before - 1], 15)
            lift = 1 + _PAYDAY_LIFT * np.exp(-since / _PAYDAY_DAYS)
            rows.append(rhythm[weekday] * season * lift)
    return Calendar(n_days, paydays, cumulative(np.array(rows)))


def _paydays(n_days: int) -> list[Ints]:
    firsts = _month_starts(n_days)
    next_month = (firsts + 1).astype("datetime64[D]")
    begin = firsts.astype("datetime64[D]")
    wished = [next_month - 1, begin + 24, begin, begin + 14]
    return [_inside(np.busday_offset(d, 0, roll="backward"), n_days) for d in wished]


def _month_starts(n_days: int) -> NDArray[np.datetime64]:
    last = (START + n_days).astype("datetime64[M]")
    months: NDArray[np.datetime64] = np.arange(START.astype("datetime64[M]"), last + 1)
    return months


def _inside(dates: NDArray[np.datetime64], n_days: int) -> Ints:
    days = (dates.astype("datetime64[D]") - START).astype(np.int64)
    return np.unique(days[(days >= 0) & (days < n_days)])
