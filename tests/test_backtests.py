"""Backtests of value at risk and expected shortfall against published formulas and known laws."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from market_law import garch_days, true_forecast
from scipy import stats

from riskgen.evaluate.market.forecasts.acerbi_szekely import (
    RULE,
    Imagined,
    p_value,
    power,
    scores_of,
)
from riskgen.evaluate.market.forecasts.backtests import TESTS, Backtest, Bench, least_level
from riskgen.evaluate.market.forecasts.coverage import (
    conditional_coverage,
    holm,
    independence,
    kupiec,
    transitions,
    years,
    zone,
)
from riskgen.evaluate.market.forecasts.power import (
    SERIES,
    kupiec_power,
    markov_hits,
    zone_power,
)

DAYS = 1_600


def hits(*places: int, n: int = 12) -> np.ndarray:
    found = np.zeros(n, dtype=bool)
    found[list(places)] = True
    return found


@pytest.mark.parametrize(
    ("days", "share", "first", "last"),
    [
        (250, 0.01, 1, 6),
        (500, 0.01, 2, 9),
        (1000, 0.01, 5, 16),
        (250, 0.025, 3, 11),
        (1000, 0.025, 16, 35),
    ],
)
def test_kupiec_accepts_the_published_range(days: int, share: float, first: int, last: int) -> None:
    counts = np.arange(days // 10)
    accepted = counts[kupiec(counts, days, share).p_value >= 0.05]
    assert (accepted[0], accepted[-1]) == (first, last)


def test_kupiec_is_its_formula() -> None:
    right, stated, seen = 245, 0.01, 0.02
    wanted = -2 * (
        right * np.log(1 - stated)
        + 5 * np.log(stated)
        - right * np.log(1 - seen)
        - 5 * np.log(seen)
    )
    found = kupiec(np.array([5]), 250, 0.01)
    assert found.statistic[0] == pytest.approx(wanted)
    assert found.p_value[0] == pytest.approx(stats.chi2.sf(wanted, 1))
    assert kupiec(np.array([0]), 250, 0.01).statistic[0] == pytest.approx(-500 * np.log(0.99))


def test_christoffersen_is_its_formula_on_counts_by_hand() -> None:
    # 0 1 1 0 0 0 1 0 0 0 0 0: n00 = 6, n01 = 2, n10 = 2, n11 = 1.
    series = hits(1, 2, 6)
    assert [float(x) for x in transitions(series)] == [6, 2, 2, 1]
    log = np.log
    together, calm, after = 3 / 11, 2 / 8, 1 / 3
    null = 8 * log(1 - together) + 3 * log(together)
    free = 6 * log(1 - calm) + 2 * log(calm) + 2 * log(1 - after) + log(after)
    found = independence(series)
    assert found.statistic == pytest.approx(-2 * (null - free))
    both = conditional_coverage(series, 0.1)
    covered = kupiec(np.array(3), 12, 0.1).statistic
    assert both.statistic == pytest.approx(found.statistic + covered)
    assert both.p_value == pytest.approx(stats.chi2.sf(both.statistic, 2))


def test_days_without_any_beyond_are_independent() -> None:
    assert independence(hits()).p_value == 1.0
    assert independence(np.ones(12, dtype=bool)).p_value == 1.0


def test_days_beyond_that_come_in_pairs_are_told() -> None:
    pairs = np.zeros(500, dtype=bool)
    pairs[::50] = pairs[1::50] = True
    assert independence(pairs).p_value < 1e-6
    alone = np.zeros(500, dtype=bool)
    alone[::50] = True
    assert independence(alone).p_value > 0.05


def test_holm_by_hand() -> None:
    found = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_zones_are_those_of_basel() -> None:
    assert [zone(n) for n in (0, 4, 5, 9, 10)] == ["green", "green", "yellow", "yellow", "red"]
    # MAR99 lists 89.2 % for four days or fewer at 99 % coverage, so 10.8 % of right models leave.
    assert 1 - stats.binom.cdf(4, 250, 0.01) == pytest.approx(0.108, abs=5e-4)
    assert zone_power() == pytest.approx(1 - stats.binom.cdf(4, 250, 0.02))
    assert years(np.concatenate([hits(3, n=100), hits(0, 9, n=250), hits(1, n=250)])) == [1, 2]


def test_the_exact_power_of_kupiec_is_what_simulation_finds() -> None:
    drawn = np.random.default_rng(0).binomial(1000, 0.02, 20_000)
    found = (kupiec(drawn, 1000, 0.01).p_value <= 0.005).mean()
    assert kupiec_power(1000, 0.01, 0.005) == pytest.approx(found, abs=0.015)


def test_days_that_follow_each_other_have_the_asked_chances() -> None:
    drawn = markov_hits(4_000, 0.02, 0.2, np.random.default_rng(0))
    assert drawn.shape == (SERIES, 4_000)
    n00, n01, n10, n11 = (part.sum() for part in transitions(drawn))
    assert (n01 + n11) / (n00 + n01 + n10 + n11) == pytest.approx(0.02, rel=0.02)
    assert n11 / (n10 + n11) == pytest.approx(0.2, rel=0.02)


def law_of(law: stats.rv_continuous, n_points: int = 400) -> np.ndarray:
    """Losses beyond the 2.5 % quantile over the expected shortfall, for every day."""
    points = -law.ppf(0.025 * (np.arange(n_points) + 0.5) / n_points)
    return np.tile(points / points.mean(), (250, 1))


@pytest.mark.parametrize(
    ("law", "critical"), [(stats.norm, RULE), (stats.t(5), -0.74), (stats.t(3), -0.81)]
)
def test_the_second_test_has_its_published_critical_values(law: object, critical: float) -> None:
    assert hasattr(law, "ppf")
    drawn = Imagined.draw(250, 0.025, np.random.default_rng(1)).scores(law_of(law))
    assert drawn.z2.mean() == pytest.approx(0.0, abs=0.02)
    assert np.nanmean(drawn.z1) == pytest.approx(0.0, abs=0.01)
    assert np.quantile(drawn.z2, 0.05) == pytest.approx(critical, abs=0.035)


def test_the_scores_of_three_days_by_hand() -> None:
    ratio = np.array([[0.2, 1.5, 0.9, 0.1]])
    found = scores_of(ratio > 0.8, ratio, 0.25)
    assert found.z1[0] == pytest.approx(1 - 1.2)
    assert found.z2[0] == pytest.approx(1 - 2.4)
    nothing = scores_of(np.zeros((1, 4), dtype=bool), ratio, 0.25)
    assert np.isnan(nothing.z1[0])
    assert nothing.z2[0] == 1.0
    assert p_value(float(nothing.z1[0]), np.zeros(9)) == 1.0


def test_twice_the_days_beyond_lower_the_second_score_by_one() -> None:
    drawn = Imagined.draw(1_000, 0.025, np.random.default_rng(1), chance=0.05)
    tail = np.tile(law_of(stats.norm)[:1], (1_000, 1))
    assert drawn.scores(tail).z2.mean() == pytest.approx(-1.0, abs=0.02)


def test_power_under_the_null_hypothesis_is_the_level() -> None:
    rng = np.random.default_rng(0)
    null, other = rng.normal(size=20_000), rng.normal(size=20_000)
    assert power(null, other, 0.05) == pytest.approx(0.05, abs=0.01)
    assert power(null, other, 1e-9) == 0.0
    rejected = [p_value(x, null) <= 0.05 for x in other[:4_000]]
    assert np.mean(rejected) == pytest.approx(power(null, other[:4_000], 0.05))


@cache
def bench() -> Bench:
    return Bench.of(garch_days(DAYS, 0)[0], seed=0)


@cache
def judged(times: float) -> list[list[Backtest]]:
    """Forecasts of ``times`` the true volatility, on twenty histories."""
    found = []
    for seed in range(20):
        gains, scale = garch_days(DAYS, seed)
        found.append(replace(bench(), gains=gains).tested(true_forecast(scale, times)))
    return found


def rejected(times: float) -> list[bool]:
    return [min(min(one.adjusted.values()) for one in both) < 0.05 for both in judged(times)]


def test_the_true_forecast_passes_every_test_in_all_but_a_few_histories() -> None:
    # With 5 % of false alarms a history, five among twenty have a chance of .003.
    assert sum(rejected(1.0)) <= 4


@pytest.mark.parametrize("times", [0.5, 2.0])
def test_a_forecast_of_half_or_twice_the_volatility_fails_in_every_history(times: float) -> None:
    assert all(rejected(times))


def test_a_forecast_without_memory_has_days_beyond_that_cluster() -> None:
    found = []
    for seed in range(20):
        gains, scale = garch_days(DAYS, seed)
        gains = gains * np.repeat([0.3, 3.0], [DAYS - 160, 160])[:, None]  # a storm at the end
        level = np.full_like(scale, gains.std())
        both = replace(bench(), gains=gains).tested(true_forecast(level))
        found.append(min(both[0].adjusted["independence"], both[0].adjusted["coverage"]) < 0.05)
    # Days beyond are ten times as likely in the storm; of five times, half are caught (power .53).
    assert sum(found) >= 16


def test_powers_are_stated_for_every_test_and_grow_with_the_days() -> None:
    short = Bench.of(garch_days(300, 0)[0], seed=0)
    few = short.tested(true_forecast(garch_days(300, 0)[1]))[1]
    many = judged(1.0)[0][1]
    assert set(few.powers) == set(TESTS)
    assert all(few.powers[name] <= many.powers[name] + 0.02 for name in TESTS)
    assert few.powers["kupiec"] < 0.5 < many.powers["kupiec"]
    assert least_level() == pytest.approx(0.005)
