"""A check is judged once over all runs, at its own level, however many runs there are."""

from __future__ import annotations

import numpy as np
import pytest

from riskgen.evaluate.intervals import clopper_pearson, t_interval
from riskgen.evaluate.result import Estimate, MetricResult
from riskgen.evaluate.utility.checks import passed, together
from riskgen.evaluate.utility.leaks import too_near, unlearned
from riskgen.evaluate.utility.pooling import pooled, worst
from riskgen.evaluate.utility.shortcuts import harmless

RUNS = 10


def result(key: str, estimate: Estimate, status, floor: Estimate | None = None) -> MetricResult:
    return MetricResult(key, key, "utility", status, estimate, floor)


def permuted(aucs: np.ndarray) -> MetricResult:
    found = t_interval(aucs)
    return result("utility.leak.permuted", found, unlearned(found))


def ratio(value: float) -> MetricResult:
    found = Estimate(value, value / 2, 2 * value, n=100)
    return result("utility.shortcut", found, harmless(found))


def near(value: float) -> MetricResult:
    found = Estimate(value, value - 0.03, value + 0.03, n=400)
    return result("utility.leak.nearness", found, too_near(found))


def repeats(found: int, usual: int, n: int = 100) -> MetricResult:
    parts = clopper_pearson(found, n), clopper_pearson(usual, n)
    return result("utility.leak.duplicates", parts[0], "PASS", parts[1])


def test_chance_fails_one_experiment_in_twenty_whatever_the_number_of_runs():
    rng = np.random.default_rng(0)
    alone = together_ = 0
    for _ in range(400):
        runs = [permuted(0.5 + 0.05 * rng.normal(size=5)) for _ in range(RUNS)]
        alone += worst(runs).status == "FAIL"
        together_ += pooled(runs).status == "FAIL"
    assert 0.30 < alone / 400 < 0.50, "1 - .95 ** 10 is .40"
    # Clopper-Pearson at 1 - 1e-4 around .05 of 400 experiments.
    assert 0.015 < together_ / 400 < 0.10


def test_a_leak_that_every_run_shows_a_little_is_found():
    rng = np.random.default_rng(1)
    runs = [permuted(0.53 + 0.05 * rng.normal(size=5)) for _ in range(RUNS)]
    assert sum(run.status == "PASS" for run in runs) > RUNS / 2
    assert pooled(runs).status == "FAIL"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ((0.4, 1.0, 2.4, 1.1, 0.9), "PASS"),
        ((3.0, 3.2, 2.9, 3.1, 3.0), "FAIL"),
        ((0.1, 0.0, 0.1, 0.2, 0.1), "FAIL"),
        ((1.0, 1.2, 6.0, 5.0, 0.9), "INCONCLUSIVE"),
    ],
)
def test_false_alerts_are_those_of_all_runs(values, status):
    assert pooled([ratio(value) for value in values]).status == status


def test_simulated_customers_are_too_near_where_the_runs_say_so_together():
    assert near(0.56).status == "FAIL"
    assert pooled([near(v) for v in (0.56, 0.48, 0.51, 0.49, 0.52)]).status == "PASS"
    assert pooled([near(v) for v in (0.56, 0.55, 0.57, 0.54, 0.56)]).status == "FAIL"


def test_one_test_in_ten_that_repeats_by_chance_is_no_leak_and_one_that_copies_is():
    honest = [repeats(5, 5)] * 9
    by_chance, copied = repeats(13, 3), repeats(30, 3)
    assert pooled([by_chance, repeats(5, 5)]).status == "PASS"
    assert pooled([*honest, by_chance]).status == "PASS"
    assert pooled([*honest, copied]).status == "FAIL"


def test_a_customer_who_is_learned_from_and_judged_fails_all_runs():
    runs = [
        [result("utility.leak.entities", Estimate(float(k)), "PASS" if k == 0 else "FAIL")]
        for k in (0, 0, 1, 0)
    ]
    (found,) = together(runs)
    assert found.status == "FAIL"
    assert not passed([found])


def test_a_run_that_could_not_be_asked_is_not_averaged_away():
    silent = MetricResult("utility.shortcut", "x", "utility", "INCONCLUSIVE")
    assert pooled([ratio(1.0), silent, ratio(1.0)]).status == "INCONCLUSIVE"


def test_what_single_runs_said_is_told():
    assert (
        "Passed in 3 of 5 runs alone"
        in pooled([ratio(v) for v in (0.4, 1.0, 2.4, 1.1, 0.9)]).reason
    )
    assert pooled([ratio(2.4)]).reason == ""
