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
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats, Steering
from riskgen.models.timegan.ahead import HOURS, Ahead, weighed_dates
from riskgen.models.timegan.dues import FAR, NEVER
from riskgen.models.timegan.renewal import Rhythm

PULLS = 2
"""How a gap is pulled towards the pace: by distance and by squared distance."""


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

    @classmethod
    def told(cls, steering: Steering, known: Floats, signals: Tensor) -> Steer:
        """Return one whose signals of the events were worked out before."""
        steer = cls(steering, known)
        steer._told = signals
        return steer

    def signals(self, values: Floats | None = None) -> Tensor:
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
    pace : Tensor of shape (n,)
        Log of the days left for each event left.
    today : Tensor of shape (n,), int64
        Day of the event before, since 1970.
    clock : Tensor of shape (n,), float64
        Its hour, 0 to 24.
    ahead : Ahead
        What the levels lead to.
    last : Tensor of shape (n, n_kinds), int64
        Day on which each kind came last, since 1970; ``NEVER`` if it did not.
    due : Tensor of shape (n, n_kinds), int64
        Day on which each kind is awaited next; ``FAR`` if it is not.
    steers : mapping of str to Steer
        Of the layout's steerings, by the field that each weighs.
    """

    bounds: Tensor
    pace: Tensor
    today: Tensor
    clock: Tensor
    ahead: Ahead
    last: Tensor
    due: Tensor
    steers: Mapping[str, Steer] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        bounds: NDArray[np.int64],
        pace: Floats,
        moments: Floats,
        ahead: Ahead,
        rhythm: tuple[Tensor, Tensor] | None = None,
        steers: Mapping[str, Steer] | None = None,
    ) -> Guide:
        """Return the guide that a clock's numbers and the kinds' rhythm make.

        ``moments`` are those of the event before, in days since 1970; ``rhythm`` is the
        day on which each kind came last, and that on which it is awaited; ``NEVER``
        where there is none.
        """
        nothing = torch.zeros(len(moments), 0, dtype=torch.int64)
        days = np.floor(moments)
        last, due = (nothing, nothing) if rhythm is None else rhythm
        return cls(
            torch.from_numpy(bounds),
            torch.from_numpy(pace).float(),
            torch.from_numpy(days.astype(np.int64)),
            torch.from_numpy((moments - days) * HOURS),
            ahead,
            last,
            due.masked_fill(due == NEVER, FAR),
            steers or {},
        )

    @property
    def pulls(self) -> Tensor:
        """How near each level is to the pace, shape (n, PULLS, n_levels)."""
        return pull(self.pace, self.ahead.sizes)

    @cached_property
    def target(self) -> Tensor:
        """The days ahead as days since 1970, shape (n, n_days), int64."""
        return self.today[:, None] + self.ahead.days

    def rhythm(self) -> Rhythm:
        """Return the rhythm of all kinds today, each tensor of shape (n, n_kinds)."""
        return Rhythm.of(self.last, self.due, self.today[:, None])

    def rhythm_of(self, kind: Tensor) -> Rhythm:
        """Return the rhythm of ``kind`` (n,) on the days ahead, shape (n, n_days + 1).

        The last one stands for no single day: it is like a kind that never came.
        """
        last, due = (days.gather(1, kind[:, None]) for days in (self.last, self.due))
        return Rhythm.of(last, due, self.target).with_never()

    def weighed(self, weights: Tensor) -> Tensor:
        """Return the weight of each day ahead, shape (n, n_days + 1); no single day has none.

        Parameters
        ----------
        weights : Tensor of shape (n, DATES)
            Of weekdays, days of the month and last days.
        """
        return F.pad(weighed_dates(weights, self.target), (0, 1))


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
