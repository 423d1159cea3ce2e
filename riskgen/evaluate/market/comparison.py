"""How far a fact of simulated paths is from history, against what chance explains.

The noise band is the 95 % quantile of the distance that resampling alone makes
between history and simulation; within it is green, within twice amber, beyond
red (baseline idea of Tail-GAN, Cont et al. 2025; factors are our judgement).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import distance_interval
from riskgen.evaluate.market.sample import ReturnSample
from riskgen.evaluate.result import Estimate, MetricResult, Threshold

Floats = NDArray[np.float64]
Distance = Literal["absolute", "relative", "root", "excess"]
Show = Callable[[Floats], Floats]

NOISE_LEVEL = 0.95  # PROTOCOL A6
AMBER = 2.0  # PROTOCOL A6 [J]


@dataclass(frozen=True)
class Fact:
    """One stylised fact: what it is called, how it is compared, what must fail it.

    Attributes
    ----------
    metric, title, method : str
        As in :class:`MetricResult`.
    distance : str
        ``absolute`` or ``relative`` mean over parts, ``root`` mean square, or ``excess``
        (what lies above history, mean).
    must_fail : str
        The control that a sample able to carry the measure tells apart.
    show : callable
        From the compared scale to the one people know.
    """

    metric: str
    title: str
    method: str
    must_fail: str
    distance: Distance = "absolute"
    show: Show = np.asarray


@dataclass(frozen=True)
class Family:
    """Facts that are computed together.

    Attributes
    ----------
    facts : tuple of Fact
    measure : callable
        From a sample to one array of shape (1 + n_draws, n_parts) a fact.
    """

    facts: tuple[Fact, ...]
    measure: Callable[[ReturnSample], list[Floats]]


@dataclass(frozen=True, eq=False)
class Compared:
    """One fact, measured on everything that it is compared between.

    Attributes
    ----------
    real, synthetic : ndarray of shape (1 + n_draws, n_parts)
    others : mapping of str to ndarray of shape (n_parts,)
        ``control`` (later real days) and the generators with known answers.
    """

    real: Floats
    synthetic: Floats
    others: Mapping[str, Floats]


def distance(fact: Fact, first: Floats, second: Floats, scale: Floats) -> Floats:
    """Return distances of parts, shape (n,), ignoring parts that are not numbers.

    Parameters
    ----------
    first, second : ndarray of shape (n, n_parts)
    scale : ndarray of shape (n_parts,)
        The real values, for relative distances.
    """
    gaps = np.maximum(first - second, 0.0) if fact.distance == "excess" else abs(first - second)
    if fact.distance == "relative":
        gaps = gaps / np.maximum(np.abs(scale), 1e-12)
    known = np.isfinite(gaps)
    gaps = np.where(known, gaps**2 if fact.distance == "root" else gaps, 0.0)
    counted = known.sum(axis=1)
    mean = np.where(counted > 0, gaps.sum(axis=1) / np.maximum(counted, 1), np.nan)
    return np.sqrt(mean) if fact.distance == "root" else mean


def compare(fact: Fact, compared: Compared, assets: tuple[str, ...]) -> MetricResult:
    """Judge one fact against its noise band, and withhold a pass that means nothing."""
    real, synthetic = compared.real, compared.synthetic
    scale, n = real[0], len(real) - 1
    value = float(distance(fact, synthetic[:1], real[:1], scale)[0])
    if not np.isfinite(value):
        return _cannot(fact, "History or paths are too short for this measure.")
    noise = distance(fact, _errors(synthetic), _errors(real), scale)
    band = float(np.quantile(noise, NOISE_LEVEL))
    others = {
        name: float(distance(fact, theirs[None], real[:1], scale)[0])
        for name, theirs in compared.others.items()
    }
    source = "95 % quantile of the resampling error of history and simulation; red beyond twice"
    result = MetricResult(
        fact.metric,
        fact.title,
        "market",
        "INCONCLUSIVE",
        estimate=distance_interval(value, distance(fact, synthetic[1:], real[1:], scale), n=n),
        floor=Estimate(others["control"]) if "control" in others else None,
        references={k: Estimate(v) for k, v in others.items() if k != "control"},
        threshold=Threshold(band, AMBER * band, "J", source),
        method=fact.method,
        by=_parts(fact, compared, assets),
    )
    return _with_power(result.judged(), fact, others)


def _errors(values: Floats) -> Floats:
    # About the mean of the draws: some statistics move by resampling alone.
    return np.asarray(values[1:] - values[1:].mean(axis=0))


def _with_power(result: MetricResult, fact: Fact, others: Mapping[str, float]) -> MetricResult:
    assert result.threshold is not None
    wrong = others.get(fact.must_fail, float("nan"))
    if not wrong <= result.threshold.green:
        return replace(result, reason=result.reason or noise_words(result))
    if result.status != "PASS":
        return replace(result, reason=result.reason or noise_words(result))
    reason = f"These data cannot tell the fact from a generator without it ('{fact.must_fail}')."
    return replace(result, status="INCONCLUSIVE", band="amber", reason=reason)


def noise_words(result: MetricResult) -> str:
    """Say where a distance lies against its noise band."""
    return {
        "green": "Within the resampling error.",
        "amber": "Beyond the resampling error, within twice of it.",
        "red": "Beyond twice the resampling error.",
    }.get(str(result.band), "")


def _parts(fact: Fact, compared: Compared, assets: tuple[str, ...]) -> dict[str, Estimate]:
    parts = {}
    for name, values in (("real", compared.real), ("synthetic", compared.synthetic)):
        shown = np.array([np.nanmean(row) for row in fact.show(values)])
        middle = np.quantile(shown[1:], [0.025, 0.975]) if len(shown) > 1 else [None, None]
        parts[f"{name}, mean"] = Estimate(float(shown[0]), middle[0], middle[1])
    real, synthetic = compared.real[0], compared.synthetic[0]
    if len(real) % len(assets) == 0 and fact.distance == "absolute":
        gaps = np.abs(synthetic - real).reshape(-1, len(assets)).mean(axis=0)
        worst = int(np.argmax(gaps))
        parts[f"worst asset, {assets[worst]}"] = Estimate(float(gaps[worst]))
    return parts


def _cannot(fact: Fact, reason: str) -> MetricResult:
    return MetricResult(
        fact.metric, fact.title, "market", "INCONCLUSIVE", reason=reason, method=fact.method
    )
