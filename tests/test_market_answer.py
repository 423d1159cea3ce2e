"""What is answered of a market, and what is never left unsaid."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from riskgen.evaluate.market.answer import market_verdict
from riskgen.evaluate.market.controls import control_paths
from riskgen.evaluate.market.ranking import HISTORY, measure_ranking
from riskgen.evaluate.result import Estimate, MetricResult, Status, declined
from riskgen.report.forecasts import forecast_blocks


def metric(name: str, status: Status, reason: str = "") -> MetricResult:
    band = {"PASS": "green", "FAIL": "red"}.get(status, "amber")
    return MetricResult(
        name, name.title(), "market", status, estimate=Estimate(1.0), band=band, reason=reason
    )


GOOD, BAD = metric("market.a", "PASS"), metric("market.b", "FAIL")
LOST = "Historical simulation wins: its tail forecasts fit better (p = 0.01)."


def test_market_answers() -> None:
    assert market_verdict([GOOD, GOOD]).answer == "YES"
    assert market_verdict([GOOD, GOOD, BAD]).answer == "LIMITED"
    assert market_verdict([BAD, GOOD]).answer == "NO"
    assert market_verdict([]).answer == "NO EVIDENCE"


@pytest.mark.parametrize(
    "name", ["market.forecast.kupiec.99", "market.forecast.score.99", "market.elicitability.1"]
)
def test_right_facts_with_a_rejected_forecast_are_limited(name: str) -> None:
    verdict = market_verdict([GOOD, GOOD, metric(name, "FAIL", LOST)])
    assert (verdict.answer, verdict.status) == ("LIMITED", "FAIL")
    assert verdict.sentence.startswith("2 of 2 facts")


def test_the_verdict_says_plainly_when_historical_simulation_wins() -> None:
    scores = [metric(f"market.forecast.score.{at}", "FAIL", LOST) for at in ("97.5", "99")]
    tests = [metric("market.forecast.kupiec.99", "PASS"), metric("market.forecast.z1.99", "FAIL")]
    said = market_verdict([GOOD, *scores, *tests]).sentence
    assert "Historical simulation wins on one-day forecasts at 2 of 2 levels." in said
    assert "1 of 2 backtests reject" in said
    light = metric("market.forecast.traffic_light", "FAIL", "Yellow zone. Where 2 % lie beyond ...")
    lit = market_verdict([GOOD, *scores, *tests, light]).sentence
    assert "1 of 2 backtests reject. Basel's traffic light: yellow zone." in lit
    figures = [metric("market.elicitability.1", "FAIL", LOST)]
    assert "wins on tail figures of all days" in market_verdict([GOOD, *figures]).sentence


def test_a_win_over_history_is_no_win_over_the_best_rival() -> None:
    won = metric("market.forecast.score.99", "PASS", "The best rival, X, is better than it.")
    other = metric("market.forecast.kupiec.99", "PASS")
    assert "a cheap rival is better still" in market_verdict([GOOD, won, other]).sentence
    even = replace(won, reason="The best rival, X, cannot be told from it.")
    assert "not told from the best cheap rival" in market_verdict([GOOD, even, other]).sentence


def test_a_test_that_cannot_decide_is_counted_and_not_passed() -> None:
    open_ = metric("market.forecast.independence.99", "INCONCLUSIVE", "Cannot decide.")
    verdict = market_verdict([GOOD, GOOD, open_])
    assert "0 of 1 backtests reject, 1 cannot decide" in verdict.sentence


def test_a_generator_without_a_past_is_told_so_in_the_caveats() -> None:
    none = declined("market.forecast", "One-day forecasts", "market", "Its paths know no state.")
    verdict = market_verdict([GOOD, GOOD, none])
    assert verdict.answer == "YES"
    assert any("No one-day forecast was judged" in line for line in verdict.caveats)
    assert "backtests" not in verdict.sentence


@cache
def segments() -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(3)
    days = 0.01 * rng.standard_t(5, (4_500, 3))
    return [days[:1_500], days[1_500:3_000]], [days[3_000:3_750], days[3_750:]]


def ranked(name: str) -> list[MetricResult]:
    real, later = segments()
    paths = control_paths(name, real, 200, 60, seed=9)
    others = {"iid": control_paths("iid", real, 200, 60, seed=4)}
    return measure_ranking(real, later, paths, others, seed=1)


def test_understated_tails_lose_against_historical_simulation() -> None:
    for result in ranked("calm"):
        assert result.status == "FAIL"
        assert result.reason.startswith("Historical simulation wins")
        assert result.reason.endswith("Better in 0 of 2 unbroken stretches of days.")


def test_history_drawn_again_is_not_told_from_history() -> None:
    for result in ranked("iid"):
        assert result.status == "INCONCLUSIVE"
        assert result.floor is not None
        assert abs(result.floor.value) < 0.05
        assert HISTORY not in result.references


def row(name: str, score: float) -> dict[str, object]:
    chances = dict.fromkeys(("kupiec", "independence", "coverage", "z1", "z2"), 0.4)
    return {
        "forecast": name,
        "level": 0.99,
        "beyond": 12,
        "stated": 10.0,
        "p": chances,
        "rejected": ["z1"],
        "zone": "yellow",
        "score": score,
        "difference": score + 3.0,
        "difference_p": 0.2,
    }


def test_the_table_ranks_forecasts_and_says_who_is_beaten() -> None:
    history = "historical simulation, 500 days"
    rows = [row("this generator", -2.9), row(history, -3.0), row("<b>other</b>", -3.1)]
    told = {"days": 1000, "portfolios": 11, "note": "Frozen.", "against": history, "rows": rows}
    words, table = forecast_blocks({"forecasts": {**told, "dates": ["2016-01-04", "2019-12-30"]}})
    assert "Historical simulation scores better than this generator." in words.text
    assert "1,000 later days, 2016-01-04 to 2019-12-30. Frozen." in words.text
    assert [cells[0] for cells in table.rows] == ["<b>other</b>", history, "this generator"]
    assert table.rows[0][7] == "1 of 5"
    assert len(table.columns) == len(table.rows[0])


def test_a_report_without_forecasts_has_no_table() -> None:
    assert forecast_blocks({}) == ()
    assert forecast_blocks({"forecasts": {}}) == ()
