"""Calibration and discrimination against closed forms, other libraries and copied tables."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import tiny_table
from scipy import integrate, stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from riskgen.evaluate.detection.calibration import (
    brier,
    calibration_intercept,
    calibration_slope,
    isotonic,
    platt,
)
from riskgen.evaluate.detection.discrimination import (
    area,
    by_vintage,
    gini,
    h_measure,
    kolmogorov_smirnov,
    vintages,
)
from riskgen.evaluate.intervals import resampling_weights

MEASURES = [area, gini, kolmogorov_smirnov, h_measure]


def loans(n: int = 3_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of default, with ties, and defaults drawn from exactly them."""
    rng = np.random.default_rng(seed)
    log_odds = np.round(rng.normal(-2.0, 1.5, n), 2)
    return log_odds, rng.random(n) < expit(log_odds)


# Discrimination.


def test_the_area_is_scikit_learns_ties_and_all():
    scores, bad = loans()
    assert float(area(scores, bad)) == pytest.approx(roc_auc_score(bad, scores))
    assert float(gini(scores, bad)) == pytest.approx(2 * roc_auc_score(bad, scores) - 1)


def test_kolmogorov_smirnov_is_scipys():
    scores, bad = loans()
    expected = stats.ks_2samp(scores[bad], scores[~bad]).statistic
    assert float(kolmogorov_smirnov(scores, bad)) == pytest.approx(expected)


def test_two_normal_classes_have_the_area_and_the_distance_of_the_closed_form():
    rng, n = np.random.default_rng(1), 200_000
    bad = np.arange(n) < n // 2
    scores = rng.normal(size=n) + 1.0 * bad
    assert float(area(scores, bad)) == pytest.approx(stats.norm.cdf(1 / np.sqrt(2)), abs=0.005)
    expected = 2 * stats.norm.cdf(0.5) - 1
    assert float(kolmogorov_smirnov(scores, bad)) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("measure", [gini, kolmogorov_smirnov, h_measure])
def test_a_perfect_score_gets_one_and_a_constant_gets_nothing(measure):
    bad = np.arange(50) < 9
    assert float(measure(bad.astype(float), bad)) == pytest.approx(1.0)
    assert float(measure(np.zeros(50), bad)) == pytest.approx(0.0)


@pytest.mark.parametrize("prior", [None, (2.0, 2.0), (1.0, 5.0)])
def test_the_h_measure_is_the_integral_that_defines_it(prior):
    scores, bad = loans(300)
    rate = bad.mean()
    density = stats.beta(*(prior or (1 + rate, 2 - rate))).pdf
    bounds = np.append(np.unique(scores), np.inf)
    seen = [(np.mean(~bad & (scores >= t)), np.mean(bad & (scores < t))) for t in bounds]
    alarms, misses = np.array(seen).T

    def loss(c: float) -> float:
        return float(np.min(c * alarms + (1 - c) * misses) * density(c))

    def idle(c: float) -> float:
        return min(c * (1 - rate), (1 - c) * rate) * density(c)

    grid = np.linspace(0, 1, 20_001)
    spent, most = (integrate.trapezoid([f(c) for c in grid], grid) for f in (loss, idle))
    assert float(h_measure(scores, bad, prior=prior)) == pytest.approx(1 - spent / most, abs=1e-5)


def test_only_the_order_of_scores_counts():
    scores, bad = loans()
    for measure in MEASURES:
        assert float(measure(np.exp(scores), bad)) == pytest.approx(float(measure(scores, bad)))


@pytest.mark.parametrize("measure", MEASURES)
def test_one_class_alone_cannot_be_told_apart(measure):
    assert np.isnan(measure(np.arange(5.0), np.zeros(5, bool)))
    assert np.isnan(measure(np.arange(5.0), np.ones(5, bool)))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_weight_is_a_number_of_copies(measure):
    scores, bad = loans(200)
    weights = resampling_weights(200, 4, np.random.default_rng(2))
    found = measure(scores, bad, weights)
    for draw, weight in enumerate(weights.astype(int)):
        copied = float(measure(np.repeat(scores, weight), np.repeat(bad, weight)))
        assert found[draw] == pytest.approx(copied)


