"""Where a number, its interval, floor and threshold sit on one small axis."""

from __future__ import annotations

import math

from riskgen.evaluate.result import Estimate, MetricResult, Threshold
from riskgen.report.blocks import Strip
from riskgen.report.wording import bound, interval, level, number

MARGIN = 0.06  # share of the axis kept free at both ends, so that no mark is cut


def strip_of(metric: MetricResult) -> Strip | None:
    """Return the strip of a measure; None where it has no number."""
    if metric.estimate is None or not math.isfinite(metric.estimate.value):
        return None
    axis = axis_of([metric.estimate, metric.floor], metric.threshold)
    floor = None if metric.floor is None else metric.floor.value
    return place(metric.estimate, axis, metric.goal, metric.threshold, floor)


def axis_of(estimates: list[Estimate | None], threshold: Threshold | None) -> tuple[float, float]:
    """Return the ends of an axis on which all of ``estimates`` and the bounds fit."""
    marks = [] if threshold is None else [threshold.green, threshold.red]
    for estimate in estimates:
        if estimate is not None:
            marks += [m for m in (estimate.value, estimate.lower, estimate.upper) if m is not None]
    finite = [mark for mark in marks if math.isfinite(mark)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    spare = MARGIN * (high - low) if high > low else 0.5 * max(abs(high), 1.0)
    return low - spare, high + spare


def place(
    estimate: Estimate,
    axis: tuple[float, float],
    goal: str,
    threshold: Threshold | None = None,
    floor: float | None = None,
    role: str = "synthetic",
) -> Strip:
    """Return the positions of ``estimate`` and its bounds on ``axis``."""
    words = f"{interval(estimate)}, {level(estimate)}"
    if floor is not None:
        words += f"; floor {number(floor)}"
    if threshold is not None:
        words += f"; {bound(threshold, 'higher' if goal == 'higher' else 'lower')}"
    return Strip(
        value=_percent(estimate.value, axis),
        lower=_percent(estimate.lower, axis),
        upper=_percent(estimate.upper, axis),
        floor=_percent(floor, axis),
        green=None if threshold is None else _percent(threshold.green, axis),
        red=None if threshold is None else _percent(threshold.red, axis),
        goal=goal,
        words=words,
        role=role,
    )


def _percent(mark: float | None, axis: tuple[float, float]) -> float | None:
    if mark is None or not math.isfinite(mark):
        return None
    return round(100 * (mark - axis[0]) / (axis[1] - axis[0]), 2)
