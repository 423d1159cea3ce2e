"""Times by day and by night inside a window, in closed form.

Night is from 0 to 6 o'clock, as in the Fraud Detection Handbook (Le Borgne
et al. 2022, chapter 3).
"""

from __future__ import annotations

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms.accounts import Flags, Floats

NIGHT = 6 * 3600.0
_DAY = SECONDS_PER_DAY - NIGHT


def is_night(seconds: Floats) -> Flags:
    """Whether each time lies between 0 and 6 o'clock."""
    return np.asarray(np.mod(seconds, SECONDS_PER_DAY) < NIGHT)


def at_hour_of(seconds: Floats, example: Floats) -> Floats:
    """Return the days of ``seconds`` at the time of day of ``example``."""
    return np.asarray(seconds - np.mod(seconds, SECONDS_PER_DAY) + np.mod(example, SECONDS_PER_DAY))


def times(start: Floats, stop: Floats, uniform: Floats, night: Flags) -> Floats:
    """Return one uniform time in each window, by night where wanted.

    A window without any night (or without any day) gives what it has.

    Parameters
    ----------
    start, stop : ndarray of shape (n,)
        Windows, seconds.
    uniform : ndarray of shape (n,)
        Place inside the wanted part of the window, in [0, 1).
    night : ndarray of shape (n,), bool
        Whether the time should be by night.
    """
    nights = _nights(start), _nights(stop)
    days = start - nights[0], stop - nights[1]
    by_night = np.where(night, nights[1] > nights[0], days[1] <= days[0])
    inside_night = nights[0] + uniform * (nights[1] - nights[0])
    inside_day = days[0] + uniform * (days[1] - days[0])
    whole = np.floor(inside_night / NIGHT)
    at_night = whole * SECONDS_PER_DAY + (inside_night - whole * NIGHT)
    whole = np.floor(inside_day / _DAY)
    at_day = whole * SECONDS_PER_DAY + NIGHT + (inside_day - whole * _DAY)
    return np.clip(np.where(by_night, at_night, at_day), start, stop)


def _nights(seconds: Floats) -> Floats:
    """Seconds of night since 1970."""
    days = np.floor(seconds / SECONDS_PER_DAY)
    return days * NIGHT + np.minimum(seconds - days * SECONDS_PER_DAY, NIGHT)
