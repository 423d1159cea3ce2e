"""The first alert of each fraud, and what had happened by then, against counting by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_bank import START, small_bank
from utility_world import ALWAYS

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.rehearsals.first_alerts import NEVER, FirstAlerts
from riskgen.evaluate.rehearsals.toll import Aftermath, centred, weighted_median
from riskgen.simulate.mechanisms.stressed import Stressed

SCHEMA = small_bank(20).schema


def robbed(hours: list[float], owner: list[int], amounts: list[float], labels: list[int]) -> Events:
    table = pl.DataFrame(
        {
            "customer": [f"c{i}" for i in owner],
            "when": [int((START + h * 3600) * 1e6) for h in hours],
            "amount": amounts,
            "category": ["a"] * len(hours),
            "country": ["DE"] * len(hours),
            "fraud": labels,
        }
    ).with_columns(pl.col("when").cast(pl.Datetime("us")), pl.col("fraud").cast(pl.Int8))
    return Events.build(table, SCHEMA)


# Customer 0 is robbed at 1, 3 and 30 hours of 10, 20 and 40; the others are honest.
CASE = robbed(
    [0, 1, 3, 30, 2, 30],
    [0, 0, 0, 0, 1, 1],
    [5.0, 10.0, 20.0, 40.0, 1.0, 1.0],
    [0, 1, 1, 1, 0, 0],
)


def after(scores: list[float], budget: float = 0.5) -> tuple[FirstAlerts, Aftermath]:
    board, weights = Board.of_events(CASE, ALWAYS), np.ones((1, 2))
    first = FirstAlerts.of(board, np.array(scores), budget, weights)
    stressed = Stressed(CASE, np.array([True, False]), CASE.event_label(), [], {}, {})
    return first, Aftermath.of(stressed.events, board, first, weights)


def test_the_alert_is_for_the_event_that_first_reached_the_days_threshold() -> None:
    first, seen = after([0, 0, 9, 0, 1, 1])
    assert first.row.tolist() == [[2]]
    assert (seen.hours[0, 0], seen.events[0, 0], seen.lost[0, 0]) == (2.0, 1.0, 10.0)


def test_an_alert_before_the_first_fraud_of_the_day_loses_nothing() -> None:
    _, seen = after([9, 0, 9, 0, 1, 1])
    assert (seen.hours[0, 0], seen.events[0, 0], seen.lost[0, 0]) == (0.0, 0.0, 0.0)


def test_a_fraud_found_on_its_second_day_has_lost_the_first() -> None:
    _, seen = after([0, 0, 0, 9, 1, 1])
    assert (seen.hours[0, 0], seen.events[0, 0], seen.lost[0, 0]) == (29.0, 2.0, 30.0)


def test_what_is_never_found_loses_everything() -> None:
    first, seen = after([0, 0, 0, 0, 1, 1])
    assert first.row.tolist() == [[NEVER]]
    assert seen.lost[0, 0] == seen.total[0] == 70.0
    toll = Aftermath.together([seen]).toll
    assert (toll.never.value, toll.lost_share.value) == (1.0, 1.0)
    assert np.isnan(toll.hours.value)
    assert toll.facts()["hours"]["value"] is None


@pytest.mark.parametrize("seed", range(5))
def test_as_many_are_found_as_recall_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    events = small_bank(200, seed=seed, fraud_share=0.3)
    board = Board.of_events(events, ALWAYS)
    scores = np.round(rng.normal(size=len(board.owner)) + board.labels, 1)  # with ties
    weights = rng.multinomial(200, np.full(200, 1 / 200), size=70).astype(np.float64)
    first = FirstAlerts.of(board, scores, 0.03, weights)
    there = weights[:, first.entities]
    share = (there * (first.row != NEVER)).sum(axis=1) / there.sum(axis=1)
    np.testing.assert_allclose(share, board.recall(scores, 0.03, weights))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 9))
def test_a_weighted_median_is_that_of_repeated_values(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.integers(0, 5, (3, n)).astype(float), rng.integers(0, 4, (3, n))
    for value, found, weight in zip(
        values, weighted_median(values, weights.astype(float)), weights, strict=True
    ):
        repeated = np.sort(np.repeat(value, weight))
        if len(repeated) == 0:
            assert np.isnan(found)
        else:
            assert found == repeated[(len(repeated) - 1) // 2]


def test_an_interval_is_moved_to_its_value_and_stays_a_share() -> None:
    draws = np.concatenate([[0.1], np.linspace(0.2, 0.4, 201)])
    found = centred(draws, 50, most=1.0)
    assert found.value == 0.1
    assert found.lower == pytest.approx(0.1 - 0.095)
    assert found.upper == pytest.approx(0.1 + 0.095)
    assert centred(np.array([0.0, 0.0, 0.2]), 9, most=1.0).lower == 0.0


def test_an_alert_on_an_earlier_day_does_not_count() -> None:
    events = robbed([0, 30, 2, 30], [0, 0, 1, 1], [1.0] * 4, [0, 1, 0, 0])
    board = Board.of_events(events, (START - 1, START + 9 * SECONDS_PER_DAY))
    first = FirstAlerts.of(board, np.array([9.0, 0.0, 1.0, 1.0]), 0.5, np.ones((1, 2)))
    assert first.row.tolist() == [[NEVER]]
