"""Estimates as JSON values."""

from __future__ import annotations

import math
from typing import Any

from riskgen.evaluate.result import Estimate


def estimate_facts(estimate: Estimate) -> dict[str, Any]:
    """Return value, interval and n; what is not finite is null."""
    return {
        "value": _finite(estimate.value),
        "lower": _finite(estimate.lower),
        "upper": _finite(estimate.upper),
        "n": estimate.n,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 6)
