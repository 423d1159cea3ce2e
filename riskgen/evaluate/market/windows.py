"""Whole windows compared: how deep paths fall and where they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market.comparison import noise_words
from riskgen.evaluate.market.facts import maximum_drawdowns
from riskgen.evaluate.market.sample import windows
from riskgen.evaluate.result import Curve, Estimate, MetricResult, Threshold
from riskgen.seeding import stream

Floats = NDArray[np.float64]

PERMUTATIONS = 200
LEVEL = 0.95
FEWEST = 20  # [J] windows of history below which a distribution is not compared
BANDS = ((0.05, 0.95, "90 %"), (0.25, 0.75, "50 %"))
MUST_FAIL = "calm"


def measure_windows(
    real: Sequence[Floats],
    control: Sequence[Floats],
    paths: Floats,
    others: Mapping[str, Floats],
    *,
    seed: int,
) -> list[MetricResult]:
    """Compare drawdowns and end points of windows as long as the simulated paths.

    Parameters
    ----------
    real, control : sequences of ndarray of shape (n_days, n_assets), log returns
    paths : ndarray of shape (n_paths, horizon, n_assets)
    others : mapping of str to such paths
    """
    drawdown = _compared(
        "market.drawdown",
        "How deep prices fall within a path: largest drawdown",
        maximum_drawdowns,
        (real, control, paths, others),
        seed,
    )
    end = _compared(
        "market.fan",
        "Where paths end: cumulated return",
        _ends,
        (real, control, paths, others),
        seed,
    )
    return [drawdown, replace(end, curves=fan_curves(real, paths))]


def ks_distance(first: Floats, second: Floats) -> float:
    """Return the mean over columns of two samples' Kolmogorov–Smirnov distances."""
    labels = np.concatenate([np.ones(len(first)), np.zeros(len(second))])
    return float(_ks(np.vstack([first, second]), labels[None])[0])


def fan_curves(real: Sequence[Floats], paths: Floats) -> dict[str, Curve]:
    """Return quantiles by day of the cumulated return of an equally weighted portfolio.

    Real windows overlap (stride 5) and are as long as the paths.
    """
    cut = windows(list(real), paths.shape[1], 5)
    curves: dict[str, Curve] = {}
    for name, sides in (("real", cut), ("synthetic", paths)):
        if len(sides) >= FEWEST:
            grown = np.log1p(np.cumsum(np.expm1(sides).mean(axis=2), axis=1).clip(-0.999))
            for low, high, words in BANDS:
                curves[f"{name} {words} of paths"] = _band(grown, low, high)
    return curves


def _compared(
    metric: str,
    title: str,
    statistic: Callable[[list[Floats], int], Floats],
    samples: tuple[Sequence[Floats], Sequence[Floats], Floats, Mapping[str, Floats]],
    seed: int,
) -> MetricResult:
    real, control, paths, others = samples
    horizon = paths.shape[1]
    truth, made = statistic(list(real), horizon), statistic(list(paths), horizon)
    result = MetricResult(metric, title, "market", "INCONCLUSIVE", method=_METHOD)
    if len(truth) < FEWEST:
        reason = f"History holds {len(truth)} windows of {horizon} days; {FEWEST} are needed."
        return replace(result, reason=reason)
    band = _null(truth, made, seed, metric)
    later = statistic(list(control), horizon)
    known = {k: ks_distance(truth, statistic(list(p), horizon)) for k, p in others.items()}
    parts: dict[str, Any] = {
        "estimate": Estimate(ks_distance(truth, made), n=len(truth)),
        "floor": Estimate(ks_distance(truth, later), n=len(later)) if len(later) else None,
        "references": {name: Estimate(value) for name, value in known.items()},
        "threshold": Threshold(band, 2 * band, "J", "95 % quantile under permutation; red beyond"),
    }
    judged = replace(result, **parts).judged()
    if judged.status == "PASS" and known.get(MUST_FAIL, 1.0) <= band:
        reason = f"{len(truth)} windows cannot even tell a generator with 0.7 of the volatility."
        return replace(judged, status="INCONCLUSIVE", band="amber", reason=reason)
    return replace(judged, reason=noise_words(judged))


_METHOD = (
    "Kolmogorov-Smirnov distance, mean over assets, between windows of history that do not "
    "overlap and simulated paths; noise by permuting windows."
)


def _ends(segments: list[Floats], horizon: int) -> Floats:
    return np.asarray(windows(segments, horizon, horizon).sum(axis=1))


def _null(truth: Floats, made: Floats, seed: int, metric: str) -> float:
    rng = stream(seed, "market", "permutation", metric)
    labels = np.concatenate([np.ones(len(truth)), np.zeros(len(made))])
    shuffled = rng.permuted(np.tile(labels, (PERMUTATIONS, 1)), axis=1)
    return float(np.quantile(_ks(np.vstack([truth, made]), shuffled), LEVEL))


def _ks(pooled: Floats, labels: Floats) -> Floats:
    """Distances for each row of ``labels`` (1: first sample), mean over columns."""
    total = np.zeros(len(labels))
    for column in pooled.T:
        order = np.argsort(column, kind="stable")
        last = np.append(np.diff(column[order]) > 0, True)  # compare after ties only
        first = np.cumsum(labels[:, order], axis=1) / labels.sum(axis=1)[:, None]
        other = np.cumsum(1 - labels[:, order], axis=1) / (1 - labels).sum(axis=1)[:, None]
        total += np.abs(first - other)[:, last].max(axis=1)
    return np.asarray(total / pooled.shape[1])


def _band(grown: Floats, low: float, high: float) -> Curve:
    quantiles = np.quantile(grown, [low, 0.5, high], axis=0)
    lower, middle, upper = ([round(float(x), 6) for x in row] for row in quantiles)
    return {
        "x": list(range(1, grown.shape[1] + 1)),
        "y": middle,
        "lower": lower,
        "upper": upper,
    }
