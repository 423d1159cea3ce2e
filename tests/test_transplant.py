"""Shapes of cases: read off, dialled down, planted into others, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from robbed_bank import BURST, Event, rich, robbed
from test_mechanisms import bank

from riskgen.data.codecs.recency import is_fresh
from riskgen.data.derived.derivation import derive, openings
from riskgen.data.events import Events
from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import Donors, stress_events
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.habits import Habits, fresh_ids
from riskgen.simulate.mechanisms.stressed import Stressed
from riskgen.simulate.mechanisms.transplant import graft, timing
from riskgen.simulate.mechanisms.transplant.shapes import Shapes
from riskgen.simulate.mechanisms.validity import same_untouched, violations
from riskgen.simulate.scenario import parse_scenario

SCENARIO = catalogue.load("transplant_fraud")
GRID = (0.25, 0.5, 0.75, 1.0)


def donors(*cases: list[Event]) -> Donors:
    return Donors.of(robbed(bank(60, 7), dict(enumerate(cases))))


def planted(base: Events, given_by: Donors, severity: float = 1.0, share: float = 1.0) -> Stressed:
    return stress_events(base, SCENARIO, severity=severity, seed=1, share=share, donors=given_by)


def without_jitter() -> mock._patch_dict:
    """Patches that plant shapes exactly."""
    return mock.patch.multiple(timing, GAP_JITTER=0.0, CLOCK_JITTER_MIN=0.0)


def exact(base: Events, given_by: Donors, severity: float = 1.0) -> Stressed:
    with mock.patch.object(graft, "AMOUNT_JITTER", 0.0), without_jitter():
        return planted(base, given_by, severity)


def bursts(result: Stressed) -> list[tuple[np.ndarray, np.ndarray]]:
    """Amounts in the receiver's usual ones and gaps of every planted burst."""
    events = result.events
    normal = events.where(~result.affected)
    usual = Accounts.of(normal).usual_amount() / 100
    size, seconds = events.numbers("size"), events.seconds()
    found = []
    for entity in np.flatnonzero(result.touched):
        rows = np.flatnonzero(result.affected & (events.owner == entity))
        found.append((size[rows] / usual[entity], np.diff(seconds[rows])))
    return found


def test_a_shape_is_what_was_planted_relative_to_its_owner() -> None:
    shapes = donors(BURST, BURST[:1]).shapes
    assert shapes.lengths.tolist() == [4, 1]
    assert shapes.multiple[:4] == pytest.approx([5, 8, 0.5, 12], rel=2e-3)
    assert shapes.gap.tolist() == pytest.approx([0, 600, 60, 30, 0])
    payee, country = shapes.novelty["payee"], shapes.novelty["country"]
    assert payee.group.tolist() == [0, 0, 1, 1, 0]
    assert payee.new.all()
    assert country.new[:4].tolist() == [True, True, False, False]
    assert not shapes.novelty["device"].new.any()


def test_two_frauds_a_month_and_a_day_apart_are_two_cases() -> None:
    apart = [BURST[0], Event(3.0, 86_400.0 * 20), Event(3.0, 86_400.0 * 31)]
    assert donors(apart).shapes.lengths.tolist() == [2, 1]


seconds = st.integers(2, 3000).map(float)
sizes = st.floats(0.05, 40.0)
cases = st.lists(
    st.builds(Event, sizes, seconds, st.sampled_from(["M45", "M46", "M47"]), st.booleans()),
    min_size=1,
    max_size=8,
)


@settings(max_examples=20)
@given(case=cases)
def test_a_planted_shape_is_the_case_on_the_receivers_scale(case: list[Event]) -> None:
    result = exact(rich(12, 3), donors(case))
    assert result.touched.sum() > 6
    wanted = np.array([event.multiple for event in case])
    whole = [burst for burst in bursts(result) if len(burst[0]) == len(case)]
    assert whole
    for multiples, gaps in whole:
        # A cent of a usual amount of twenty; round amounts lose a tenth at most.
        assert np.all(multiples <= wanted * 1.02 + 0.002)
        assert np.all(multiples >= wanted * 0.88 - 0.002)
        assert gaps.tolist() == [event.gap for event in case[1:]]
    incoming = result.events.numbers("signed")[result.affected] > 0
    assert incoming.mean() == pytest.approx(np.mean([e.credit for e in case]), abs=0.35)


