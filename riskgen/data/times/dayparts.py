"""Numbers that say where in the year and the month a day lies. Knows days only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def circle(turn: Floats) -> list[Floats]:
    """Return sine and cosine of a share of a turn."""
    return [np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)]


def day_of_month(day: Ints) -> list[Floats]:
    """Return sine and cosine of the day of the month, the day, and the days left; / 31."""
    date = day.astype("M8[D]")
    month = date.astype("M8[M]")
    number = (date - month.astype("M8[D]")).astype(np.float64) + 1.0
    size = ((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(np.float64)
    return [*circle((number - 1) / size), number / 31.0, (size - number) / 31.0]