def test_a_vintage_is_measured_alone():
    scores, bad = loans(400)
    vintage = ["2024Q4" if i % 2 else "2025Q1" for i in range(400)]
    found = by_vintage(area, scores, bad, vintage)
    assert list(found) == ["2024Q4", "2025Q1"]
    assert float(found["2025Q1"]) == pytest.approx(roc_auc_score(bad[::2], scores[::2]))
    weights = np.ones((2, 400))
    np.testing.assert_allclose(
        by_vintage(area, scores, bad, vintage, weights)["2025Q1"], float(found["2025Q1"])
    )


def test_a_vintage_is_the_quarter_of_the_first_event(tiny_events):
    assert tiny_table()["when"].dt.year().unique().to_list() == [2025]
    assert set(vintages(tiny_events)) == {"2025Q1"}


# Calibration.


def test_drawn_as_told_is_calibrated():
    log_odds, bad = loans(50_000)
    owner = np.arange(50_000)
    assert float(calibration_slope(log_odds, bad, owner)) == pytest.approx(1.0, abs=0.04)
    assert float(calibration_intercept(log_odds, bad, owner)) == pytest.approx(0.0, abs=0.04)


def test_the_slope_is_that_of_an_unpenalised_regression():
    log_odds, bad = loans()
    found = float(calibration_slope(3.0 * log_odds + 1.0, bad, np.arange(3_000)))
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(3.0 * log_odds[:, None] + 1.0, bad)
    assert found == pytest.approx(float(model.coef_[0, 0]), abs=1e-5)


def test_twice_too_sure_has_half_the_slope_and_a_shift_comes_back_as_intercept():
    log_odds, bad = loans()
    owner = np.arange(3_000)
    once = float(calibration_slope(log_odds, bad, owner))
    assert float(calibration_slope(2 * log_odds, bad, owner)) == pytest.approx(once / 2)
    level = float(calibration_intercept(log_odds, bad, owner))
    moved = float(calibration_intercept(log_odds + 2.5, bad, owner))
    assert moved == pytest.approx(level - 2.5)


def test_the_brier_score_is_scikit_learns():
    log_odds, bad = loans()
    expected = brier_score_loss(bad, expit(log_odds))
    assert float(brier(log_odds, bad, np.arange(3_000))) == pytest.approx(expected)


def test_calibration_weighs_entities_with_all_their_rows():
    log_odds, bad = loans(4_000)
    owner = np.repeat(np.arange(1_000), 4)
    weights = resampling_weights(1_000, 3, np.random.default_rng(3))
    exact = brier(log_odds, bad, owner, weights)
    near = [f(log_odds, bad, owner, weights) for f in (calibration_slope, calibration_intercept)]
    for draw, weight in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(4_000), weight[owner])
        part = log_odds[rows], bad[rows], owner[rows]
        assert exact[draw] == pytest.approx(float(brier(*part)))
        # One step of Newton's method: right up to the square of a change of some 5 %.
        assert near[0][draw] == pytest.approx(float(calibration_slope(*part)), abs=0.01)
        assert near[1][draw] == pytest.approx(float(calibration_intercept(*part)), abs=0.01)


@pytest.mark.parametrize("calibrate", [platt, isotonic])
def test_scores_of_a_detector_taught_with_heavy_frauds_are_mended(calibrate):
    learned, bad = loans(20_000, seed=4)
    wrong = 1.7 * learned + 3.0
    mended = calibrate(wrong[::2], bad[::2])(wrong[1::2])
    others = bad[1::2]
    owner = np.arange(len(others))
    assert float(brier(wrong[1::2], others, owner)) > 1.3 * float(brier(mended, others, owner))
    assert float(calibration_slope(mended, others, owner)) == pytest.approx(1.0, abs=0.1)
    assert np.isfinite(mended).all()
    assert (np.diff(mended[np.argsort(wrong[1::2])]) >= 0).all()


def test_perfect_separation_on_validation_leaves_finite_odds():
    scores, bad = np.arange(20.0), np.arange(20) >= 15
    line = platt(scores, bad)
    assert 0 < line.slope < 50
    assert np.isfinite(isotonic(scores, bad)(np.array([-99.0, 99.0]))).all()


def test_without_a_fraud_on_validation_order_is_kept():
    line = platt(np.arange(20.0), np.zeros(20, bool))
    assert line.slope == 1.0
    assert expit(line(np.arange(20.0))).mean() == pytest.approx(1 / 22, abs=1e-6)
    assert np.isnan(calibration_slope(np.arange(20.0), np.zeros(20, bool), np.arange(20)))
