"""What a check says over all runs: one question at one level, however many runs there are.

A check that lets chance fail one run in twenty fails two experiments of ten runs in five
if the worst run decides, leak or no leak. So what a check measures is put together first
and judged once, by the bounds that it has for one run. What is counted without chance,
customers that are learned from and judged, and what a run could not ask, is as the worst
run has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from riskgen.evaluate.intervals import t_interval
from riskgen.evaluate.privacy.rates import more_often
from riskgen.evaluate.result import Estimate, MetricResult, Status
from riskgen.evaluate.utility.leaks import DUPLICATES, NEARNESS, PERMUTED, too_near, unlearned
from riskgen.evaluate.utility.leaks import LEVEL as DUPLICATES_LEVEL
from riskgen.evaluate.utility.shortcuts import GENERATED_NORMALS, SHAM_EDITS, harmless

Results = Sequence[MetricResult]

_WORST: tuple[Status, ...] = ("FAIL", "INCONCLUSIVE", "NOT_RUN", "PASS", "NOT_APPLICABLE")


def pooled(results: Results) -> MetricResult:
    """Return one check over all runs, at least one.

    Parameters
    ----------
    results : sequence of MetricResult
        The same check of each run.
    """
    if len(results) == 1:
        return results[0]
    asked = all(result.estimate is not None for result in results)
    found = _RULES.get(results[0].metric, worst)(results) if asked else worst(results)
    n = sum(result.status == "PASS" for result in results)
    told = f"Passed in {n} of {len(results)} runs alone. {found.reason}".strip()
    return replace(found, reason=told)


def worst(results: Results) -> MetricResult:
    """Return the run that does worst."""
    return min(results, key=lambda result: _WORST.index(result.status))


def _mean(judge: Callable[[Estimate], Status]) -> Callable[[Results], MetricResult]:
    """Return the rule that judges the mean over runs, with Student's interval of the runs."""

    def rule(results: Results) -> MetricResult:
        values = [result.estimate.value for result in results if result.estimate is not None]
        mean = t_interval(np.array(values))
        method = f"{results[0].method}. Mean of {len(results)} runs, Student's t"
        return replace(results[0], estimate=mean, status=judge(mean), method=method)

    return rule


def _duplicates(results: Results) -> MetricResult:
    """Return the run whose test repeats most, judged by Bonferroni over runs."""

    def p_value(result: MetricResult) -> float:
        found, usual = result.estimate, result.floor
        assert found is not None
        assert usual is not None
        n = found.n or 0
        return more_often(round(found.value * n), round(usual.value * n), n)

    first = min(results, key=p_value)
    same = p_value(first) >= DUPLICATES_LEVEL / len(results)
    return replace(first, status="PASS" if same else "FAIL")


_RULES: dict[str, Callable[[Results], MetricResult]] = {
    DUPLICATES: _duplicates,
    NEARNESS: _mean(too_near),
    PERMUTED: _mean(unlearned),
    SHAM_EDITS: _mean(harmless),
    GENERATED_NORMALS: _mean(harmless),
}
