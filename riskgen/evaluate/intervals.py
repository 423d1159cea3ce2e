"""Intervals: how far a number may be off, from closed forms or from resampled entities.

Knows arrays and :class:`Estimate`, not events. The unit that is resampled is
always the entity; rows of one customer are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]

LEVEL = 0.95


def t_interval(values: Floats, level: float = LEVEL) -> Estimate:
    """Return the mean of independent runs with Student's t-interval.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One number a run; a single run has no interval.
    """
    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return Estimate(mean, level=level, n=n)
    half = float(stats.t.ppf(0.5 + level / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half, level, n)


def wilson(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """Return a share with Wilson's score interval (Wilson 1927); no trials give 0..1."""
    if n == 0:
        return Estimate(float("nan"), 0.0, 1.0, level, 0)
    z = float(stats.norm.ppf(0.5 + level / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half), level, n)


def clopper_pearson(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """Return a share with the exact binomial interval (Clopper & Pearson 1934)."""
    if n == 0:
        return Estimate(float("nan"), 0.0, 1.0, level, 0)
    tail = (1 - level) / 2
    lower = stats.beta.ppf(tail, successes, n - successes + 1) if successes > 0 else 0.0
    upper = stats.beta.ppf(1 - tail, successes + 1, n - successes) if successes < n else 1.0
    return Estimate(successes / n, float(lower), float(upper), level, n)


def auc_interval(positive: Floats, negative: Floats, level: float = LEVEL) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval.

    DeLong, DeLong & Clarke-Pearson (1988), by mid-ranks as in Sun & Xu (2014).
    Perfect separation has no variance to go by; there the interval is Wilson's
    for the smaller class with no mistake.

    Parameters
    ----------
    positive, negative : ndarray of shape (m,) and (n,)
        Scores of independent units of the two classes, at least one each.
    """
    m, n = len(positive), len(negative)
    joint = stats.rankdata(np.concatenate([positive, negative]))
    above = (joint[:m] - stats.rankdata(positive)) / n
    below = 1.0 - (joint[m:] - stats.rankdata(negative)) / m
    value = float(above.mean())
    spread = _variance(above) / m + _variance(below) / n
    if spread <= 0.0 or min(m, n) < 2:
        exact = wilson(round(value * min(m, n)), min(m, n), level)
        return Estimate(value, exact.lower, exact.upper, level, m + n)
    half = float(stats.norm.ppf(0.5 + level / 2) * np.sqrt(spread))
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), level, m + n)


def resampling_weights(n: int, draws: int, rng: np.random.Generator) -> Floats:
    """Return how often each of ``n`` entities is drawn, shape (draws, n); rows sum to n."""
    return rng.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)


def percentile_interval(
    value: float, replicates: Floats, level: float = LEVEL, n: int | None = None
) -> Estimate:
    """Return ``value`` with the percentile interval of its bootstrap replicates."""
    kept = replicates[np.isfinite(replicates)]
    if len(kept) == 0:
        return Estimate(value, level=level, n=n)
    lower, upper = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(lower), float(upper), level, n)


def centred(value: float, replicates: Floats) -> Floats:
    """Return the finite replicates shifted to have ``value`` as their mean.

    What resampling itself adds, such as customers who are there twice, goes (Efron &
    Tibshirani 1993, ch. 10).
    """
    kept = replicates[np.isfinite(replicates)]
    # Rounded: a difference of exactly nothing must not become a hair more than nothing.
    return np.round(kept - kept.mean() + value, 12) if len(kept) else kept


def centred_interval(
    value: float, replicates: Floats, level: float = LEVEL, n: int | None = None
) -> Estimate:
    """Return ``value`` with the percentile interval of its centred replicates.

    It always has the value inside: a few replicates far out would otherwise push an
    interval of replicates that are nearly all alike away from it.
    """
    found = percentile_interval(value, centred(value, replicates), level, n)
    if found.lower is None or found.upper is None:
        return found
    return replace(found, lower=min(value, found.lower), upper=max(value, found.upper))


def distance_interval(
    value: float, replicates: Floats, level: float = LEVEL, n: int | None = None
) -> Estimate:
    """Return a distance with the centred interval of its replicates, cut at zero.

    A resampled distance is too long, since resampling adds noise to both sides.
    """
    found = centred_interval(value, replicates, level, n)
    return found if found.lower is None else replace(found, lower=max(0.0, found.lower))


def bca_interval(
    value: float,
    replicates: Floats,
    jackknife: Floats,
    level: float = LEVEL,
) -> Estimate:
    """Return ``value`` with the bias-corrected accelerated interval (Efron 1987).

    Parameters
    ----------
    replicates : ndarray of shape (draws,)
        The statistic on resampled entities.
    jackknife : ndarray of shape (n,)
        The statistic with each entity left out in turn.
    """
    below = np.mean(replicates < value) + 0.5 * np.mean(replicates == value)
    bias = stats.norm.ppf(np.clip(below, 0.5 / len(replicates), 1 - 0.5 / len(replicates)))
    spread = jackknife.mean() - jackknife
    scale = float(np.sum(spread**2)) ** 1.5
    acceleration = float(np.sum(spread**3)) / (6 * scale) if scale > 0 else 0.0
    z = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    lower, upper = np.quantile(
        replicates, stats.norm.cdf(bias + z / (1 - acceleration * z)), method="linear"
    )
    return Estimate(value, float(lower), float(upper), level, len(jackknife))


def bootstrap(
    units: Floats,
    statistic: Statistic,
    *,
    seed: int,
    draws: int = 2000,
    level: float = LEVEL,
    method: str = "bca",
) -> Estimate:
    """Return a statistic of entities with its bootstrap interval.

    Parameters
    ----------
    units : ndarray of shape (n, ...)
        One row an entity (first axis is resampled).
    statistic : callable
        Takes such an array, returns a number.
    method : str
        ``bca`` or ``percentile``.
    """
    rng, n = stream(seed, "bootstrap"), len(units)
    value = float(statistic(units))
    drawn = rng.integers(n, size=(draws, n))
    replicates = np.array([statistic(units[rows]) for rows in drawn])
    if method == "percentile" or n < 3:
        return percentile_interval(value, replicates, level, n)
    everyone = np.arange(n)
    jackknife = np.array([statistic(units[everyone != i]) for i in range(n)])
    return bca_interval(value, replicates, jackknife, level)


def one_sided_p(replicates: Floats) -> float:
    """Return the bootstrap p-value that a paired difference is not above zero.

    Ties count against the difference; the added one keeps p above 0 (Davison &
    Hinkley 1997, sec. 4.2).
    """
    kept = replicates[np.isfinite(replicates)]
    return float((1 + np.sum(kept <= 0.0)) / (1 + len(kept)))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values adjusted for their number, step down (Holm 1979)."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, p * (len(p_values) - rank)))
        adjusted[name] = highest
    return adjusted


def detectable_difference(n_positive: int, discordant: float = 0.10) -> float:
    """Return the smallest difference in recall that a paired test sees with 80 % power.

    2.8 · sqrt(discordant / n): 2.8 = z(.975) + z(.80); ``discordant`` is the
    share of fraud entities on which the two arms disagree (PROTOCOL B3).
    """
    return 2.8 * float(np.sqrt(discordant / n_positive)) if n_positive > 0 else float("inf")


def _variance(values: Floats) -> float:
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0
