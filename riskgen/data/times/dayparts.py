"""Numbers that say where in the year and the month a day lies. Knows days only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = 86_400.0  # seconds
BLOCK = 512  # days that a table of parts grows by, so that one serves many calls [J]


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


def date_features(seconds: Floats, resolution: str) -> list[Floats]:
    """Return what the calendar says of times in seconds since 1970, as finely as it is known.

    Month of the year; or weekday, then day of the month, then time of day.
    """
    day = np.floor(seconds / DAY).astype(np.int64)
    first, last = (int(edge) // BLOCK for edge in (day.min(), day.max())) if len(day) else (0, 0)
    parts: list[Floats] = [_day_table(first, last, resolution)[day - first * BLOCK]]
    if resolution == "clock":
        parts.extend(circle(np.mod(seconds, DAY) / DAY))
    return parts


@lru_cache(maxsize=32)
def _day_table(first: int, last: int, resolution: str) -> Floats:
    """Return what the calendar says of each day of some blocks, shape (n_days, n_parts)."""
    day = np.arange(first * BLOCK, (last + 1) * BLOCK)
    if resolution == "month":
        month = np.mod(day.astype("M8[D]").astype("M8[M]").astype(np.int64), 12)
        return np.column_stack([*circle(month / 12.0), (month + 1) / 12.0])
    weekday = (np.mod(day + 3, 7)[:, None] == np.arange(7)).astype(np.float64)
    return weekday if resolution == "step" else np.column_stack([weekday, *day_of_month(day)])
