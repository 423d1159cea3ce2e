"""Whether something as severe has happened before, and how often it would come back.

PROTOCOL E2, historical anchor. Counts in the past first; beyond it a generalised
Pareto law of the excesses (Coles 2001, ch. 4), whose interval says how little is
known there. Knows numbers, not paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import genpareto

from riskgen.seeding import stream
from riskgen.simulate.mechanisms.accounts import Floats

TAIL = 0.8
"""Quantile of the past above which excesses are fitted [J]: Coles asks for the lowest at which
the law holds; with some hundred windows there is no choice below it."""
FEWEST = 30  # windows below which nothing is said [J]
DRAWS = 300
# A return period beyond this many times the length of the past is not a number [J].
FARTHEST = 100.0


@dataclass(frozen=True)
class Precedent:
    """How often the past was as severe.

    Attributes
    ----------
    level : float
        What is asked about.
    n_windows, n_as_severe : int
        Windows of the past, and those that reached the level.
    years : float
        Length of the past.
    period, lower, upper : float or None
        Return period in years by the Pareto law and its 95 % interval; None where it
        is longer than a hundred pasts, or the past is too short.
    """

    level: float
    n_windows: int
    n_as_severe: int
    years: float
    period: float | None = None
    lower: float | None = None
    upper: float | None = None

    def sentence(self, name: str) -> str:
        """Say it in words; ``name`` is what was measured."""
        if self.n_windows < FEWEST:
            return f"{name}: the past holds {self.n_windows} windows, too few to say."
        if self.n_as_severe == 0:
            seen = f"no precedent in {self.years:.0f} years of data"
        else:
            seen = f"as severe in {self.n_as_severe} of {self.n_windows} windows of the past"
        if self.period is None:
            return f"{name}: {seen}; beyond what these data can give a return period for."
        return f"{name}: {seen}; about once in {_years(self.period)} ({self._interval()})."

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "level": self.level,
            "n_windows": self.n_windows,
            "n_as_severe": self.n_as_severe,
            "years_of_data": self.years,
            "return_period_years": self.period,
            "lower": self.lower,
            "upper": self.upper,
        }

    def _interval(self) -> str:
        low = "?" if self.lower is None else _years(self.lower)
        return f"{low} to {'no bound' if self.upper is None else _years(self.upper)}"


def precedent(history: Floats, level: float, years: float, *, seed: int = 0) -> Precedent:
    """Return how often ``history`` was as severe as ``level``.

    Parameters
    ----------
    history : ndarray of shape (n_windows,)
        The statistic in windows of the past that do not overlap; larger is worse.
    level : float
        What is asked about.
    years : float
        Length of the past, in years.
    seed : int
        Names the resamples of the interval.
    """
    past = history[np.isfinite(history)]
    n, reached = len(past), int((past >= level).sum())
    if n < FEWEST or not np.isfinite(level):
        return Precedent(float(level), n, reached, years)
    every = years / n
    rng = stream(seed, "precedent")
    drawn = [_rate(past[rng.integers(n, size=n)], level) for _ in range(DRAWS)]
    fastest, slowest = np.quantile(drawn, [0.975, 0.025])
    periods = (_period(rate, every, years) for rate in (_rate(past, level), fastest, slowest))
    return Precedent(float(level), n, reached, years, *periods)


def _rate(past: Floats, level: float) -> float:
    """Return the probability that a window reaches the level."""
    bound = float(np.quantile(past, TAIL))
    if level <= bound:
        return float((past >= level).mean())
    excess = past[past > bound] - bound
    if len(excess) < 3 or np.ptp(excess) == 0:
        return float((past >= level).mean())
    shape, scale = _pareto(excess)
    return float(len(excess) / len(past) * genpareto.sf(level - bound, shape, scale=scale))


def _pareto(excess: Floats) -> tuple[float, float]:
    """Return shape and scale by probability-weighted moments (Hosking & Wallis 1987, sec. 3.2).

    With a few dozen excesses they err less than maximum likelihood, for shapes below
    one half.
    """
    ordered = np.sort(excess)
    above = 1.0 - (np.arange(1, len(ordered) + 1) - 0.35) / len(ordered)
    mean, weighted = float(ordered.mean()), float((above * ordered).mean())
    gap = mean - 2.0 * weighted
    return 2.0 - mean / gap, 2.0 * mean * weighted / gap


def _period(rate: float, every: float, years: float) -> float | None:
    if rate <= 0 or every / rate > FARTHEST * years:
        return None
    return every / rate


def _years(period: float) -> str:
    return f"{period:.1f} years" if period < 10 else f"{period:,.0f} years"
