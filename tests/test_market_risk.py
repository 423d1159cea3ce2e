from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskgen.errors import DataError
from riskgen.evaluate.market.controls import CONTROLS, control_paths, gbm_paths, momentum_paths
from riskgen.evaluate.market.crashes import exceedance_correlation, rule_losses
from riskgen.evaluate.market.facts import (
    autocorrelation,
    correlation_matrices,
    eigenvalues,
    leverage,
    linear_memory,
    log_kurtosis,
    lower_tail_dependence,
    maximum_drawdowns,
    skewness,
    summed_kurtosis,
)
from riskgen.evaluate.market.sample import history, mean_block, simulated, stationary_indices
from riskgen.evaluate.market.suite import SHOWN, measure_market
from riskgen.evaluate.market.tails import (
    hill_both,
    hill_left,
    losses,
    lower_tails,
    pareto_shapes,
    portfolios,
)
from riskgen.evaluate.market.windows import ks_distance
from riskgen.evaluate.result import MetricResult

ASSETS = ("A", "B", "C", "D")
HORIZON = 40


def volatile_market(days: int, seed: int) -> np.ndarray:
    """Four stocks: one market factor with GARCH(1,1)-t volatility, leverage and own noise."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(4, (days, 5)) / np.sqrt(2)
    variance, found = np.full(5, 1e-4), np.empty((days, 5))
    for day in range(days):
        found[day] = np.sqrt(variance) * shocks[day]
        fall = np.where(found[day] < 0, 1.4, 0.6)
        variance = 3e-6 + 0.10 * fall * np.minimum(found[day] ** 2, 0.01) + 0.87 * variance
    return found[:, :1] + 0.8 * found[:, 1:]


@cache
def market() -> tuple[np.ndarray, np.ndarray]:
    returns = volatile_market(4_400, 7)
    return returns[:3_400], returns[3_460:]


@cache
def judged(name: str) -> dict[str, MetricResult]:
    real, later = market()
    paths = control_paths(name, [real], 400, HORIZON, seed=99)
    found = measure_market([real], [later], paths, ASSETS, seed=1, steps=0)
    return {result.metric: result for result in found}


def test_gaussian_losses_agree_with_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    sample = history([rng.normal(0.0, 1e-3, (400_000, 1))], HORIZON)
    found = losses(sample, np.eye(1))
    for i, alpha in enumerate((0.01, 0.025, 0.05)):
        quantile = stats.norm.ppf(alpha)
        assert found[2 * i][0, 0] == pytest.approx(-1e-3 * quantile, rel=0.02)
        shortfall = 1e-3 * stats.norm.pdf(quantile) / alpha
        assert found[2 * i + 1][0, 0] == pytest.approx(shortfall, rel=0.02)


def test_hill_recovers_the_index_of_a_pareto_tail() -> None:
    rng = np.random.default_rng(0)
    values = -(rng.pareto(3.0, (200_000, 1)) + 1.0)
    assert 1 / hill_left(history([values], HORIZON))[0, 0] == pytest.approx(3.0, rel=0.03)


def test_the_index_of_moves_of_either_sign_is_that_of_both_tails() -> None:
    rng = np.random.default_rng(0)
    values = rng.choice([-1.0, 1.0], (200_000, 1)) * (rng.pareto(4.0, (200_000, 1)) + 1.0)
    assert 1 / hill_both(history([values], HORIZON))[0, 0] == pytest.approx(4.0, rel=0.03)


def test_the_pareto_shape_is_one_over_the_index_and_zero_for_exponential_tails() -> None:
    rng = np.random.default_rng(0)
    heavy = -(rng.pareto(4.0, (200_000, 1)) + 1.0)
    light = -rng.exponential(size=(200_000, 1))
    found = pareto_shapes(history([np.hstack([heavy, light])], HORIZON))[0]
    assert found == pytest.approx([0.25, 0.0], abs=0.03)


def test_resampled_pareto_shapes_agree_with_resampled_rows() -> None:
    rows = np.random.default_rng(0).standard_t(4, (800, 1)) * 0.01
    sample = history([rows], 20, 2, np.random.default_rng(1))
    repeated = np.repeat(rows, sample.weights[1].astype(int), axis=0)
    again = pareto_shapes(history([repeated], 20))[0, 0]
    assert pareto_shapes(sample)[1, 0] == pytest.approx(again, abs=0.05)


def test_correlation_in_falls_is_one_for_one_asset_twice_and_nothing_for_strangers() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=(60_000, 1))
    assert exceedance_correlation(history([np.hstack([one, one])], 2))[0, 0] == pytest.approx(1.0)
    apart = exceedance_correlation(history([rng.normal(size=(60_000, 3))], 2))
    assert apart[0, 0] == pytest.approx(0.0, abs=0.05)
    few = exceedance_correlation(history([rng.normal(size=(200, 2))], 2))
    assert np.isnan(few).all()


def test_a_trend_is_worth_following_and_its_opposite_is_not() -> None:
    rng = np.random.default_rng(0)
    rising = np.abs(rng.normal(0.01, 0.002, (500, 1)))
    var, es = rule_losses(history([rising], HORIZON))
    assert np.all(var[0, :2] < 0)  # trend following gains every day
    assert np.all(var[0, 2:] > 0)  # mean reversion loses every day
    assert np.all(es >= var)
    short = rule_losses(simulated(rng.normal(size=(5, 10, 2))))
    assert np.isnan(short[0]).all()


def test_trading_rules_look_at_the_days_before_of_the_same_path_only() -> None:
    first, second = np.full((30, 1), 0.01), np.full((30, 1), -0.01)
    var, _ = rule_losses(history([first, second], HORIZON))
    # Each path follows its own trend: both gain, the second by falling.
    assert var[0, 0] == pytest.approx(-np.expm1(0.01), rel=0.02)


def test_kurtosis_of_student_t_agrees_with_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_t(9, (800_000, 1))
    # Excess kurtosis is 6 / (df - 4).
    assert np.exp(log_kurtosis(history([values], 2))[0, 0]) == pytest.approx(3 + 6 / 5, rel=0.05)


def test_skewness_of_an_exponential_is_two() -> None:
    values = np.random.default_rng(0).exponential(size=(400_000, 1))
    assert skewness(history([values], 2))[0, 0] == pytest.approx(2.0, rel=0.03)


def test_autocorrelation_of_an_autoregression_is_the_power_of_its_coefficient() -> None:
    series = autoregression(0.6, 200_000, 0)
    sample = history([series], 10)
    found = autocorrelation(sample, sample.rows, 5)[0, :, 0]
    assert found == pytest.approx(0.6 ** np.arange(1, 6), abs=0.01)


def test_short_paths_estimate_the_same_memory_as_one_long_history() -> None:
    series = autoregression(0.6, 240_000, 1)
    short = simulated(series.reshape(-1, 12, 1))
    found = autocorrelation(short, short.rows, 5)[0, :, 0]
    assert found == pytest.approx(0.6 ** np.arange(1, 6), abs=0.02)


def test_squared_returns_of_a_garch_decay_at_the_known_rate() -> None:
    rng, n, a, b = np.random.default_rng(3), 300_000, 0.1, 0.8
    noise, variance, found = rng.standard_normal(n), 1.0, np.empty(n)
    for day in range(n):
        found[day] = np.sqrt(variance) * noise[day]
        variance = 0.1 + a * found[day] ** 2 + b * variance
    sample = history([found[:, None]], 20)
    memory = autocorrelation(sample, sample.rows**2, 6)[0, :, 0]
    # Bollerslev (1986): rho_1 = a (1 - ab - b^2) / (1 - 2ab - b^2), then times a + b.
    first = a * (1 - a * b - b**2) / (1 - 2 * a * b - b**2)
    assert memory == pytest.approx(first * (a + b) ** np.arange(6), abs=0.03)


def test_sums_of_independent_days_become_gaussian_at_the_known_rate() -> None:
    values = np.random.default_rng(0).exponential(size=(600_000, 1))
    found = np.exp(summed_kurtosis(history([values], 40)))[0]
    # Excess kurtosis of a sum of k independent exponentials is 6 / k.
    assert found == pytest.approx(3 + 6 / np.array([5, 10, 20]), rel=0.04)


def test_leverage_has_the_sign_of_the_shock_that_raises_volatility() -> None:
    real, _ = market()
    assert np.all(leverage(history([real], HORIZON))[0] < 0)
    assert np.all(leverage(history([-real], HORIZON))[0] > 0)


def test_dependence_of_equal_and_of_independent_assets() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=(50_000, 1))
    same, apart = history([np.hstack([one, one])], 2), history([rng.normal(size=(50_000, 2))], 2)
    assert lower_tail_dependence(same)[0, 0] == pytest.approx(1.0)
    assert lower_tail_dependence(apart)[0, 0] == pytest.approx(0.05, abs=0.01)
    assert eigenvalues(same)[0] == pytest.approx([1.0, 0.0], abs=1e-9)
    assert correlation_matrices(apart)[0] == pytest.approx(np.eye(2), abs=0.02)


def test_the_largest_drawdown_is_the_deepest_fall_from_a_peak() -> None:
    path = np.log([[1.1], [0.5], [1.2], [0.9]])
    assert maximum_drawdowns([path], 4)[0, 0] == pytest.approx(0.5)
    assert maximum_drawdowns([np.log([[0.8], [1.5]])], 2)[0, 0] == pytest.approx(0.2)
    assert maximum_drawdowns([path], 5).shape == (0, 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=30), st.integers(1, 29))
def test_the_distance_of_distributions_agrees_with_scipy(values: list[int], cut: int) -> None:
    cut = min(cut, len(values) - 1)
    first, second = np.array(values[:cut], dtype=float), np.array(values[cut:], dtype=float)
    expected = stats.ks_2samp(first, second).statistic
    assert ks_distance(first[:, None], second[:, None]) == pytest.approx(expected)


def test_resampling_weights_agree_with_resampled_rows() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_t(4, (500, 2)) * 0.01
    sample = history([rows], 20, 3, np.random.default_rng(1))
    for draw in range(1, 4):
        repeated = np.repeat(rows, sample.weights[draw].astype(int), axis=0)
        again = history([repeated], 20)
        assert log_kurtosis(sample)[draw] == pytest.approx(log_kurtosis(again)[0])
        mine = lower_tails(sample, rows[:, 0], [0.05])[0]
        other = lower_tails(again, repeated[:, 0], [0.05])[0]
        assert mine.quantile[draw] == pytest.approx(other.quantile[0])
        assert mine.mean[draw] == pytest.approx(other.mean[0])


def test_blocks_have_the_asked_mean_length_and_follow_the_calendar() -> None:
    drawn = stationary_indices(1_000, (50, 1_000), 20.0, np.random.default_rng(0))
    follows = (np.diff(drawn, axis=1) % 1_000) == 1
    assert 1 / (1 - follows.mean()) == pytest.approx(20.0, rel=0.1)


def test_clustered_volatility_asks_for_longer_blocks() -> None:
    real, _ = market()
    shuffled = np.random.default_rng(0).permutation(real)
    assert mean_block(shuffled) == 10.0
    assert mean_block(real) > 15.0


def test_portfolios_are_single_assets_and_mixtures_of_absolute_weight_one() -> None:
    weights = portfolios(4, np.random.default_rng(0))
    assert weights.shape == (54, 4)
    assert np.abs(weights).sum(axis=1) == pytest.approx(np.ones(54))
    assert (weights[4:] < 0).any(axis=1).sum() >= 15
    assert portfolios(1, np.random.default_rng(0)).shape == (1, 1)


def test_gaussian_paths_have_the_moments_that_they_were_given() -> None:
    real, _ = market()
    paths = gbm_paths(real, 4_000, 20, np.random.default_rng(0)).reshape(-1, 4)
    assert np.cov(paths.T) == pytest.approx(np.cov(real.T), rel=0.05)


def test_gaussian_paths_fail_tails_and_clustering() -> None:
    found = judged("gbm")
    for key in ("kurtosis", "tail.left", "tail.right", "acf.absolute", "es.1"):
        assert found[f"market.{key}"].status == "FAIL", key
    assert found["market.correlation"].status == "PASS"


def test_single_days_fail_clustering_and_keep_tails_and_losses() -> None:
    found = judged("iid")
    assert found["market.acf.absolute"].status == "FAIL"
    for key in ("kurtosis", "tail.left", "tail.right", "correlation", "var.1", "es.1", "es.5"):
        assert found[f"market.{key}"].status != "FAIL", key
    assert found["market.tail.left"].status == "PASS"


def test_blocks_of_history_pass() -> None:
    failed = [key for key, result in judged("block").items() if result.status == "FAIL"]
    assert failed == []
    assert judged("block")["market.acf.absolute"].status == "PASS"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("independent", "correlation"),
        ("independent", "joint_tail"),
        ("independent", "exceedance"),
        ("gbm", "tail.both"),
        ("calm", "rules.es"),
        ("momentum", "acf.returns"),
        ("calm", "var.5"),
        ("calm", "es.5"),
        ("calm", "drawdown"),
    ],
)
def test_each_known_fault_is_found_by_its_measure(name: str, key: str) -> None:
    assert judged(name)[f"market.{key}"].status == "FAIL"


def test_momentum_is_a_fault_and_less_memory_than_history_is_none() -> None:
    real, _ = market()
    dragged = momentum_paths(real, 1, 3_000, np.random.default_rng(0))[0]
    found = [linear_memory(history([rows], HORIZON))[0].mean() for rows in (real, dragged)]
    assert found[1] > 1.5 * found[0]


def test_a_short_history_is_inconclusive_rather_than_green() -> None:
    real = volatile_market(150, 3)
    paths = control_paths("gbm", [real], 100, 20, seed=1)
    found = measure_market([real], [], paths, ASSETS, seed=1, steps=0)
    passed = {result.metric for result in found if result.status == "PASS"}
    assert not passed & {"market.kurtosis", "market.acf.absolute", "market.drawdown"}
    assert all(result.floor is None for result in found)


def test_one_asset_is_measured_without_dependence() -> None:
    real, later = market()
    paths = control_paths("block", [real[:, :1]], 150, 24, seed=2)
    found = measure_market([real[:, :1]], [later[:, :1]], paths, ("A",), seed=1, steps=0)
    keys = {result.metric for result in found}
    assert "market.correlation" not in keys
    assert "market.tail.left" in keys


def test_results_are_complete_repeatable_and_carry_their_rivals() -> None:
    real, later = market()
    paths = control_paths("iid", [real], 60, 24, seed=5)
    rivals = {"garch": control_paths("block", [real], 60, 24, seed=6)}
    again = [
        measure_market([real], [later], paths, ASSETS, seed=1, rivals=rivals, steps=0)
        for _ in range(2)
    ]
    documents = [json.dumps([r.to_json() for r in found]) for found in again]
    assert documents[0] == documents[1]
    for result in again[0]:
        assert set(result.references) == {*SHOWN.values(), "garch"}
        assert result.floor is not None
        assert result.threshold.basis == "J"
        assert result.method
        assert result.reason
    curves = {result.metric: result.curves for result in again[0]}
    assert set(curves["market.acf.absolute"]) == {"real", "synthetic"}
    assert len(curves["market.fan"]) == 4


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_every_control_draws_finite_paths_of_the_asked_shape(name: str) -> None:
    real, _ = market()
    assert control_paths(name, [real], 7, 12, seed=0).shape == (7, 12, 4)
    assert np.isfinite(control_paths(name, [real], 7, 12, seed=0)).all()


def test_wrong_shapes_missing_numbers_and_no_history_are_named() -> None:
    real, _ = market()
    with pytest.raises(DataError, match="shape"):
        measure_market([real], [], np.zeros((5, 10, 3)), ASSETS, seed=0)
    with pytest.raises(DataError, match="not numbers"):
        measure_market([real], [], np.full((5, 10, 4), np.nan), ASSETS, seed=0)
    with pytest.raises(DataError, match="50 days"):
        measure_market([real[:50]], [], np.zeros((5, 10, 4)), ASSETS, seed=0)


def autoregression(coefficient: float, n: int, seed: int) -> np.ndarray:
    from scipy.signal import lfilter

    noise = np.random.default_rng(seed).standard_normal(n)
    return lfilter([1.0], [1.0, -coefficient], noise)[:, None]
