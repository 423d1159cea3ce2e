"""How a market stress comes and goes with time, and how that is read off the paths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.scenario import StressScenario

# Part of the full effect below which the noise of a day's volatility is larger [J].
_SEEN = 0.1


def duration(scenario: StressScenario, horizon: int) -> float:
    """Return the days of the scenario that the horizon holds."""
    return min(scenario.window.duration_d or horizon, horizon)


def active(scenario: StressScenario, horizon: int) -> Floats:
    """Return 1 on the days of the scenario and 0 after them, shape (horizon,)."""
    return (np.arange(horizon) < duration(scenario, horizon)).astype(np.float64)


def rise_and_fall(scenario: StressScenario, horizon: int, rise: float, half_life: float) -> Floats:
    """Return the part of the full effect on each day, shape (horizon,).

    It rises evenly within ``rise`` days, stays until the scenario's duration ends, and
    then falls by half every ``half_life`` days.
    """
    day = np.arange(horizon)
    risen = np.minimum((day + 1) / max(rise, 1.0), 1.0)
    late = np.maximum(day + 1 - (scenario.window.duration_d or horizon), 0)
    return np.asarray(risen * 0.5 ** (late / half_life))


def interquartile(returns: Floats) -> Floats:
    """Return the range of the middle half over the paths: what rare jumps do not move."""
    low, high = np.quantile(returns, [0.25, 0.75], axis=0)
    return np.asarray(high - low)


def deviation(returns: Floats) -> Floats:
    """Return the standard deviation over the paths."""
    return np.asarray(returns.std(axis=0))


def daily_factor(
    base: Floats, stressed: Floats, spread: Callable[[Floats], Floats] = deviation
) -> Floats:
    """Return the log factor on volatility on each day, median over assets, shape (horizon,).

    Each day over all paths, by their ``spread``; NaN for a single path.
    """
    if len(base) < 2:
        return np.full(base.shape[1], np.nan)
    before, after = spread(base), spread(stressed)
    moving = (before > 0).all(axis=0) & (after > 0).all(axis=0)
    if not moving.any():
        return np.full(base.shape[1], np.nan)
    return np.asarray(np.median(np.log(after[:, moving] / before[:, moving]), axis=1))


def rise_days(factor: Floats, full: float) -> float:
    """Return within how many days ``factor`` rose to ``full``, NaN where it never did.

    An even rise over r days lacks (r - 1) / 2 full days in sum.
    """
    if not np.isfinite(factor).all() or abs(full) < 1e-12:
        return float("nan")
    reached = np.flatnonzero(factor / full >= 0.99)
    if not len(reached):
        return float("nan")
    return float(2.0 * (1.0 - factor[: reached[0]] / full).sum() + 1.0)


def half_life(factor: Floats, full: float) -> float:
    """Return the days in which ``factor``, from ``full`` on its first day, falls by half.

    Least squares through the logarithms, as far as there is something to see; NaN
    with fewer than two such days.
    """
    part = factor / full if abs(full) > 1e-12 else np.zeros(0)
    low = np.flatnonzero(~(part > _SEEN))
    part = part[: low[0]] if len(low) else part
    if len(part) < 2:
        return float("nan")
    days = np.arange(1, len(part) + 1)
    slope = float(days @ np.log2(part)) / float(days @ days)
    return -1.0 / slope if slope < 0 else float("nan")
