"""Responses are read as written, decide from the past alone, and replay as the rules say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.errors import NotApplicable, RiskgenError
from riskgen.evaluate.response.choice import best_within, efficient
from riskgen.evaluate.response.halves import halves
from riskgen.evaluate.response.levels import exceeded_level, rounded_up
from riskgen.evaluate.response.measures import NEVER, Sight
from riskgen.evaluate.response.periods import MONTH, Periods
from riskgen.evaluate.response.plan import (
    Assumptions,
    Response,
    parse_plan,
    read_plan,
    shipped_text,
)
from riskgen.evaluate.response.policy import ALERT, BLOCK, DECLINE, HOLD, STEP_UP, decided, singles
from riskgen.evaluate.response.replay import HOUR, Book, Replayed, replay

PLAN = read_plan()
SOURCE = {"kind": "judgement"}


def rules(**values: float) -> Assumptions:
    stated = {"review_h": 24, "review_finds": 1, "hold_h": 24, "analyst_delay_h": 4}
    stated |= {"step_up_stops": 1, "step_up_fails": 0, **values}
    return Assumptions(**{k: {"value": v, "source": SOURCE} for k, v in stated.items()})


def book(hours: list[float], fraud: list[int], owners: list[int] | None = None) -> Book:
    owner = np.zeros(len(hours), dtype=int) if owners is None else np.array(owners)
    counts = np.bincount(owner)
    n = len(hours)
    return Book(
        np.concatenate([[0], np.cumsum(counts)]),
        np.array(hours, dtype=float) * HOUR,
        np.array(fraud, dtype=bool),
        10.0 ** np.arange(n),
        (np.array(hours, dtype=float) // (30 * 24)).astype(np.int64),
        np.full((len(counts), 2), 0.5),
    )


def one(seen: Book, codes: list[int], **values: float) -> Replayed:
    return replay(seen, np.array([codes], dtype=np.int8), rules(**values))


def test_the_shipped_file_reads_and_every_number_has_a_source() -> None:
    stated = [PLAN.budget, PLAN.false_alarms, PLAN.least_effect]
    stated += [getattr(PLAN.assumptions, name) for name in Assumptions.model_fields]
    assert all(item.source.note for item in [*stated, *PLAN.responses])
    assert {r.kind for r in PLAN.responses} == {
        "velocity_cap",
        "amount_cap",
        "hold_new",
        "country_block",
        "step_up",
        "alert",
    }


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("window_h: 1\n", "windw_h: 1\n", "Did you mean 'window_h'"),
        ("hold_h:", "hold_hours:", "Did you mean 'hold_h'"),
        ("times: [0.67, 1, 1.5, 2, 3]", "tims: [1]", "Did you mean 'times'"),
        ("id: velocity_24h", "id: velocity_1h", "two responses are called 'velocity_1h'"),
        (
            "exceeded_by: 200, times: [0.67",
            "at_most: [3], exceeded_by: 200, times: [0.67",
            "one of",
        ),
        ("    window_h: 1\n", "", "window_h"),
        ("step_up_stops:\n    {value: 0.8", "step_up_stops:\n    {value: 8", "between 0 and 1"),
        ("budget:\n", "budget: &a\n", "budget"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(old: str, new: str, told: str) -> None:
    text = shipped_text()
    assert old in text
    wrong = text.replace(old, new, 1)
    if "&a" in new:
        wrong = wrong.replace("false_alarms:\n", "false_alarms: *a\n#", 1)
        told = "aliases are not allowed"
    with pytest.raises(RiskgenError, match="File 'mine'") as caught:
        parse_plan(wrong, "mine")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_block_freezes_the_account_until_somebody_has_looked() -> None:
    seen = book([0, 1, 23, 25, 26], [0, 0, 0, 0, 0])
    found = one(seen, [BLOCK, 0, 0, 0, 0])
    assert found.hit_events[0, 0] == 3
    assert found.hit_months[0, 0] == 1
    assert found.held[0, 0] == 111


def test_a_review_that_finds_the_fraud_stops_what_comes_later() -> None:
    seen = book([0, 1, 2, 30, 31], [1, 1, 0, 1, 0])
    found = one(seen, [BLOCK, 0, 0, 0, 0])
    assert found.prevented[0, 0] == 1 + 10 + 1000
    assert found.hit_events[0, 0] == 1  # the owner was shut out too, until the review
    blind = one(seen, [BLOCK, 0, 0, 0, 0], review_finds=0)
    assert blind.prevented[0, 0] == 11


def test_a_decline_stops_one_event_and_nobody_looks() -> None:
    assert one(book([0, 1, 30], [1, 1, 1]), [DECLINE, 0, 0]).prevented[0, 0] == 1


def test_a_hold_stops_a_fraud_that_is_recognised_and_delays_what_is_genuine() -> None:
    seen = book([0, 1, 2, 30], [0, 1, 1, 1])
    found = one(seen, [HOLD, HOLD, 0, 0])
    assert found.prevented[0, 0] == 10 + 1000  # the third passes while the second waits
    assert (found.hit_events[0, 0], found.held[0, 0]) == (1, 1)
    assert one(seen, [HOLD, HOLD, 0, 0], review_finds=0).prevented[0, 0] == 0


def test_a_step_up_that_is_passed_bothers_and_one_that_is_not_blocks() -> None:
    seen = book([0, 1, 2], [0, 1, 1])
    found = one(seen, [STEP_UP, STEP_UP, 0])
    assert (found.prevented[0, 0], found.hit_events[0, 0], found.held[0, 0]) == (110, 1, 0)
    failed = one(seen, [STEP_UP, 0, 0], step_up_fails=1)
    assert (failed.prevented[0, 0], failed.held[0, 0]) == (110, 1)
    assert one(seen, [0, STEP_UP, 0], step_up_stops=0).prevented[0, 0] == 0


def test_an_alert_freezes_the_account_when_the_analyst_comes() -> None:
    seen = book([0, 3, 5, 40], [1, 1, 1, 1])
    found = one(seen, [ALERT, 0, 0, 0])
    assert found.prevented[0, 0] == 100 + 1000
    assert (found.passed[0, 0], found.stopped_at[0, 0]) == (2, 5 * HOUR)
    assert one(seen, [ALERT, 0, 0, 0], review_finds=0).prevented[0, 0] == 100


def test_who_is_never_touched_loses_everything() -> None:
    found = one(book([0, 1], [1, 1]), [0, 0])
    assert (found.prevented[0, 0], found.passed[0, 0]) == (0, 2)
    assert np.isinf(found.stopped_at[0, 0])


def test_nothing_is_decided_outside_the_months_that_are_tried() -> None:
    seen = book([0, 1], [1, 1])
    early = replace(seen, period=np.array([-1, 0]))
    assert one(early, [BLOCK, 0]).prevented[0, 0] == 0


def test_months_with_a_hit_are_counted_once_each() -> None:
    month = 30 * 24
    seen = book([0, 30, month + 1, month + 40, 3 * month], [0] * 5)
    found = one(seen, [BLOCK] * 5)
    assert (found.hit_months[0, 0], found.hit_events[0, 0]) == (3, 5)


HISTORIES = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 30), st.booleans(), st.sampled_from([0, 0, 1, 2, 3, 4, 5])
    ),
    min_size=1,
    max_size=25,
)


def drawn(history: list[tuple[int, int, bool, int]]) -> tuple[Book, np.ndarray]:
    rows = sorted(history, key=lambda row: row[0])
    hours = np.cumsum([row[1] for row in rows]).tolist()
    owners = np.unique([row[0] for row in rows], return_inverse=True)[1].tolist()
    seen = book(hours, [row[2] for row in rows], owners)
    money = np.arange(1.0, len(rows) + 1)
    return replace(seen, money=money), np.array([[row[3] for row in rows]], dtype=np.int8)


@given(HISTORIES, st.integers(0, 24))
@settings(max_examples=150, deadline=None)
def test_cutting_later_events_changes_nothing_before(history: list, cut: int) -> None:
    seen, codes = drawn(history[:1] * 0 + [(0, *row[1:]) for row in history])
    cut = min(cut, len(history))
    first = replace(
        seen,
        offsets=np.array([0, cut]),
        seconds=seen.seconds[:cut],
        fraud=seen.fraud[:cut],
        money=seen.money[:cut],
        period=seen.period[:cut],
    )
    silent = replace(seen, money=np.where(np.arange(len(history)) < cut, seen.money, 0.0))
    given_rules = rules(step_up_stops=0.6, step_up_fails=0.4)
    whole = replay(silent, codes, given_rules)
    part = replay(first, codes[:, :cut], given_rules)
    assert np.array_equal(whole.prevented, part.prevented)
    assert np.array_equal(whole.held, part.held)


def slowly(seen: Book, codes: np.ndarray, told: Assumptions) -> tuple[float, float]:
    """Replay one customer after another, event by event, as the rules are written."""
    prevented = held = 0.0
    for entity in range(seen.n_entities):
        frozen, secured, due = -np.inf, np.inf, np.inf
        for place, row in enumerate(range(seen.offsets[entity], seen.offsets[entity + 1])):
            now, bad, code = seen.seconds[row], bool(seen.fraud[row]), int(codes[0, row])
            found = bad and seen.luck[entity, 1] < told.review_finds.value
            review = told.review_h.value * HOUR
            if due <= now:
                frozen, due = max(frozen, due + review), np.inf
            stopped = now < frozen or (bad and now >= secured)
            waiting = False
            if not stopped:
                turn = (seen.luck[entity, 0] + 0.6180339887498949 * place) % 1.0
                fails = told.step_up_stops.value if bad else told.step_up_fails.value
                if code == BLOCK or (code == STEP_UP and turn < fails):
                    stopped, frozen = True, now + review
                elif code == ALERT:
                    due = min(due, now + told.analyst_delay_h.value * HOUR)
                elif code == HOLD:
                    waiting, stopped = True, found
                    if found:
                        secured = min(secured, now + told.hold_h.value * HOUR)
                elif code == DECLINE:
                    stopped = True
            if found and now < frozen:
                secured = min(secured, frozen)
            if found:
                secured = min(secured, due + review)
            prevented += seen.money[row] if bad and stopped else 0.0
            held += seen.money[row] if not bad and (stopped or waiting) else 0.0
    return prevented, held


@given(HISTORIES, st.sampled_from([0.2, 0.8]))
@settings(max_examples=200, deadline=None)
def test_all_customers_at_once_come_out_as_one_after_the_other(history: list, luck: float) -> None:
    seen, codes = drawn(history)
    seen = replace(seen, luck=np.full_like(seen.luck, luck))
    told = rules(review_finds=0.5, step_up_stops=0.7, step_up_fails=0.3)
    found = replay(seen, codes, told)
    assert (found.prevented.sum(), found.held.sum()) == pytest.approx(slowly(seen, codes, told))


@pytest.fixture(scope="module")
def bank() -> Events:
    return small_bank(60, seed=4)


def response(**said: object) -> Response:
    return Response(
        **{"id": "mine", "title": "Mine", "level": {"at_most": [1.0]}, "source": SOURCE, **said}
    )


KINDS = [
    {"kind": "velocity_cap", "of": "count", "window_h": 24},
    {"kind": "velocity_cap", "of": "sum", "window_h": 24 * 7},
    {"kind": "amount_cap"},
    {"kind": "amount_cap", "of": "own_usual"},
    {"kind": "hold_new", "role": "category"},
    {"kind": "country_block"},
    {"kind": "country_block", "countries": ["XX"]},
]


@pytest.mark.parametrize("said", KINDS, ids=str)
def test_what_a_response_sees_of_an_event_does_not_depend_on_later_ones(
    bank: Events, said: dict
) -> None:
    whole = Sight.of(bank, None).measure(response(**said))
    place = np.arange(bank.n_events) - bank.offsets[:-1][bank.owner]
    early = place < 9
    part = Sight.of(bank.where(early), None).measure(response(**said))
    assert np.array_equal(whole[early], part)
    assert np.isfinite(whole).any()


def test_a_listed_country_is_seen_at_once_and_a_new_one_only_after_a_while(bank: Events) -> None:
    sight = Sight.of(bank, None)
    listed = sight.measure(response(kind="country_block", countries=("XX",)))
    abroad = bank.texts("country") == "XX"
    assert np.array_equal(listed > NEVER, abroad)
    new = sight.measure(response(kind="country_block"))
    place = np.arange(bank.n_events) - bank.offsets[:-1][bank.owner]
    assert not (new[place < 5] > NEVER).any()


def test_a_table_without_the_column_or_a_detector_is_told(bank: Events) -> None:
    sight = Sight.of(bank, None)
    for said in ({"kind": "step_up"}, {"kind": "hold_new", "role": "device"}):
        with pytest.raises(NotApplicable):
            sight.measure(response(**said))


def test_the_stronger_of_two_responses_goes_first(bank: Events) -> None:
    low = response(kind="amount_cap", id="low", action="alert")
    high = response(kind="amount_cap", id="high")
    plan = PLAN.model_copy(update={"responses": (low, high)})
    policies = singles(plan, {"low": [10.0], "high": [100.0]})
    pair = type(policies[0])((*policies[0].rules, *policies[1].rules))
    amounts = np.array([1.0, 50.0, 500.0])
    codes = decided([pair], {"low": amounts, "high": amounts})
    assert codes.tolist() == [[0, ALERT, BLOCK]]


def test_a_learned_level_has_eleven_customers_beyond_it(bank: Events) -> None:
    values = bank.numbers("amount")
    periods = Periods.of(bank.seconds())
    level = exceeded_level(values, bank, periods, 1.0)  # far fewer than eleven are asked for
    beyond = np.unique(bank.owner[(values > level) & (periods.of_seconds(bank.seconds()) >= 0)])
    assert len(beyond) >= 11
    assert level < np.sort(values)[-11]
    rare = np.where(bank.owner < 10, values, NEVER)
    assert exceeded_level(rare, bank, periods, 200.0) is None


@given(st.floats(1e-6, 1e9))
def test_a_rounded_level_lets_through_what_it_let_through(value: float) -> None:
    assert value <= rounded_up(value) * (1 + 1e-6)
    assert rounded_up(value) <= value * 1.11


def test_months_end_with_the_data_and_leave_a_warm_up(bank: Events) -> None:
    seconds = bank.seconds()
    periods = Periods.of(seconds)
    index = periods.of_seconds(seconds)
    assert index.max() == periods.count - 1
    assert (index[seconds == seconds.max()] == periods.count - 1).all()
    assert periods.start - seconds.min() >= min(MONTH, 0.25 * np.ptp(seconds)) - 1
    assert periods.exposure(bank).max() <= periods.count


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_the_efficient_set_is_what_nothing_beats(points: list[tuple[int, int]]) -> None:
    gain, cost = np.array(points, dtype=float).T
    kept = efficient(gain, cost)
    for place in kept:
        better = (gain >= gain[place]) & (cost <= cost[place])
        assert not ((gain > gain[place]) & better).any()
        assert not ((cost < cost[place]) & better).any()
    budget = 2.0
    best = best_within(gain, cost, budget)
    fitting = gain[cost <= budget]
    assert (best is None) == (len(fitting) == 0 or fitting.max() == 0)
    assert best is None or (gain[best] == fitting.max() and cost[best] <= budget)


def test_halves_share_nobody_and_a_median_may_be_never() -> None:
    first, second = halves(101, seed=3)
    assert not (first.members & second.members).any()
    assert (first.members | second.members).all()
    assert (first.weights[:, ~first.members] == 0).all()
    assert (first.weights.sum(axis=1) == first.members.sum()).all()
    values = np.where(np.arange(101) % 4 == 0, 5.0, np.inf)
    assert np.isinf(second.median(values).value)
    assert second.median(np.where(np.arange(101) % 4 == 0, np.inf, 5.0)).value == 5.0
