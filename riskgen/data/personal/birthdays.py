"""Dates that a national id carries: whether six or eight digits can be a birthday."""

from __future__ import annotations

import calendar


def is_day(year: int, month: int, day: int) -> bool:
    """Whether a date exists."""
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def is_short_day(year: int, month: int, day: int) -> bool:
    """Whether a date with a year of two digits exists in some century."""
    # 29 February 00 is a day of 2000 and none of 1900.
    return is_day(2000 + year, month, day)


def parts(digits: str) -> tuple[int, int, int]:
    """Return year, month and day of ``YYMMDD``."""
    return int(digits[:2]), int(digits[2:4]), int(digits[4:6])
