"""Monthly returns that a sequence awaits: several for each kind, each met at most once.

A customer has three subscriptions, paid on the 3rd, the 12th and the 25th: a month
after the *last* one is not what comes next. An event that comes within some days of
an awaited return meets it and is awaited again a month later.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]

NEVER = -1
"""Stands for the day of what has not been, or is not awaited."""

FAR = 2**40
"""Day of what is not awaited, where days are compared."""

EARLY, LATE = 12, 8
"""How many days before and after a monthly return is told to the day [J]."""

SOONEST = 5
"""Days before a monthly return from which on an event meets it [J]."""

GRACE = 3
"""Days for which a return that is late hides the next one: weekends shift as much [J]."""

SLOTS = 4
"""Returns of one kind that are awaited at once [J]."""

HORIZON = 400 * 365
"""Days since 1970 that the table of monthly returns covers."""


@cache
def _month_later() -> Days:
    """Return for each day since 1970 the same day of the next month, or that month's last.

    A last day leads to a last day: month-end stays month-end.
    """
    day = np.arange(HORIZON).astype("M8[D]")
    month = day.astype("M8[M]")
    number = (day - month.astype("M8[D]")).astype(np.int64)
    start = (month + 1).astype("M8[D]").astype(np.int64)
    end = (month + 2).astype("M8[D]").astype(np.int64) - 1
    is_last = day + 1 == (month + 1).astype("M8[D]")
    return np.where(is_last, end, np.minimum(start + number, end)).astype(np.int64)


def month_later(days: Days) -> Days:
    """Return the day of the monthly return of ``days``, any shape, int64."""
    return _month_later()[np.clip(days, 0, HORIZON - 1)]


def rolled(days: Days, rolls: Days) -> Days:
    """Return the days on which dates are kept, shapes as broadcast.

    ``rolls`` is 1 where a weekend's date moves to the next working day, -1 where it
    moves to the one before, 0 where weekends are days like others.
    """
    late = np.maximum(np.mod(days + 3, 7) - 4, 0)  # 1 on a Saturday, 2 on a Sunday
    ahead = np.where(late > 0, 3 - late, 0)
    return np.asarray(days + np.where(rolls > 0, ahead, np.where(rolls < 0, -late, 0)))


def dated(days: Days, rolls: Days) -> Days:
    """Return the dates that were kept on ``days``: the last working day is the month's last."""
    last = month_end(days)
    return np.where((rolls < 0) & (rolled(last, np.array(-1)) == days), last, days)


def month_end(days: Days) -> Days:
    """Return the last day of the month of each day, int64."""
    month = days.astype("M8[D]").astype("M8[M]")
    return (month + 1).astype("M8[D]").astype(np.int64) - 1


class Dues:
    """What sequences await, kept up event by event.

    A date on a weekend is one thing, the working day on which it is kept another.

    Parameters
    ----------
    n : int
        Sequences.
    rolls : ndarray of shape (n_kinds,), int64
        See :func:`rolled`.
    """

    def __init__(self, n: int, rolls: Days) -> None:
        self._rolls = rolls
        self._date = np.full((n, len(rolls), SLOTS), NEVER, dtype=np.int64)
        self._due = self._date.copy()

    def keep(self, rows: Days) -> None:
        """Forget all sequences but ``rows``."""
        self._date, self._due = self._date[rows], self._due[rows]

    def nearest(self, today: Days) -> Days:
        """Return the day of the next awaited return, shape (n, n_kinds); ``NEVER`` without.

        Parameters
        ----------
        today : ndarray of shape (n,), int64
            Of the first ``n`` sequences.
        """
        due, far = self._due[: len(today)], np.iinfo(np.int64).max
        since = today[:, None, None]
        soon = np.where(due >= since - GRACE, due, far).min(axis=2, initial=far)
        late = np.where(due >= since - LATE, due, far).min(axis=2, initial=far)
        found = np.where(soon < far, soon, late)
        return np.where((found < far) & (found >= 0), found, NEVER)

    def note(self, kind: Days, today: Days) -> None:
        """Let events of ``kind`` (n,) on day ``today`` (n,) meet what is awaited, and be awaited.

        Kinds beyond the last are none. What meets nothing takes the place of the
        oldest return.
        """
        rows = np.flatnonzero(kind < self._due.shape[1])
        kind, today = kind[rows], today[rows]
        due, far, roll = self._due[rows, kind], np.iinfo(np.int64).max, self._rolls[kind]
        away = np.abs(due - today[:, None])
        awaited = (due >= today[:, None] - LATE) & (due <= today[:, None] + SOONEST) & (due >= 0)
        away = np.where(awaited, away, far)
        slot = np.where(awaited.any(axis=1), away.argmin(axis=1), due.argmin(axis=1))
        place = (rows, kind, slot)
        # A date that was kept stays the date, on whatever working day it was kept.
        date = np.where(self._due[place] == today, self._date[place], dated(today, roll))
        self._date[place] = month_later(date)
        self._due[place] = rolled(self._date[place], roll)


def rhythm_of(
    codes: Days, days: Days, offsets: Days, rolls: Days
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return when each kind came last, and when it is awaited, before each event.

    Parameters
    ----------
    codes, days : ndarray of shape (n_events,), int64
        Kind and day of each event; codes from ``n_kinds`` on are no kind.
    offsets : ndarray of shape (n_sequences + 1,), int64
        As in a panel.
    rolls : ndarray of shape (n_kinds,), int64
        See :func:`rolled`.

    Returns
    -------
    last, due : ndarray of shape (n_events, n_kinds), int32
        Days since 1970; ``NEVER`` where there is none.
    """
    n_kinds, lengths, firsts = len(rolls), np.diff(offsets), offsets[:-1]
    order = np.argsort(-lengths, kind="stable")
    lengths, firsts = lengths[order], firsts[order]
    last, due = (np.full((len(codes), n_kinds), NEVER, dtype=np.int32) for _ in range(2))
    dues = Dues(len(firsts), rolls)
    for step in range(int(lengths.max(initial=0))):
        rows = firsts[: np.searchsorted(-lengths, -step, side="left")] + step
        if step:
            due[rows] = dues.nearest(days[rows - 1])
            last[rows] = last[rows - 1]
            known = codes[rows - 1] < n_kinds
            last[rows[known], codes[rows - 1][known]] = days[rows - 1][known]
        dues.note(codes[rows], days[rows])
    return last, due
