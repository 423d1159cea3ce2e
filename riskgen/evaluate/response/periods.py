"""The months in which responses are tried, the same for every customer.

Histories need a beginning before anything in them can be called new. Knows times only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, Events

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MONTH = 30 * SECONDS_PER_DAY
WARM_UP = MONTH  # before it every payee is new; a quarter of a shorter history [J]


@dataclass(frozen=True)
class Periods:
    """Stretches of equal length that end with the data.

    Attributes
    ----------
    start, width : float
        Seconds since 1970 at which the first begins; seconds of each.
    count : int
        How many there are.
    """

    start: float
    width: float
    count: int

    @classmethod
    def of(cls, seconds: Floats) -> Periods:
        """Lay out as many months as fit after the warm-up; one shorter period if none does."""
        first, last = float(seconds.min()), float(seconds.max())
        room = last - first - min(WARM_UP, 0.25 * (last - first))
        count = max(1, int(room // MONTH))
        width = MONTH if room >= MONTH else room
        return cls(last - count * width, width, count)

    @property
    def window(self) -> tuple[float, float]:
        """Seconds since 1970: start < time <= end."""
        return self.start, self.start + self.count * self.width

    @property
    def months(self) -> float:
        """Length of one period in months of 30 days."""
        return self.width / MONTH

    def of_seconds(self, seconds: Floats) -> Ints:
        """Return the period of each time; -1 where it is before or after all of them."""
        period = np.ceil((seconds - self.start) / self.width).astype(np.int64) - 1
        # The last moment lies in the last period, whatever the rounding.
        period = np.where(seconds >= self.window[1] - 1e-3, self.count - 1, period)
        beyond = (period < 0) | (seconds > self.window[1] + 1e-3)
        return np.where(beyond, -1, period)

    def exposure(self, events: Events) -> Floats:
        """Return in how many months each entity has an event, shape (n_entities,)."""
        period = self.of_seconds(events.seconds())
        inside = period >= 0
        pairs = np.unique(events.owner[inside] * self.count + period[inside])
        active = np.bincount(pairs // self.count, minlength=events.n_entities)
        return np.asarray(active * self.months, dtype=np.float64)
