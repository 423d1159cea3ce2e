"""What a detector's scores are worth, against counting by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score
from small_bank import DAYS, START, small_bank

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.evaluate.detection.alerts import Board

ALWAYS = (START - 1.0, START + 2 * DAYS * SECONDS_PER_DAY)


@pytest.fixture(scope="module")
def bank_events() -> Events:
    return small_bank(840, seed=3, fraud_share=0.05, strength=0.6)


def board(days: list[int], owner: list[int], labels: list[int], n: int) -> Board:
    table = pl.DataFrame(
        {
            "customer": [f"c{i}" for i in owner],
            "when": [int((START + d * SECONDS_PER_DAY + 60) * 1e6) for d in days],
            "amount": [1.0] * len(days),
            "category": ["a"] * len(days),
            "country": ["DE"] * len(days),
            "fraud": labels,
        }
    ).with_columns(pl.col("when").cast(pl.Datetime("us")), pl.col("fraud").cast(pl.Int8))
    found = Board.of_events(Events.build(table, small_bank(20).schema), ALWAYS)
    assert found.n_entities == n
    return found


def test_the_highest_scores_of_a_day_are_alerted():
    found = board([0, 0, 0, 0], [0, 1, 2, 3], [0, 0, 1, 0], 4)
    assert found.recall(np.array([0.0, 1.0, 2.0, 3.0]), 0.25) == 0.0
    assert found.recall(np.array([0.0, 1.0, 2.0, 3.0]), 0.50) == 1.0


def test_fractions_of_an_alert_are_saved_up():
    # One customer a day, half an alert a day: only the second and fourth day alert.
    scores = np.array([9.0, 9.0, 9.0, 9.0])
    second = board([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 0, 0], 4)
    third = board([0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 1, 0], 4)
    assert second.recall(scores, 0.5) == 1.0
    assert third.recall(scores, 0.5) == 0.0


def test_an_alert_after_the_fraud_is_over_is_no_detection():
    # Customer 0 is defrauded on day 0 and scores high on day 5 only.
    found = board([0, 5, 0, 5], [0, 0, 1, 1], [1, 0, 0, 0], 2)
    assert found.recall(np.array([0.0, 9.0, 1.0, 1.0]), 0.5) == 0.0
    assert found.recall(np.array([9.0, 0.0, 1.0, 1.0]), 0.5) == 1.0


def test_a_resampled_population_is_the_population_when_everybody_is_there_once(bank_events):
    found = Board.of_events(bank_events, ALWAYS)
    scores = np.random.default_rng(0).normal(size=int(found.scored.sum())) + found.labels
    everyone = np.ones((1, found.n_entities))
    assert found.recall(scores, 0.01, everyone)[0] == found.recall(scores, 0.01)
    twice = found.average_precision(scores, 2 * everyone)[0]
    assert twice == pytest.approx(float(found.average_precision(scores)))


def test_average_precision_is_scikit_learns(bank_events):
    found = Board.of_events(bank_events, ALWAYS)
    rng = np.random.default_rng(2)
    scores = np.round(rng.normal(size=int(found.scored.sum())) + found.labels, 1)  # with ties
    expected = average_precision_score(found.labels, scores)
    assert float(found.average_precision(scores)) == pytest.approx(expected)


def test_the_budget_line_holds_as_many_alerts_as_the_budget():
    # 400 customer-days, 8 fraudulent rows, 1 % alerted: 4 alerts, at best half of the frauds.
    labels = [1] * 8 + [0] * 392
    line = board([0] * 400, list(range(400)), labels, 400).budget_line(0.01)
    assert line["x"] == [0.0, 0.5]
    assert line["y"] == [0.0, 1.0]


def by_hand(found: Board, scores: np.ndarray, budget: float, weight: np.ndarray) -> float:
    """Count alerts of one population day by day; one alert finds a customer."""
    case, saved, alerted = found.case_scores(scores), 0.0, {}
    spent = 0
    for day in range(found.day.max() + 1):
        cases = [i for i in np.flatnonzero(found.day == day)]
        saved += budget * sum(weight[found.case_owner[i]] for i in cases)
        left = np.floor(saved + 1e-9) - spent
        spent = np.floor(saved + 1e-9)
        ahead = 0.0
        for i in sorted(cases, key=lambda i: -case[i]):
            who = found.case_owner[i]
            if found.counts[i] and weight[who]:
                alerted[who] = max(alerted.get(who, 0.0), float(ahead < left))
            ahead += weight[who]
    frauds = found.fraud_entities
    total = weight[frauds].sum()
    return sum(weight[i] * alerted.get(i, 0.0) for i in frauds) / total


def test_recall_of_resampled_customers_is_what_counting_gives(bank_events):
    found = Board.of_events(bank_events.take(np.arange(120)), ALWAYS)
    rng = np.random.default_rng(4)
    scores = rng.normal(size=int(found.scored.sum())) + 2.0 * found.labels
    weights = rng.multinomial(120, np.full(120, 1 / 120), size=5).astype(float)
    expected = [by_hand(found, scores, 0.05, weight) for weight in weights]
    assert found.recall(scores, 0.05, weights).tolist() == pytest.approx(expected)
    assert 0.0 < min(expected) < max(expected)
