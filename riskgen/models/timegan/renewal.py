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
from riskgen.models.timegan.dues import EARLY, LATE, NEVER, Dues

Days = NDArray[np.int64]

EXACT = 36
COARSE = (36, 43, 50, 57, 71, 92, 123, 184, 366)
"""Days since the last event: told apart up to five weeks, then in steps up to a year [J]."""

AGES = EXACT + len(COARSE) + 1
"""Codes of an age; the last one stands for never."""

DUES = EARLY + LATE + 4
"""Codes of the days to a monthly return; the last one stands for never."""

FURTHEST = 40
"""Days ahead that are told apart when returns are passed over: a month and a week [J]."""

RAREST = 0.005
"""Share of returns that are missed below which none need be told apart [J]."""

FORGOTTEN = 0.5
"""Share of training rows that go without the days of their kind. On a simulated bank the
share of salaries on their day rose from .77 to .86, with the same likelihood."""


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


def due_codes(due: Tensor, today: Tensor) -> Tensor:
    """Return codes of the days from ``today`` to the awaited return ``due``, any shape, int64."""
    code = (due - today).clamp(-LATE - 1, EARLY + 1) + LATE + 1
    return torch.where(due == NEVER, DUES - 1, code)


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

    @torch.no_grad()
    def start_at(self, kept: NDArray[np.float64]) -> None:
        """Begin as strict as the share (n_kinds,) of monthly returns that are kept."""
        self.renewal.copy_(strictness(kept))
        # A kind that keeps its own return, and only such a kind, comes when it is due.
        self.due.copy_(torch.from_numpy(np.log(np.expm1(np.clip(kept, RAREST, 1.0)))).float())

    def forward(self, due: Tensor, today: Tensor, reach: Tensor) -> Tensor:
        """Return what is added to the logits of dates, shape (n, n_dates).

        Parameters
        ----------
        due : Tensor of shape (n, n_kinds), int64
            Day on which each kind is awaited.
        today : Tensor of shape (n,), int64
        reach : Tensor of shape (n_dates,), int64
            Days ahead of each date; -1 where it is no single day.
        """
        before = self._before(*_awaited(due, today))
        return -before[:, reach.clamp(0, FURTHEST)] * (reach >= 0)

    def overtaking(self, due: Tensor, today: Tensor) -> Tensor:
        """Return what is added to the logits of kinds, shape (n, n_kinds); as :meth:`forward`."""
        ahead, counts = _awaited(due, today)
        passed = self._before(ahead, counts).gather(1, ahead)
        return -passed * counts * F.softplus(self.due)

    def _before(self, ahead: Tensor, counts: Tensor) -> Tensor:
        """Return the weight of all that is due before each day ahead, (n, FURTHEST + 1)."""
        on_day = torch.zeros(len(ahead), FURTHEST + 1)
        on_day = on_day.scatter_add(1, ahead, F.softplus(self.renewal) * counts)
        return torch.cumsum(on_day, dim=1) - on_day


def strictness(kept: NDArray[np.float64]) -> Tensor:
    """Return weights whose softplus is -log of the share that is not kept."""
    odds = -np.log(np.clip(1.0 - kept, RAREST, 1.0 - RAREST))
    return torch.from_numpy(np.log(np.expm1(odds))).float()


def _awaited(due: Tensor, today: Tensor) -> tuple[Tensor, Tensor]:
    """Return days to the monthly return of each kind, and whether one is awaited."""
    ahead = due - today[:, None]
    counts = (due != NEVER) & (ahead >= 0) & (ahead < FURTHEST)
    return ahead.clamp(0, FURTHEST), counts


def _weighed(weights: Tensor, rhythm: Rhythm) -> Tensor:
    return weights.gather(1, rhythm.ages) + weights.gather(1, rhythm.dues + AGES)


def kind_column(layout: Layout) -> int | None:
    """Return the column of the kind, where there is one and a clock to date it."""
    if layout.clock is None or layout.kind is None:
        return None
    return [item.name for item in layout.fields].index(layout.kind)


class RunningRenewal:
    """When kinds came last and when they are awaited, kept up while sequences are drawn."""

    def __init__(self, n: int, n_kinds: int) -> None:
        self._last = torch.full((n, n_kinds), NEVER, dtype=torch.int64)
        self._dues = Dues(n, n_kinds)

    def keep(self, rows: Tensor) -> None:
        """Forget all sequences but ``rows``."""
        self._last = self._last[rows]
        self._dues.keep(rows.numpy())

    def last(self, alive: int) -> Tensor:
        """Return the day on which each kind came last, shape (alive, n_kinds)."""
        return self._last[:alive]

    def due(self, today: Days) -> Tensor:
        """Return the day on which each kind is awaited, shape (n, n_kinds)."""
        return torch.from_numpy(self._dues.nearest(today))

    def note(self, kind: Tensor, today: Tensor) -> None:
        """Remember the kinds and days of a step that was drawn."""
        self._last[torch.arange(len(kind)), kind] = today
        self._dues.note(kind.numpy(), today.numpy())
