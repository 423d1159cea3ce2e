"""One-day forecasts: closed forms, rivals that find a known law, and who wins."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from market_law import DEGREES, garch_days, true_forecast
from scipy import stats

from riskgen.evaluate.market.forecasts.forecast import LEVELS, Forecast, Tails, stated, tails_of
from riskgen.evaluate.market.forecasts.results import score_results
from riskgen.evaluate.market.forecasts.rivals import HISTORICAL, rival_forecasts, student_tails
from riskgen.evaluate.market.forecasts.score import Scored
from riskgen.evaluate.market.forecasts.suite import OWN, Days, held, measure_forecasts
from riskgen.evaluate.result import MetricResult

FIRST = 2_400


@cache
def days() -> tuple[np.ndarray, np.ndarray]:
    return garch_days(4_000, 1)


@cache
def rivals() -> dict[str, Forecast]:
    gains, _ = days()
    return rival_forecasts(gains, FIRST, [gains[:1_200], gains[1_220:2_300]])


def test_gaussian_tails_are_the_closed_form() -> None:
    drawn = np.random.default_rng(0).normal(0.001, 0.02, (400_000, 2))
    tails = tails_of(drawn)
    for i, level in enumerate(LEVELS):
        cut = stats.norm.ppf(stated(level))
        shortfall = stats.norm.pdf(cut) / stated(level)
        assert tails.var[i] == pytest.approx(-0.001 - 0.02 * cut, rel=0.02)
        assert tails.es[i] == pytest.approx(-0.001 + 0.02 * shortfall, rel=0.02)
        assert tails.points[i].mean(axis=1) == pytest.approx(tails.es[i], rel=0.02)


def test_the_next_draw_falls_below_the_quantile_as_often_as_stated() -> None:
    rng = np.random.default_rng(0)
    for n in (250, 500):
        samples, following = rng.normal(size=(n, 40_000)), rng.normal(size=40_000)
        var = tails_of(samples).var
        for i, level in enumerate(LEVELS):
            share = float((following < -var[i]).mean())
            error = np.sqrt(stated(level) / 40_000)
            assert share == pytest.approx(stated(level), abs=3.5 * error)


def test_tails_of_a_student_t_are_the_closed_form() -> None:
    tails = student_tails(DEGREES)
    drawn = np.random.default_rng(0).standard_t(DEGREES, (600_000, 1))
    sampled = tails_of(drawn * np.sqrt((DEGREES - 2) / DEGREES))
    assert tails.var == pytest.approx(sampled.var, rel=0.02)
    assert tails.es == pytest.approx(sampled.es, rel=0.03)


def test_moved_tails_are_those_of_moved_gains() -> None:
    gains = np.random.default_rng(0).normal(size=(500, 3))
    scale, mean = np.array([1.0, 2.0, 0.5]), np.array([0.0, 0.3, -0.2])
    moved, again = tails_of(gains).moved(scale, mean), tails_of(mean + scale * gains)
    assert moved.var == pytest.approx(again.var)
    assert moved.es == pytest.approx(again.es)
    assert moved.points == pytest.approx(again.points)
    each = Forecast.of(Tails(moved.var[:, None], moved.es[:, None], moved.points[:, None]))
    assert each.tail.mean(axis=-1) == pytest.approx(np.ones((2, 1, 3)), abs=1e-5)


@pytest.mark.parametrize("name", ["GARCH(1,1)-t", "GJR-GARCH, filtered history"])
def test_a_garch_finds_the_true_forecasts_of_a_garch(name: str) -> None:
    truth = true_forecast(days()[1][FIRST:])
    for found, wanted in ((rivals()[name].var, truth.var), (rivals()[name].es, truth.es)):
        assert np.abs(found / wanted - 1).mean() < 0.1


def test_no_rival_sees_the_day_that_it_forecasts() -> None:
    gains = days()[0].copy()
    gains[3_000:] *= -5.0
    learned = [gains[:1_200], gains[1_220:2_300]]
    for name, other in rival_forecasts(gains, FIRST, learned).items():
        before, after = rivals()[name].es, other.es
        assert np.array_equal(before[:, : 3_001 - FIRST], after[:, : 3_001 - FIRST]), name
        assert name.startswith("block") or not np.allclose(before[:, 700:], after[:, 700:])


def test_few_learned_days_leave_out_what_needs_many() -> None:
    gains, _ = days()
    found = rival_forecasts(gains, FIRST, [gains[:400]])
    assert HISTORICAL in found
    assert not any("GARCH" in name for name in found)


def scored(times: float) -> list[MetricResult]:
    gains, scale = days()
    forecasts = {OWN: true_forecast(scale[FIRST:], times), **rivals()}
    return score_results(OWN, Scored.of(forecasts, gains[FIRST:], 10))


def test_the_true_forecast_beats_historical_simulation() -> None:
    for result in scored(1.0):
        assert result.status == "PASS"
        assert "Better than historical simulation" in result.reason


def test_where_historical_simulation_wins_the_result_says_so() -> None:
    for result in scored(0.5):
        assert result.status == "FAIL"
        assert "Historical simulation wins" in result.reason
        assert "is better than it" in result.reason


def test_historical_simulation_against_itself_decides_nothing() -> None:
    gains, _ = days()
    forecasts = {OWN: rivals()[HISTORICAL], HISTORICAL: rivals()[HISTORICAL]}
    for result in score_results(OWN, Scored.of(forecasts, gains[FIRST:], 10)):
        assert result.status == "INCONCLUSIVE"
        assert result.estimate is not None
        assert result.estimate.value == 0.0


@cache
def measured(times: float, n_days: int = 4_000, first: int = FIRST) -> dict[str, MetricResult]:
    gains, scale = (part[:n_days] for part in days())
    rng = np.random.default_rng(5)
    unit = np.sqrt(DEGREES / (DEGREES - 2))
    draws = (times * s * rng.standard_t(DEGREES, (2_000, 1)) / unit for s in scale[first:])
    known = Days(np.log1p(gains), first, [np.log1p(gains[:1_200]), np.log1p(gains[1_220:2_300])])
    found = measure_forecasts(known, map(np.log1p, (np.maximum(d, -0.9) for d in draws)), seed=0)
    return {metric.metric: metric for metric in found.metrics}


def test_a_generator_that_draws_the_true_law_fails_no_test() -> None:
    found = measured(1.0)
    assert not [m.metric for m in found.values() if m.status == "FAIL"]
    assert found["market.forecast.score.97.5"].status == "PASS"


def test_a_test_that_would_miss_a_wrong_forecast_is_not_passed() -> None:
    found = measured(1.0)["market.forecast.independence.99"]
    assert found.status == "INCONCLUSIVE"
    assert found.reason.startswith("Cannot decide: a wrong forecast would pass too")


def test_a_generator_of_half_the_volatility_fails() -> None:
    found = measured(0.5)
    for name in ("kupiec.97.5", "kupiec.99", "z2.97.5", "z2.99", "traffic_light", "score.99"):
        assert found[f"market.forecast.{name}"].band == "red", name


def test_fewer_than_two_years_of_later_days_pass_nothing() -> None:
    found = measured(1.0, n_days=FIRST + 300)
    tests = [m for name, m in found.items() if "score" not in name and "light" not in name]
    assert len(tests) == 10
    assert all(m.status == "INCONCLUSIVE" for m in tests)


def test_too_few_days_are_not_asked() -> None:
    gains, _ = days()
    known = Days(gains[:2_500], FIRST, [gains[:2_300]])
    found = measure_forecasts(known, None, seed=0)
    assert [m.status for m in found.metrics] == ["NOT_APPLICABLE"]
    assert "100 days came after" in found.metrics[0].reason


def test_a_generator_without_a_past_gets_the_table_of_its_rivals_and_no_verdict() -> None:
    gains, _ = days()
    known = Days(gains, FIRST, [gains[:2_300]])
    found = measure_forecasts(known, None, seed=0, why_not="It knows no past.")
    assert [m.status for m in found.metrics] == ["NOT_APPLICABLE"]
    assert found.metrics[0].reason == "It knows no past."
    assert {row["forecast"] for row in found.facts["rows"]} == set(rivals())


def test_the_deciding_portfolio_is_equally_weighted_and_all_others_are_long_only() -> None:
    weights = held(5, seed=0)
    assert weights[0] == pytest.approx(np.full(5, 0.2))
    assert weights.shape == (11, 5)
    assert weights.min() >= 0
    assert weights.sum(axis=1) == pytest.approx(np.ones(11))
    assert held(1, seed=0).tolist() == [[1.0]]


def test_every_result_has_its_rivals_and_is_json() -> None:
    found = measured(1.0)
    for metric in found.values():
        assert metric.to_json()
        assert metric.reason
    assert set(found["market.forecast.kupiec.99"].references) == set(rivals())
