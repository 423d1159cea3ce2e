"""Scores of tail figures against the truth that they must prefer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from riskgen.errors import DataError, NotApplicable
from riskgen.evaluate.market.diebold_mariano import diebold_mariano
from riskgen.evaluate.market.elicitability import (
    Score,
    compare_tails,
    fz0,
    tail_gan_score,
)

ALPHA = 0.05
SCORES = [fz0, tail_gan_score]


def normal_days() -> tuple[np.ndarray, float, float]:
    """Quantiles of the normal at even levels, and its true value at risk and shortfall."""
    levels = (np.arange(200_000) + 0.5) / 200_000
    cut = stats.norm.ppf(ALPHA)
    return stats.norm.ppf(levels), -cut, stats.norm.pdf(cut) / ALPHA


def student_days(degrees: float = 4.0) -> tuple[np.ndarray, float, float]:
    levels = (np.arange(200_000) + 0.5) / 200_000
    cut = stats.t.ppf(ALPHA, degrees)
    shortfall = stats.t.pdf(cut, degrees) / ALPHA * (degrees + cut**2) / (degrees - 1)
    return stats.t.ppf(levels, degrees), -cut, shortfall


def mean_score(score: Score, gains: np.ndarray, var: float, es: float) -> float:
    found = score(gains[:, None], np.array([var]), np.array([es]), ALPHA)
    return float(found.mean())


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("law", [normal_days, student_days])
def test_the_true_pair_has_the_lowest_mean_score(score: Score, law: object) -> None:
    assert callable(law)
    gains, var, es = law()
    best = mean_score(score, gains, var, es)
    for wrong_var in (0.8, 0.95, 1.0, 1.05, 1.2):
        for wrong_es in (0.8, 0.95, 1.0, 1.05, 1.25):
            v, e = wrong_var * var, wrong_es * es
            if (wrong_var, wrong_es) != (1.0, 1.0) and v <= e:
                assert mean_score(score, gains, v, e) > best


def test_fz0_at_the_truth_is_its_closed_form() -> None:
    gains, var, es = normal_days()
    # At the true pair E[1{x <= v}(v - x)] = a (v - e), so the mean score is log(-e).
    assert mean_score(fz0, gains, var, es) == pytest.approx(np.log(es), abs=1e-4)


def test_fz0_of_one_day_by_hand() -> None:
    calm = fz0(np.array([[0.01]]), np.array([0.02]), np.array([0.03]), 0.05)
    wild = fz0(np.array([[-0.05]]), np.array([0.02]), np.array([0.03]), 0.05)
    assert calm[0, 0] == pytest.approx(2 / 3 + np.log(0.03) - 1)
    assert wild[0, 0] - calm[0, 0] == pytest.approx(0.03 / (0.05 * 0.03))


def test_tail_gan_score_of_one_day_by_hand() -> None:
    v, e, x, a = -0.02, -0.03, -0.05, 0.05
    expected = (1 - a) * (-5 * v**2 + 5 * x**2) + e * (v - x) + a * e * (e - v) - a * e**2 / 2
    found = tail_gan_score(np.array([[x]]), np.array([-v]), np.array([-e]), a)
    assert found[0, 0] == pytest.approx(expected)


@given(
    unit=st.floats(1e-3, 1e3),
    gain=st.floats(-0.2, 0.2),
    var=st.floats(0.001, 0.1),
    more=st.floats(1.0, 3.0),
)
def test_the_unit_moves_fz0_by_the_same_amount_whatever_the_forecast(
    unit: float, gain: float, var: float, more: float
) -> None:
    small = fz0(np.array([[gain]]), np.array([var]), np.array([var * more]), ALPHA)
    large = fz0(
        unit * np.array([[gain]]), unit * np.array([var]), unit * np.array([var * more]), ALPHA
    )
    if abs(gain + var) > 1e-9:  # at the quantile itself rounding decides
        assert large - small == pytest.approx(np.log(unit), abs=1e-6)


@pytest.mark.parametrize("score", SCORES)
def test_a_shortfall_that_gains_is_refused(score: Score) -> None:
    with pytest.raises(NotApplicable, match="no loss"):
        score(np.zeros((3, 1)), np.array([-0.01]), np.array([-0.001]), ALPHA)
    with pytest.raises(NotApplicable, match="smaller than"):
        score(np.zeros((3, 1)), np.array([0.02]), np.array([0.01]), ALPHA)


def test_tail_gan_score_is_refused_where_it_does_not_hold() -> None:
    with pytest.raises(NotApplicable, match="ten times"):
        tail_gan_score(np.zeros((3, 1)), np.array([0.001]), np.array([0.02]), ALPHA)


def test_a_forecast_against_itself_is_no_better_and_no_worse() -> None:
    scores = [np.random.default_rng(0).normal(size=200)]
    found = diebold_mariano(scores, scores)
    assert (found.difference, found.statistic, found.p_value) == (0.0, 0.0, 1.0)


def test_a_worse_forecast_is_told_with_its_sign() -> None:
    gains, var, es = student_days()
    days = np.random.default_rng(1).permutation(gains)[:4_000, None]
    right = fz0(days, np.array([var]), np.array([es]), ALPHA)[:, 0]
    calm = fz0(days, np.array([0.6 * var]), np.array([0.6 * es]), ALPHA)[:, 0]
    found = diebold_mariano([right], [calm])
    assert found.difference < 0
    assert found.statistic < -3
    other = diebold_mariano([calm], [right])
    assert other.statistic == pytest.approx(-found.statistic)


def test_without_lags_the_error_is_that_of_a_mean() -> None:
    scores = np.random.default_rng(2).normal(size=500)
    found = diebold_mariano([scores], [np.zeros(500)], lags=0)
    assert found.error == pytest.approx(scores.std() / np.sqrt(500))


def test_the_error_grows_with_memory_as_it_should() -> None:
    rng, phi, n = np.random.default_rng(3), 0.5, 60_000
    series, noise = np.empty(n), rng.normal(size=n)
    series[0] = noise[0]
    for day in range(1, n):
        series[day] = phi * series[day - 1] + noise[day]
    found = diebold_mariano([series], [np.zeros(n)], lags=60)
    assert found.error * np.sqrt(n) == pytest.approx(1 / (1 - phi), rel=0.05)


def test_equally_good_forecasts_are_told_apart_no_more_often_than_the_level_says() -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(1_000, 500))
    rejected = [diebold_mariano([row], [np.zeros(500)]).p_value < 0.05 for row in noise]
    assert 0.03 < np.mean(rejected) < 0.09


def test_no_product_is_taken_across_stretches() -> None:
    one, other = np.array([1.0, -1.0, 1.0]), np.array([1.0, -1.0, -1.0])
    apart = diebold_mariano([one, other], [np.zeros(3), np.zeros(3)], lags=1)
    joined = diebold_mariano([np.concatenate([one, other])], [np.zeros(6)], lags=1)
    # 6 squares; inside products -1 - 1 - 1 + 1 = -2, and + 1 across the border.
    assert apart.error == pytest.approx(np.sqrt((6 - 2) / 6 / 6))
    assert joined.error == pytest.approx(np.sqrt((6 - 1) / 6 / 6))


def test_scores_of_different_days_are_refused() -> None:
    with pytest.raises(DataError, match="3 and 4 days"):
        diebold_mariano([np.zeros(3)], [np.zeros(4)])


@pytest.mark.parametrize("score", SCORES)
def test_a_calm_generator_loses_to_the_truth_on_held_out_days(score: Score) -> None:
    rng = np.random.default_rng(5)
    truth = 0.01 * rng.standard_t(4, size=(400, 50, 3))
    held_out = [0.01 * rng.standard_t(4, size=(1_000, 3)) for _ in range(3)]
    made = {"true": truth, "calm": 0.5 * truth, "again": list(truth)}
    found = {
        (s.generator, s.alpha): s
        for s in compare_tails(made, held_out, against="true", seed=0, score=score)
    }
    assert len(found) == 9
    for alpha in (0.025, 0.05):
        calm, again = found["calm", alpha], found["again", alpha]
        assert calm.difference.value > 0
        assert calm.difference.lower is not None
        assert calm.difference.lower > 0
        assert calm.test.statistic > 3
        assert calm.test.difference == pytest.approx(calm.difference.value)
        assert np.mean(calm.stretches) == pytest.approx(calm.difference.value)
        assert again.difference.value == 0.0
        assert again.test.p_value == 1.0
    assert found == {
        (s.generator, s.alpha): s
        for s in compare_tails(made, held_out, against="true", seed=0, score=score)
    }


def test_a_figure_that_is_too_low_wins_in_calm_stretches_only_and_the_stretches_say_so() -> None:
    rng = np.random.default_rng(6)
    truth = 0.01 * rng.standard_normal((400, 50, 2))
    calm, wild = (scale * rng.standard_normal((1_500, 2)) for scale in (0.005, 0.015))
    made = {"true": truth, "low": 0.6 * truth}
    scores = compare_tails(made, [calm, wild], against="true", seed=0)
    low = next(s for s in scores if s.generator == "low" and s.alpha == 0.05)
    assert low.stretches[0] < 0 < low.stretches[1]