@settings(max_examples=20)
@given(case=cases)
def test_a_shape_taken_from_its_own_graft_is_the_shape(case: list[Event]) -> None:
    given_by = donors(case)
    result = exact(rich(30, 5), given_by)
    again = Donors.of(result.events).shapes
    for at, length in zip(again.offsets, again.lengths, strict=False):
        if length != len(case):
            continue  # cut by the end of the table, or split by nothing
        here = slice(at, at + length)
        assert np.allclose(again.multiple[here], given_by.shapes.multiple, rtol=0.12, atol=0.003)
        assert again.gap[here].tolist() == given_by.shapes.gap.tolist()
        first = again.novelty["payee"]
        assert first.group[here].tolist() == given_by.shapes.novelty["payee"].group.tolist()


def test_the_jitter_moves_every_number_and_no_farther_than_it_says() -> None:
    given_by = donors([Event(5.0, 7200.0), *(Event(5.0, 600.0) for _ in range(7))])
    found = bursts(planted(rich(60), given_by))
    multiples = np.log(np.concatenate([m for m, _ in found]) / 5.0)
    gaps = np.log(np.concatenate([g for _, g in found]) / 600.0)
    assert multiples.std() == pytest.approx(0.10, rel=0.15)
    assert gaps.std() == pytest.approx(0.20, rel=0.1)
    assert (np.abs(multiples) < 1e-4).mean() < 0.02


@pytest.mark.parametrize("severity", [0.1, 0.6, 1.0])
@pytest.mark.parametrize("build", [bank, rich])
def test_a_transplant_keeps_the_rules_of_its_table(severity: float, build: object) -> None:
    base = build(60)  # type: ignore[operator]
    result = planted(base, donors(BURST, BURST[:2]), severity, share=0.5)
    assert 0 < result.touched.sum() < base.n_entities
    assert violations(base, result) == 0
    assert same_untouched(base, result)
    assert derive(result.events, openings(base)).frame.equals(result.events.frame)
    assert np.array_equal(result.events.event_label(), result.affected)
    assert result.events.seconds().max() <= base.seconds().max()
    for column in ("shop", "country"):
        assert set(result.events.codes(column)[1]) == set(base.codes(column)[1])


def test_severity_zero_is_the_base_itself() -> None:
    base = bank()
    result = planted(base, donors(BURST), severity=0.0)
    assert result.events is base
    assert not result.touched.any()


def test_a_milder_case_is_nearer_to_the_receivers_own_habit() -> None:
    base, given_by = rich(), donors(BURST)
    runs = [exact(base, given_by, severity) for severity in GRID]
    assert all(np.array_equal(run.touched, runs[0].touched) for run in runs)
    found = [bursts(run) for run in runs]
    whole = [i for i in range(len(found[0])) if all(len(f[i][0]) == len(BURST) for f in found)]
    assert len(whole) > 40
    for i in whole:
        # As far from the usual amount and pace as the severity says, event by event.
        distance = np.abs(np.log([f[i][0] for f in found]))
        assert np.all(np.diff(distance, axis=0) > -0.12)
        assert np.all(distance[-1] > distance[0])
        assert np.all(np.diff([f[i][1] for f in found], axis=0) <= 1.0)


def test_what_is_new_at_a_low_severity_is_new_at_a_higher_one() -> None:
    base, given_by = rich(), donors(BURST)
    abroad = []
    for severity in GRID:
        events = exact(base, given_by, severity)
        owners = events.events.owner[events.affected]
        there = events.events.texts("country")[events.affected] == "FR"
        abroad.append({int(owner) for owner in owners[there]})
    home = {e for e in range(60) if set(base.take(np.array([e])).texts("country")) == {"DE"}}
    sets = [found & home for found in abroad]
    assert all(low <= high for low, high in pairwise(sets))
    assert len(sets[0]) < len(sets[-1])


