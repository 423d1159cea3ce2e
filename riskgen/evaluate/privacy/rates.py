"""How a privacy gate turns a rate into a status, and the test behind a comparison."""

from __future__ import annotations

import numpy as np
from scipy import stats

from riskgen.evaluate.result import Estimate, MetricResult, Status, Threshold

BANDS: dict[Status, str] = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "amber"}


def more_often(first: int, second: int, n: int) -> float:
    """Return the one-sided p value of Fisher's exact test that ``first`` exceeds ``second``.

    Both are counts out of ``n``; n = 0 gives 1.
    """
    if n == 0:
        return 1.0
    return float(stats.hypergeom.sf(first - 1, 2 * n, first + second, n))


def fewest_seen(n: int, level: float) -> float:
    """Return the smallest rate that :func:`more_often` can tell from none at ``level``."""
    counts = np.arange(1, n + 1)
    seen = stats.hypergeom.sf(counts - 1, 2 * n, counts, n) < level if n else np.zeros(0, bool)
    return float(counts[np.argmax(seen)] / n) if np.any(seen) else float("inf")


def gated(result: MetricResult, status: Status, reason: str) -> MetricResult:
    """Return ``result`` with its status, the band that goes with it, and the reason."""
    parts = {**result.__dict__, "status": status, "reason": reason, "band": BANDS.get(status)}
    return MetricResult(**parts)


def gate(estimate: Estimate, limit: float, powered: bool) -> Status:
    """Judge a rate by the bound that proves a leak.

    FAIL when the lower bound exceeds ``limit``; PASS when the sample can carry
    the measure and the value itself is within ``limit``; else INCONCLUSIVE.
    """
    lower = estimate.value if estimate.lower is None else estimate.lower
    if lower > limit:
        return "FAIL"
    return "PASS" if powered and estimate.value <= limit else "INCONCLUSIVE"


def judgement(limit: float, source: str) -> Threshold:
    """Return a threshold that is our own judgement, without an amber band."""
    return Threshold(limit, limit, "J", source)
