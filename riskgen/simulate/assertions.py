"""The assertions of a scenario, asked of what came out.

Knows statistics by name, not where they were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from riskgen.errors import GateBlocked
from riskgen.simulate.condition import OPERATORS
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.scenario_parts import Assertion

Statistic = float | bool | None
_SUMMARIES: dict[str, Callable[[Floats], Any]] = {
    "median": np.median,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
}


class AssertionsFailed(GateBlocked):
    """What came out is not what the scenario promises; exit code 3."""


def summaries(by_entity: Mapping[str, Floats]) -> dict[str, Statistic]:
    """Return ``name.median``, ``name.mean``, ``name.max`` and ``name.min``; None without values."""
    result: dict[str, Statistic] = {}
    for name, values in by_entity.items():
        finite = values[np.isfinite(values)]
        for word, function in _SUMMARIES.items():
            result[f"{name}.{word}"] = float(function(finite)) if len(finite) else None
    return result


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the rank correlation, ties by their mean rank; NaN where one is constant."""
    a, b = rankdata(x), rankdata(y)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    # Rounded: a perfect order must compare equal to 1.
    return round(float(np.corrcoef(a, b)[0, 1]), 12)


def ask(
    scenario: StressScenario, severity: float, statistics: Mapping[str, Statistic]
) -> list[dict[str, Any]]:
    """Return one JSON entry for each assertion of the scenario.

    ``status`` is PASS, FAIL, NOT_RUN (asked at another severity only) or
    NOT_APPLICABLE (the table or the simulation does not have the statistic).
    """
    return [_asked(item, severity, statistics) for item in scenario.assertions]


def require(checks: Sequence[Mapping[str, Any]], name: str) -> None:
    """Raise AssertionsFailed when a check has failed."""
    failed = [str(check["name"]) for check in checks if check["status"] == "FAIL"]
    if failed:
        raise AssertionsFailed(
            f"Scenario '{name}' broke {len(failed)} of its {len(checks)} assertions: "
            f"{'; '.join(failed)}. What was measured stands in simulation.json."
        )


def _asked(
    assertion: Assertion, severity: float, statistics: Mapping[str, Statistic]
) -> dict[str, Any]:
    value = assertion.value
    wanted = str(value).lower() if isinstance(value, bool) else f"{value:g}"
    entry: dict[str, Any] = {"name": f"{assertion.stat} {assertion.op} {wanted}"}
    if assertion.when is not None and assertion.when.s != severity:
        return entry | {"status": "NOT_RUN", "reason": f"asked at severity {assertion.when.s:g}"}
    found = statistics.get(assertion.stat)
    if found is None or (isinstance(found, float) and np.isnan(found)):
        known = assertion.stat in statistics
        reason = "nothing to measure it on" if known else "no such statistic for this data"
        return entry | {"status": "NOT_APPLICABLE", "reason": reason}
    holds = bool(OPERATORS[assertion.op](found, assertion.value))
    return entry | {"status": "PASS" if holds else "FAIL", "found": found}