def test_what_is_asked_for_is_reached_where_money_does_not_run_out() -> None:
    base, given_by = rich(), donors(BURST)
    for severity in GRID:
        result = planted(base, given_by, severity)
        for name in ("amount_share", "pace_share"):
            assert result.achieved[name] == pytest.approx(severity, abs=0.06)
        for name in ("new_payee_prob", "clock_prob"):
            assert result.achieved[name] == pytest.approx(result.requested[name], abs=0.15)


def test_events_at_one_payee_stay_at_one_payee() -> None:
    result = planted(rich(), donors(BURST))
    shops = result.events.texts("shop")[result.affected]
    owners = result.events.owner[result.affected]
    first_two = [shops[owners == e][:2].tolist() for e in np.unique(owners)]
    assert all(len(set(pair)) == 1 for pair in first_two)
    assert all(len(set(shops[owners == e])) <= 2 for e in np.unique(owners))


def test_every_case_is_used_about_as_often() -> None:
    long = [Event(2.0, 60.0) for _ in range(9)]
    result = planted(rich(60), donors(long, BURST, BURST[:1]))
    counts = np.bincount(result.by_entity["n_inserted"].astype(int), minlength=10)
    assert counts[[1, 4, 9]].min() >= 10


def test_one_case_is_enough_and_says_so() -> None:
    given_by = donors(BURST)
    assert planted(bank(), given_by).touched.sum() > 20
    facts = given_by.facts()
    assert facts["n_cases"] == 1
    assert facts["carries_real_shapes"] is True
    assert "the shape of 1 real case, fewer than 11" in facts["release"]
    assert "refused beyond tier T0" in facts["release"]
    many = Donors.of(robbed(bank(60, 7), dict.fromkeys(range(11), BURST))).facts()
    assert many["n_cases"] == 11
    assert "audit" in many["release"]


def test_without_a_case_there_is_nothing_to_transplant() -> None:
    with pytest.raises(ScenarioError, match=r"needs one real case.*transform"):
        Donors.of(bank())
    unlabelled = bank().schema
    channels = [c for c in unlabelled.channels if c.role != "label"]
    schema = unlabelled.model_copy(update={"channels": tuple(channels), "label_level": None})
    with pytest.raises(ScenarioError, match="--label"):
        Donors.of(Events(schema, bank().frame.drop("fraud"), bank().offsets))
    with pytest.raises(ScenarioError, match="was given none"):
        stress_events(bank(), SCENARIO, severity=1, seed=1)


def test_a_case_without_a_history_before_it_is_left_out_and_counted() -> None:
    early = robbed(bank(60, 7), {3: BURST}, after=0)
    with pytest.raises(ScenarioError, match="None of the 1 cases"):
        Donors.of(early)
    both = robbed(early, {4: BURST})
    assert (len(Donors.of(both)), Donors.of(both).n_left_out) == (1, 1)


def test_money_that_the_table_cannot_show_is_left_out_and_told() -> None:
    base = bank()
    spending = base.where(base.numbers("signed") < 0)
    spending = derive(spending, {"left": np.full(60, 1e6)})
    result = planted(spending, donors([BURST[0], Event(9.0, 60.0, credit=True), BURST[2]]))
    assert set(result.by_entity["n_inserted"].astype(int)) <= {1, 2}
    assert any("money in" in reason for reason in result.omitted)


