"""Which gaps the calendar allows, and which ones keep the pace.

A payday is a day that is reached, not a gap that is kept: each gap level is also
weighed by the weekday and the day of the month that it leads to.

Likelihood alone leaves a little weight on impossible gaps, and free-running
errors add up: without this, a simulated year ends weeks early or late. The same
guide holds while learning and while drawing, so the likelihood stays one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Clock, Floats, Steering
from riskgen.models.timegan.dues import NEVER
from riskgen.models.timegan.renewal import Rhythm, age_codes, due_codes

PULLS = 2
"""How a gap is pulled towards the pace: by distance and by squared distance."""

WEEKDAYS, MONTH_DAYS, LAST_DAYS = 7, 31, 5
"""What a day is: its weekday, its day of the month, and the days left if few."""

DATES = WEEKDAYS + MONTH_DAYS + LAST_DAYS


def dates_of(days: NDArray[np.int64], reach: NDArray[np.int64]) -> Tensor:
    """Return what the day is that each gap level leads to.

    Parameters
    ----------
    days : ndarray of shape (n,), int64
        Day of the event before, since 1970.
    reach : ndarray of shape (n_levels,), int64
        Days ahead of each level; -1 where the level is no single day.

    Returns
    -------
    Tensor of shape (n, n_levels, 3), int64
        Places among ``DATES`` weights; ``DATES`` itself stands for none.
    """
    low, high = int(days.min(initial=0)), int(days.max(initial=0))
    day = np.arange(low, high + int(reach.max(initial=0)) + 1)
    date = day.astype("M8[D]")
    month = date.astype("M8[M]")
    number = (date - month.astype("M8[D]")).astype(np.int64)
    left = ((month + 1).astype("M8[D]") - date).astype(np.int64) - 1
    last = np.where(left < LAST_DAYS, WEEKDAYS + MONTH_DAYS + left, DATES)
    parts = np.stack([np.mod(day + 3, WEEKDAYS), WEEKDAYS + number, last], axis=1)
    found = torch.from_numpy(parts)[torch.from_numpy(days[:, None] - low + np.maximum(reach, 0))]
    return torch.where(torch.from_numpy(reach < 0)[None, :, None], DATES, found)


def pull(pace: Tensor, sizes: Tensor) -> Tensor:
    """Return how near each gap level is to the pace, shape (n, PULLS, n_levels).

    Parameters
    ----------
    pace : Tensor of shape (n,)
        Log of the days left for each event left.
    sizes : Tensor of shape (n_levels,)
        Log of the days that each level takes.
    """
    distance = sizes[None, :] - pace[:, None]
    return torch.stack([-distance.abs(), -0.5 * distance.square()], dim=1)


class Steer:
    """What each level of the steered field would lead to, told or asked when it is drawn.

    Parameters
    ----------
    steering : Steering
        Of the layout.
    known : ndarray of shape (n, n_known)
        What it knows before each event.
    values : ndarray of shape (n, n_fields) or None
        The events, where they are there already.
    """

    def __init__(self, steering: Steering, known: Floats, values: Floats | None = None) -> None:
        self._steering, self._known = steering, known
        self._told = None if values is None else self.signals(values)

    def signals(self, values: Floats | None) -> Tensor:
        """Return the signals (n, n_signals, n_levels); without ``values`` those told before."""
        if values is None:
            assert self._told is not None, "nothing was told"
            return self._told
        return torch.from_numpy(self._steering.signals(self._known, values)).float()


@dataclass(frozen=True, eq=False)
class Guide:
    """What the calendar says of the next gap.

    Attributes
    ----------
    bounds : Tensor of shape (n, 2), int64
        Lowest and highest possible level.
    pulls : Tensor of shape (n, PULLS, n_levels)
        See :func:`pull`.
    dates : Tensor of shape (n, n_levels, 3), int64
        See :func:`dates_of`.
    today : Tensor of shape (n,), int64
        Day of the event before, since 1970.
    reach : Tensor of shape (n_levels,), int64
        Days ahead of each level; -1 where the level is no single day.
    last : Tensor of shape (n, n_kinds), int64
        Day on which each kind came last, since 1970; ``NEVER`` if it did not.
    due : Tensor of shape (n, n_kinds), int64
        Day on which each kind is awaited next; ``NEVER`` if it is not.
    end : Tensor of shape (n,), int64
        Last observed day, since 1970.
    steers : mapping of str to Steer
        Of the layout's steerings, by the field that each weighs.
    """

    bounds: Tensor
    pulls: Tensor
    dates: Tensor
    today: Tensor
    reach: Tensor
    last: Tensor
    due: Tensor
    end: Tensor
    steers: Mapping[str, Steer] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        bounds: NDArray[np.int64],
        pace: Floats,
        days: NDArray[np.int64],
        clock: Clock,
        last: Tensor | None = None,
        due: Tensor | None = None,
        steers: Mapping[str, Steer] | None = None,
    ) -> Guide:
        """Return the guide that a clock's numbers and the kinds' last days make."""
        sizes = torch.from_numpy(clock.gap_sizes()).float()
        near = pull(torch.from_numpy(pace).float(), sizes)
        reach = clock.gap_days()
        nothing = torch.zeros(len(days), 0, dtype=torch.int64)
        return cls(
            torch.from_numpy(bounds),
            near,
            dates_of(days, reach),
            torch.from_numpy(days),
            torch.from_numpy(reach),
            nothing if last is None else last,
            nothing if due is None else due,
            torch.full((len(days),), clock.last_day),
            steers or {},
        )

    def rhythm(self) -> Rhythm:
        """Return the rhythm of all kinds today, each tensor of shape (n, n_kinds)."""
        today = self.today[:, None]
        return Rhythm(age_codes(self.last, today), due_codes(self.due, today))

    def returns(self, kind: Tensor) -> Rhythm:
        """Return the rhythm of ``kind`` (n,) on the date of each level, shape (n, n_levels)."""
        parts = (part.gather(1, kind[:, None]) for part in (self.last, self.due))
        last, due = (torch.where(self.reach[None, :] < 0, NEVER, part) for part in parts)
        target = self.today[:, None] + self.reach.clamp(min=0)
        return Rhythm(age_codes(last, target), due_codes(due, target))

    def weighed(self, weights: Tensor) -> Tensor:
        """Return the weight of the day that each level leads to, shape (n, n_levels).

        Parameters
        ----------
        weights : Tensor of shape (n, DATES)
            Of weekdays, days of the month and last days.
        """
        padded = F.pad(weights, (0, 1))
        parts = [padded.gather(1, self.dates[:, :, k]) for k in range(self.dates.shape[2])]
        return torch.stack(parts).sum(dim=0)


def ruled_out(bounds: Tensor, n_levels: int) -> Tensor:
    """Return which levels lie outside their bounds.

    Parameters
    ----------
    bounds : Tensor of shape (n, 2), int64
        Lowest and highest possible level.
    n_levels : int
        Levels of the field.

    Returns
    -------
    Tensor of shape (n, n_levels), bool
    """
    level = torch.arange(n_levels)
    return (level < bounds[:, :1]) | (level > bounds[:, 1:])


def with_observed(bounds: Tensor, codes: Tensor) -> Tensor:
    """Return bounds widened to what was observed: a clipped last day may lie early."""
    lowest = torch.minimum(bounds[:, 0], codes)
    return torch.stack([lowest, torch.maximum(bounds[:, 1], codes)], dim=1)
