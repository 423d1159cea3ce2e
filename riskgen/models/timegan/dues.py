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


class Dues:
    """What sequences await, kept up event by event.

    Parameters
    ----------
    n, n_kinds : int
        Sequences, and kinds of events.
    """

    def __init__(self, n: int, n_kinds: int) -> None:
        self._due = np.full((n, n_kinds, SLOTS), NEVER, dtype=np.int64)

    def keep(self, rows: Days) -> None:
        """Forget all sequences but ``rows``."""
        self._due = self._due[rows]

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
        due, far = self._due[rows, kind], np.iinfo(np.int64).max
        away = np.abs(due - today[:, None])
        awaited = (due >= today[:, None] - LATE) & (due <= today[:, None] + SOONEST) & (due >= 0)
        away = np.where(awaited, away, far)
        slot = np.where(awaited.any(axis=1), away.argmin(axis=1), due.argmin(axis=1))
        self._due[rows, kind, slot] = month_later(today)


def rhythm_of(
    codes: Days, days: Days, offsets: Days, n_kinds: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return when each kind came last, and when it is awaited, before each event.

    Parameters
    ----------
    codes, days : ndarray of shape (n_events,), int64
        Kind and day of each event; codes from ``n_kinds`` on are no kind.
    offsets : ndarray of shape (n_sequences + 1,), int64
        As in a panel.

    Returns
    -------
    last, due : ndarray of shape (n_events, n_kinds), int32
        Days since 1970; ``NEVER`` where there is none.
    """
    lengths, firsts = np.diff(offsets), offsets[:-1]
    order = np.argsort(-lengths, kind="stable")
    lengths, firsts = lengths[order], firsts[order]
    last, due = (np.full((len(codes), n_kinds), NEVER, dtype=np.int32) for _ in range(2))
    dues = Dues(len(firsts), n_kinds)
    for step in range(int(lengths.max(initial=0))):
        rows = firsts[: np.searchsorted(-lengths, -step, side="left")] + step
        if step:
            due[rows] = dues.nearest(days[rows - 1])
            last[rows] = last[rows - 1]
            known = codes[rows - 1] < n_kinds
            last[rows[known], codes[rows - 1][known]] = days[rows - 1][known]
        dues.note(codes[rows], days[rows])
    return last, due


def kept_share(
    codes: Days, days: Days, offsets: Days, n_kinds: int, last_day: int
) -> NDArray[np.float64]:
    """Return how often a monthly return of each kind is kept, shape (n_kinds,).

    Returns that are due too late to be seen do not count; one that was not kept
    is added to each kind.
    """
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    due = month_later(days)
    asked = (codes < n_kinds) & (due + LATE <= last_day)
    width = last_day + LATE + SOONEST + 2
    place = (owner * n_kinds + codes) * width
    there = np.sort((place + days)[codes < n_kinds])
    first, stop = (
        np.searchsorted(there, (place + due)[asked] + shift) for shift in (-SOONEST, LATE + 1)
    )
    kept = np.bincount(codes[asked], stop > first, minlength=n_kinds)
    return np.asarray(kept / (np.bincount(codes[asked], minlength=n_kinds) + 1.0))