def test_only_cases_of_the_typology_that_is_asked_for_are_taken() -> None:
    events = robbed(bank(60, 7), {1: BURST, 2: BURST[:2]})
    asked = parse_scenario(
        catalogue.text("transplant_fraud").replace(
            "mechanism:", "typology: account_takeover\nmechanism:"
        ),
        "mine",
    )
    with pytest.raises(ScenarioError, match="no modelled column"):
        Donors.of(events, asked.typology)
    told = [
        {1: "mule", 2: "Account takeover"}[owner] if marked else None
        for owner, marked in zip(events.owner.tolist(), events.event_label(), strict=True)
    ]
    channel = events.schema.channel("shop").model_copy(update={"name": "typology", "meaning": None})
    schema = events.schema.model_copy(update={"channels": (*events.schema.channels, channel)})
    named = Events(
        schema, events.frame.with_columns(pl.Series("typology", told, pl.String)), events.offsets
    )
    assert Donors.of(named, asked.typology).shapes.lengths.tolist() == [2]
    with pytest.raises(ScenarioError, match="called 'bust_out'"):
        Donors.of(named, "bust_out")


def test_one_label_for_an_entity_stands_for_its_last_month() -> None:
    base = bank()
    fraud = (base.owner < 5).astype(np.int8)
    schema = base.schema.model_copy(update={"label_level": "entity"})
    events = Events(schema, base.frame.with_columns(pl.Series("fraud", fraud)), base.offsets)
    given_by = Donors.of(events)
    assert len(given_by) == 5
    assert given_by.shapes.lengths.min() >= 1
    for at, length in zip(given_by.shapes.offsets, given_by.shapes.lengths, strict=False):
        assert given_by.shapes.gap[at : at + length].sum() <= 30 * 86_400
    result = planted(events, given_by)
    assert not (result.touched & events.entity_label()).any()
    assert violations(events, result) == 0
    assert any(reason.startswith("label") for reason in result.omitted)


def test_a_part_is_stressed_as_within_the_whole() -> None:
    base, given_by = rich(), donors(BURST, BURST[:2])
    whole = planted(base, given_by, share=0.5)
    rest = base.take(np.arange(20, 60))
    part = stress_events(rest, SCENARIO, severity=1, seed=1, share=0.5, first=20, donors=given_by)
    assert np.array_equal(part.touched, whole.touched[20:])


def test_shapes_hold_numbers_and_common_words_only() -> None:
    shapes = donors(BURST).shapes
    assert {field for field in Shapes.__dataclass_fields__} == {
        *("offsets", "clock", "gap", "multiple", "kind", "kinds", "novelty")
    }
    # No category or channel of the test bank, and the column's name is no customer's.
    assert {kind.category + kind.channel for kind in shapes.kinds} == {""}
    assert {kind.named for kind in shapes.kinds} == {"shop"}


def test_nobody_is_touched_where_nobody_is_chosen() -> None:
    base = rich()
    result = planted(base, donors(BURST), share=1e-9)
    assert result.events is base
    assert not result.touched.any()


def test_a_table_of_days_without_merchants_names_what_was_left_out(tiny_events: Events) -> None:
    days = Events.build(
        tiny_events.frame.with_columns(pl.col("when").dt.date()), tiny_events.schema
    )
    result = planted(days, Donors.of(days), severity=0.5)
    assert result.touched.sum() > 20
    assert violations(days, result) == 0
    left_out = {reason.split(":")[0] for reason in result.omitted}
    # Categories stand for payees where the table names neither merchant nor counterparty.
    assert left_out == {"clock_prob", "new_category_prob", "new_device_prob"}
    assert not left_out & set(result.requested)


def test_names_made_up_among_other_names_are_known_as_made_up() -> None:
    base = rich()
    names = [f"P{n}" if n % 2 else f"new-{n:06d}-000" for n in base.owner.tolist()]
    devices = base.frame.with_columns(pl.Series("device", names))
    mixed = Events(base.schema, devices, base.offsets)
    habits = Habits.of(mixed, "device")
    found = fresh_ids(habits, np.array([3, 3, 4]), np.array([0, 999, 0]))
    assert found == ["new-000003-1000", "new-000003-1999", "new-000004-1000"]
    assert all(is_fresh(name) for name in found)
