"""Kinds of events have rhythms: a salary comes a month after the last one.

What comes next is a race between kinds (competing risks: Prentice et al. 1978):
each is weighed by the days since the sequence had it last and by the days to the
monthly return of that day; its date is weighed the same way once the kind is
known. A recurrence of a hundred numbers does not keep the dates of ten orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from riskgen.data.panel import Layout

Days = NDArray[np.int64]

NEVER = -1
"""Stands for the day of a kind that the sequence has not had."""

EXACT = 36
COARSE = (36, 43, 50, 57, 71, 92, 123, 184, 366)
"""Days since the last event: told apart up to five weeks, then in steps up to a year [J]."""

AGES = EXACT + len(COARSE) + 1
"""Codes of an age; the last one stands for never."""

EARLY, LATE = 8, 12
"""How many days late or early a monthly return is told to the day [J]."""

DUES = EARLY + LATE + 4
"""Codes of the days to a monthly return; the last one stands for never."""

FURTHEST = 40
"""Days ahead that are told apart when returns are passed over: a month and a week [J]."""

FORGOTTEN = 0.5
"""Share of training rows that go without the days of their kind. On a simulated bank the
share of salaries on their day rose from .77 to .86, with the same likelihood."""

HORIZON = 400 * 365
"""Days since 1970 that the table of monthly returns covers."""


@cache
def _month_later() -> Tensor:
    """Return for each day since 1970 the same day of the next month, or that month's last.

    A last day leads to a last day: month-end stays month-end.
    """
    day = np.arange(HORIZON).astype("M8[D]")
    month = day.astype("M8[M]")
    number = (day - month.astype("M8[D]")).astype(np.int64)
    start = (month + 1).astype("M8[D]").astype(np.int64)
    end = (month + 2).astype("M8[D]").astype(np.int64) - 1
    is_last = day + 1 == (month + 1).astype("M8[D]")
    return torch.from_numpy(np.where(is_last, end, np.minimum(start + number, end)))


@cache
def _age_codes() -> Tensor:
    age = np.arange(COARSE[-1] + 1)
    far = EXACT - 1 + np.searchsorted(np.array(COARSE), age, side="right")
    return torch.from_numpy(np.where(age < EXACT, age, far).astype(np.int64))


def age_codes(last: Tensor, today: Tensor) -> Tensor:
    """Return codes of the days from ``last`` to ``today``, any shape, int64."""
    table = _age_codes()
    code = table[(today - last).clamp(0, len(table) - 1)]
    return torch.where(last == NEVER, AGES - 1, code)


def month_later(last: Tensor) -> Tensor:
    """Return the day of the monthly return of ``last``, any shape, int64."""
    return _month_later()[last.clamp(0, HORIZON - 1)]


def due_codes(last: Tensor, today: Tensor) -> Tensor:
    """Return codes of the days from ``today`` to the monthly return of ``last``."""
    code = (month_later(last) - today).clamp(-EARLY - 1, LATE + 1) + EARLY + 1
    return torch.where(last == NEVER, DUES - 1, code)


@dataclass(frozen=True, eq=False)
class Rhythm:
    """How long ago kinds came, and how far their monthly return is.

    Attributes
    ----------
    ages, dues : Tensor of shape (n, m), int64
        Codes of the days since a kind and to its monthly return; ``m`` kinds on
        one day, or one kind on ``m`` days.
    """

    ages: Tensor
    dues: Tensor


class Renewal(nn.Module):
    """Weighs kinds, or dates of a kind, by their rhythm.

    Parameters
    ----------
    width : int
        Hidden units of the head that it serves.
    n_kinds : int
        Kinds with a rhythm of their own; 1 when the kind is known.
    """

    def __init__(self, width: int, n_kinds: int) -> None:
        super().__init__()
        self.renewal = nn.Parameter(torch.zeros(n_kinds, AGES + DUES))
        self.gates = nn.Linear(width, AGES + DUES)
        nn.init.zeros_(self.gates.weight)
        nn.init.zeros_(self.gates.bias)

    def forward(self, hidden: Tensor, rhythm: Rhythm) -> Tensor:
        """Return what is added to the logits of all kinds, shape (n, n_kinds)."""
        n, n_kinds = rhythm.ages.shape
        own = self.renewal.expand(n, n_kinds, -1)
        both = torch.stack([rhythm.ages, rhythm.dues + AGES], dim=2)
        return own.gather(2, both).sum(dim=2) + _weighed(self.gates(hidden), rhythm)

    def of_kind(self, hidden: Tensor, kind: Tensor, rhythm: Rhythm) -> Tensor:
        """Return what is added to the logits of dates, shape (n, n_dates), of ``kind`` (n,).

        In training half of the rows go without: a date that went wrong once would
        else be returned to for ever.
        """
        told = _weighed(self.renewal[kind] + self.gates(hidden), rhythm)
        return told * (torch.rand(len(told), 1) >= FORGOTTEN) if self.training else told


class Passing(nn.Module):
    """Weighs dates, and kinds, by the monthly returns that they would pass over.

    The next event is the earliest one: if it lies beyond the day on which a rent
    is due, there is no rent this month. A kind that keeps its own monthly return
    passes over all that is due before it.

    Parameters
    ----------
    n_kinds : int
        Kinds; how much each holds back, and how strictly it keeps its own
        return, is learned.
    """

    def __init__(self, n_kinds: int) -> None:
        super().__init__()
        self.renewal = nn.Parameter(torch.full((n_kinds,), -2.0))
        self.due = nn.Parameter(torch.full((n_kinds,), -2.0))

    def forward(self, last: Tensor, today: Tensor, reach: Tensor) -> Tensor:
        """Return what is added to the logits of dates, shape (n, n_dates).

        Parameters
        ----------
        last : Tensor of shape (n, n_kinds), int64
            Day on which each kind came last.
        today : Tensor of shape (n,), int64
        reach : Tensor of shape (n_dates,), int64
            Days ahead of each date; -1 where it is no single day.
        """
        before = self._before(*_awaited(last, today))
        return -before[:, reach.clamp(0, FURTHEST)] * (reach >= 0)

    def overtaking(self, last: Tensor, today: Tensor) -> Tensor:
        """Return what is added to the logits of kinds, shape (n, n_kinds); as :meth:`forward`."""
        ahead, counts = _awaited(last, today)
        passed = self._before(ahead, counts).gather(1, ahead)
        return -passed * counts * F.softplus(self.due)

    def _before(self, ahead: Tensor, counts: Tensor) -> Tensor:
        """Return the weight of all that is due before each day ahead, (n, FURTHEST + 1)."""
        on_day = torch.zeros(len(ahead), FURTHEST + 1)
        on_day = on_day.scatter_add(1, ahead, F.softplus(self.renewal) * counts)
        return torch.cumsum(on_day, dim=1) - on_day


def _awaited(last: Tensor, today: Tensor) -> tuple[Tensor, Tensor]:
    """Return days to the monthly return of each kind, and whether one is awaited."""
    ahead = month_later(last) - today[:, None]
    counts = (last != NEVER) & (ahead >= 0) & (ahead < FURTHEST)
    return ahead.clamp(0, FURTHEST), counts


def _weighed(weights: Tensor, rhythm: Rhythm) -> Tensor:
    return weights.gather(1, rhythm.ages) + weights.gather(1, rhythm.dues + AGES)


def kind_column(layout: Layout) -> int | None:
    """Return the column of the kind, where there is one and a clock to date it."""
    if layout.clock is None or layout.kind is None:
        return None
    return [item.name for item in layout.fields].index(layout.kind)


def last_days(codes: Days, days: Days, offsets: Days, n_kinds: int) -> NDArray[np.int32]:
    """Return the day on which each kind came last before each event.

    Parameters
    ----------
    codes, days : ndarray of shape (n_events,), int64
        Kind and day of each event; codes from ``n_kinds`` on are no kind.
    offsets : ndarray of shape (n_sequences + 1,), int64
        As in a panel.

    Returns
    -------
    ndarray of shape (n_events, n_kinds), int32
        Days since 1970; ``NEVER`` where the kind has not come yet.
    """
    n = len(codes)
    result = np.full((n, n_kinds), NEVER, dtype=np.int32)
    place = np.arange(n)
    start = np.repeat(offsets[:-1], np.diff(offsets))
    for kind in range(n_kinds):
        latest = np.maximum.accumulate(np.where(codes == kind, place, -1))
        before = np.concatenate([[-1], latest[:-1]])
        known = before >= start
        result[known, kind] = days[before[known]]
    return result


class RunningRenewal:
    """The same days, kept up step by step while sequences are drawn."""

    def __init__(self, n: int, n_kinds: int) -> None:
        self._last = torch.full((n, n_kinds), NEVER, dtype=torch.int64)
        self._rows = torch.arange(n)

    def keep(self, rows: Tensor) -> None:
        """Forget all sequences but ``rows``."""
        self._last, self._rows = self._last[rows], torch.arange(len(rows))

    def last(self, alive: int) -> Tensor:
        """Return the day on which each kind came last, shape (alive, n_kinds)."""
        return self._last[:alive]

    def note(self, kind: Tensor, today: Tensor) -> None:
        """Remember the kinds and days of a step that was drawn."""
        self._last[self._rows[: len(kind)], kind] = today
