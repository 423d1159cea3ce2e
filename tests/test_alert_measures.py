"""What alerts find and cost, against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.cards import card_precision, short_days
from riskgen.evaluate.detection.costs import (
    fraud_money,
    minimum_risk,
    savings,
    savings_at_budget,
    value_at_budget,
    value_detected,
)
from riskgen.evaluate.intervals import resampling_weights


def board(rows: list[tuple[int, int, int]], n: int | None = None) -> Board:
    """Lay out rows of (owner, day, label), sorted by owner and day."""
    owner, day, label = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    fresh = np.ones(len(owner), dtype=bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (day[1:] != day[:-1])
    start = np.flatnonzero(fresh)
    labels = label.astype(bool)
    counts = np.array(
        [
            any(o == owner[s] and x for o, x in zip(owner, labels, strict=True))
            and day[labels & (owner == owner[s])].min()
            <= day[s]
            <= day[labels & (owner == owner[s])].max()
            for s in start
        ]
    )
    _, numbered = np.unique(day[start], return_inverse=True)
    n = int(owner.max()) + 1 if n is None else n
    return Board(np.ones(len(owner), bool), labels, owner, start, numbered, counts, n)


def random_board(seed: int, n: int = 40, days: int = 12) -> tuple[Board, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = []
    for owner in range(n):
        fraud_day = int(rng.integers(days)) if rng.random() < 0.4 else -9
        for day in sorted(rng.choice(days, size=int(rng.integers(1, days)), replace=False)):
            rows += [(owner, int(day), int(0 <= day - fraud_day <= 1))] * int(rng.integers(1, 3))
    found = board(rows, n)
    return found, np.round(rng.normal(size=len(rows)) + found.labels, 1)


# Cards.


def by_hand(found: Board, scores: np.ndarray, cards: int) -> float:
    """The loop of the Handbook: sort a day's cards, look at the first, forget the caught."""
    case, caught, daily = found.case_scores(scores), set(), []
    for day in range(found.day.max() + 1):
        active = [
            (-case[c], c)
            for c in np.flatnonzero(found.day == day)
            if found.case_owner[c] not in caught
        ]
        looked = [c for _, c in sorted(active)[:cards]]
        ends = np.append(found.start[1:], len(found.labels))
        hits = [c for c in looked if found.labels[found.start[c] : ends[c]].any()]
        caught |= {found.case_owner[c] for c in hits}
        if looked:
            daily.append(len(hits) / len(looked))
    return float(np.mean(daily))


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_card_precision_is_the_loop_of_the_handbook(seed, cards):
    found, scores = random_board(seed)
    expected = by_hand(found, scores, cards)
    assert float(card_precision(found, scores, cards)) == pytest.approx(expected)


def test_a_caught_card_is_gone_the_next_day():
    rows = [(0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 1)]
    scores = np.array([9.0, 9.0, 0.0, 5.0])
    # One card a day: card 0 on the first day; on the second its place goes to card 1.
    assert card_precision(board(rows), scores, 1) == 1.0


def test_where_everybody_is_looked_at_precision_is_the_share_of_frauds():
    rows = [(i, 0, int(i < 3)) for i in range(12)]
    found, rng = board(rows), np.random.default_rng(0)
    assert card_precision(found, rng.normal(size=12), 100) == pytest.approx(3 / 12)
    assert short_days(found) == 1.0
    assert short_days(found, 11) == 0.0


def test_a_card_that_is_there_three_times_takes_three_places():
    rows = [(0, 0, 1), (1, 0, 0), (2, 0, 0)]
    scores, weights = np.array([3.0, 2.0, 1.0]), np.array([[3.0, 1.0, 1.0], [0.0, 2.0, 1.0]])
    assert card_precision(board(rows), scores, 4, weights) == pytest.approx([0.75, 0.0])


# Money.


def test_savings_are_one_minus_cost_over_the_cheapest_of_doing_nothing_and_everything():
    alerted = np.array([True, True, False, False])
    money = np.array([100.0, 0.0, 30.0, 0.0])
    # Two alerts of 5 and 30 lost; nobody costs 130, everybody 20.
    assert float(savings(alerted, money, 5.0)) == pytest.approx(1 - 40 / 20)
    assert float(savings(alerted, money, 50.0)) == pytest.approx(1 - 130 / 130)
    assert float(savings(money > 0, money, 1.0)) == pytest.approx(1 - 2 / 4)
    assert float(savings(np.zeros(4, bool), money, 50.0)) == 0.0
    assert np.isnan(savings(alerted, np.zeros(4), 5.0))


def test_value_detected_is_the_share_of_money_in_alerts():
    money = np.array([100.0, 0.0, 300.0])
    assert float(value_detected(np.array([True, True, False]), money)) == 0.25
    assert np.isnan(value_detected(np.ones(3, bool), np.zeros(3)))


def test_money_is_that_of_fraudulent_events_of_the_day():
    found = board([(0, 0, 1), (0, 0, 0), (0, 1, 1), (1, 0, 0)])
    amounts = np.array([-20.0, 500.0, np.nan, 7.0])
    assert fraud_money(found, amounts).tolist() == [20.0, 0.0, 0.0]


@given(st.integers(0, 10_000))
def test_money_of_resampled_customers_is_that_of_the_copied_table(seed):
    found, scores = random_board(seed, n=15)
    rng = np.random.default_rng(seed)
    amounts = np.round(rng.lognormal(3, 1, len(scores)), 2)
    weights = resampling_weights(found.n_entities, 3, rng)
    saved = savings_at_budget(found, scores, amounts, 0.2, 5.0, weights)
    value = value_at_budget(found, scores, amounts, 0.2, weights)
    for draw in range(3):
        rows, places = [], []
        for copy, owner in enumerate(np.repeat(np.arange(15), weights[draw].astype(int))):
            mine = np.flatnonzero(found.owner == owner)
            cases = np.searchsorted(found.start, mine, side="right") - 1
            days = found.day[cases]
            rows += [(copy, int(d), int(found.labels[m])) for d, m in zip(days, mine, strict=True)]
            places += mine.tolist()
        again = board(rows)
        args = again, scores[places], amounts[places], 0.2
        # Days without anybody take part in saving up fractions of an alert; none is left out.
        if again.day.max() == found.day.max():
            money = float(savings_at_budget(*args, 5.0)), float(value_at_budget(*args))
            np.testing.assert_allclose((saved[draw], value[draw]), money, equal_nan=True)


def test_an_alert_is_worth_it_above_its_cost():
    worth = minimum_risk(np.array([0.1, 0.1, 0.001]), np.array([99.0, -101.0, 9_000.0]), 10.0)
    assert worth.tolist() == [False, True, False]
