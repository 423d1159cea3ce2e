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
from riskgen.models.timegan.dues import EARLY, FAR, LATE, NEVER, Dues

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
    code = _at(table, (today - last).clamp_(0, len(table) - 1))
    return code.masked_fill_(last == NEVER, AGES - 1)


def due_codes(due: Tensor, today: Tensor) -> Tensor:
    """Return codes of the days from ``today`` to the awaited return ``due``; both int64."""
    code = (due - today).clamp_(-LATE - 1, EARLY + 1).add_(LATE + 1)
    return code.masked_fill_(due == FAR, DUES - 1)


def _at(table: Tensor, places: Tensor) -> Tensor:
    """Return ``table[places]``, faster than indexing."""
    return table.index_select(0, places.flatten()).view(places.shape)


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

    @classmethod
    def of(cls, last: Tensor, due: Tensor, today: Tensor) -> Rhythm:
        """Return the rhythm on ``today`` of kinds with a ``last`` day that are ``due``."""
        return cls(age_codes(last, today), due_codes(due, today))

    def with_never(self) -> Rhythm:
        """Return the same with one more column: a kind that never came."""
        return Rhythm(
            F.pad(self.ages, (0, 1), value=AGES - 1), F.pad(self.dues, (0, 1), value=DUES - 1)
        )

    @property
    def places(self) -> Tensor:
        """Places of ages and dues among ``AGES + DUES`` weights, shape (n, 2 * m), int64."""
        return torch.cat([self.ages, self.dues + AGES], dim=1)


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
        places, n_kinds = rhythm.places, rhythm.ages.shape[1]
        kind = torch.arange(n_kinds).repeat(2) * (AGES + DUES)
        own = _at(self.renewal.flatten(), places + kind)
        told = own + self.gates(hidden).gather(1, places)
        result: Tensor = told.view(-1, 2, n_kinds).sum(dim=1)
        return result

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
        # Not trained: what weekends do, see Occurrences.rolls.
        self.register_buffer("rolls", torch.zeros(n_kinds, dtype=torch.int64))

    @torch.no_grad()
    def start_at(self, kept: NDArray[np.float64]) -> None:
        """Begin as strict as the share (n_kinds,) of monthly returns that are kept."""
        self.renewal.copy_(strictness(kept))
        # A kind that keeps its own return, and only such a kind, comes when it is due.
        self.due.copy_(torch.from_numpy(np.log(np.expm1(np.clip(kept, RAREST, 1.0)))).float())

    def forward(self, due: Tensor, today: Tensor, days: Tensor, kind: Tensor) -> Tensor:
        """Return what is added to the logits of dates, shape (n, n_days + 1).

        Parameters
        ----------
        due : Tensor of shape (n, n_kinds), int64
            Day on which each kind is awaited.
        today : Tensor of shape (n,), int64
        days : Tensor of shape (n_days,), int64
            Days ahead of each date; one more date lies on no single day.
        kind : Tensor of shape (n,), int64
            Of the event; a late rent does not pass over itself.
        """
        others = due.scatter(1, kind[:, None], FAR)
        before = self._before(others - today[:, None])
        return F.pad(-before.index_select(1, days.clamp(max=FURTHEST)), (0, 1))

    def overtaking(self, due: Tensor, today: Tensor) -> Tensor:
        """Return what is added to the logits of kinds, shape (n, n_kinds); as :meth:`forward`."""
        ahead = due - today[:, None]
        passed = self._before(ahead).gather(1, ahead.clamp(0, FURTHEST))
        kept = (ahead >= 0) & (ahead < FURTHEST)
        return -passed * kept * F.softplus(self.due)

    def _before(self, ahead: Tensor) -> Tensor:
        """Return the weight of all that is due before each day ahead, (n, FURTHEST + 2)."""
        # Place 0 holds what is past, place 1 today, and the last one what is too far.
        place = (ahead + 1).clamp_(0, FURTHEST + 1)
        weights = F.softplus(self.renewal).expand(len(ahead), -1)
        on_day = torch.zeros(len(ahead), FURTHEST + 2).scatter_add(1, place, weights)
        return F.pad(torch.cumsum(on_day[:, 1:], dim=1), (1, 0))


def strictness(kept: NDArray[np.float64]) -> Tensor:
    """Return weights whose softplus is -log of the share that is not kept."""
    odds = -np.log(np.clip(1.0 - kept, RAREST, 1.0 - RAREST))
    return torch.from_numpy(np.log(np.expm1(odds))).float()


def _weighed(weights: Tensor, rhythm: Rhythm) -> Tensor:
    return weights.gather(1, rhythm.places).view(len(weights), 2, -1).sum(dim=1)


def kind_column(layout: Layout) -> int | None:
    """Return the column of the kind, where there is one and a clock to date it."""
    if layout.clock is None or layout.kind is None:
        return None
    return [item.name for item in layout.fields].index(layout.kind)


class RunningRenewal:
    """When kinds came last and when they are awaited, kept up while sequences are drawn."""

    def __init__(self, n: int, rolls: Days) -> None:
        self._last = torch.full((n, len(rolls)), NEVER, dtype=torch.int64)
        self._dues = Dues(n, rolls)

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
