"""Putting money in, taking it out and removing rows: books that add up, whatever is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mechanisms import bank
from test_stressed_columns import flagged_bank, signed_bank

from riskgen.data.derived.derivation import derive, openings
from riskgen.data.events import Events
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.burst import Burst, Edits, in_time_order
from riskgen.simulate.mechanisms.posting import post

BANKS = {"signed": signed_bank(), "flagged": flagged_bank()}
HOURS = 3600.0


def random_burst(accounts: Accounts, seed: int, n: int, removed: float) -> Burst:
    """Credits and debits of any size at any time from the second event on, rows taken away."""
    rng = np.random.default_rng(seed)
    events = accounts.events
    entity = rng.integers(0, events.n_entities // 2, n)
    first, last = events.offsets[entity] + 1, events.offsets[entity + 1] - 1
    low, high = accounts.seconds[first], accounts.seconds[last]
    seconds = np.floor(low + rng.random(n) * (high - low))
    credit = rng.random(n) < 0.5
    source = np.where(
        credit, rng.choice(accounts.credits, size=n), rng.choice(accounts.debits, size=n)
    )
    order = in_time_order(entity, seconds)
    units = rng.integers(1, 200_000, n)
    gone = np.flatnonzero((rng.random(events.n_events) < removed) & (events.owner % 3 == 0))
    kept = np.setdiff1d(gone, events.offsets[:-1])
    parts = (entity, first - 1, source, seconds, units)
    ordered = [part[order] for part in parts]
    role, credit = np.zeros(n, dtype=np.int64), credit[order]
    return Burst(*ordered, role, {}, credit, Edits(removed=kept))


def balances_by_hand(accounts: Accounts, burst: Burst, entity: int) -> list[int]:
    """The plain loop that the walk side by side must agree with."""
    assert accounts.held is not None
    events = accounts.events
    rows = np.arange(events.offsets[entity], events.offsets[entity + 1])
    flow = accounts.received - accounts.spent
    floor = min(int(accounts.held[rows].min()), 0)
    queue = [(accounts.seconds[r], 0, r, int(flow[r])) for r in rows]
    queue = [item for item in queue if item[2] not in set(burst.edits.removed.tolist())]
    for at in np.flatnonzero(burst.entity == entity):
        sign = 1 if burst.incoming[at] else -1
        queue.append((burst.seconds[at], 1, at, sign * int(burst.units[at])))
    held, found = int(accounts.held[rows[0]] - flow[rows[0]]), list[int]()
    for _, inserted, _, amount in sorted(queue):
        if inserted and amount < 0:
            amount = -min(-amount, max(held, 0))
        elif not inserted and amount < 0 and held + amount < floor:
            amount = 0
        held += amount
        if amount:
            found.append(held)
    return found


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(BANKS)),
    seed=st.integers(0, 10_000),
    n=st.integers(0, 80),
    removed=st.sampled_from([0.0, 0.2, 0.9]),
)
def test_the_books_are_those_of_a_plain_loop(name: str, seed: int, n: int, removed: float) -> None:
    base = BANKS[name]
    accounts = Accounts.of(base)
    burst = random_burst(accounts, seed, n, removed)
    result = post(accounts, burst, label=True)
    after = Accounts.of(result.events)
    assert after.held is not None
    for entity in range(base.n_entities):
        rows = slice(result.events.offsets[entity], result.events.offsets[entity + 1])
        assert after.held[rows].tolist() == balances_by_hand(accounts, burst, entity)
    assert np.array_equal(after.moved[result.affected].sum(), result.units.sum())
    again = derive(result.events, openings(base))
    assert again.frame.equals(result.events.frame)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), removed=st.sampled_from([0.0, 0.3]))
def test_entities_outside_keep_every_byte(seed: int, removed: float) -> None:
    base = BANKS["flagged"]
    accounts = Accounts.of(base)
    burst = random_burst(accounts, seed, 30, removed)
    result = post(accounts, burst, label=True)
    touched = set(burst.entity.tolist()) | set(base.owner[burst.edits.removed].tolist())
    for entity in set(range(base.n_entities)) - touched:
        one = np.array([entity])
        assert base.take(one).frame.equals(result.events.take(one).frame)


@pytest.mark.parametrize("name", sorted(BANKS))
def test_a_credit_is_taken_in_full_and_bears_its_direction(name: str) -> None:
    accounts = Accounts.of(BANKS[name])
    burst = random_burst(accounts, 1, 60, 0.0)
    result = post(accounts, burst, label=True)
    assert np.array_equal(result.units[burst.incoming], burst.units[burst.incoming])
    assert np.all(result.units <= burst.units)
    way = result.events.texts("way")[result.affected]
    signed = result.events.numbers("signed")[result.affected]
    assert np.array_equal(way == "C", signed > 0)
    assert np.any(way == "C")
    assert np.any(way == "D")


def test_a_credit_does_not_change_a_table_without_balances_elsewhere(tiny_events: Events) -> None:
    accounts = Accounts.of(tiny_events)
    rows = tiny_events.offsets[:5]
    seconds, units = accounts.seconds[rows], np.full(5, 700)
    role = np.zeros(5, dtype=np.int64)
    credit = np.ones(5, dtype=bool)
    burst = Burst(np.arange(5), rows, rows, seconds, units, role, {}, credit)
    result = post(accounts, burst, label=False)
    assert result.events.n_events == tiny_events.n_events + 5
    assert np.all(result.events.numbers("amount")[result.affected] == 7.0)


def test_a_row_that_leaves_takes_its_money_out_of_every_later_balance() -> None:
    base = BANKS["signed"]
    accounts = Accounts.of(base)
    assert accounts.held is not None
    debit = int(accounts.debits[accounts.events.owner[accounts.debits] == 0][3])
    nothing = np.zeros(0, dtype=np.int64)
    edits = Edits(removed=np.array([debit]))
    burst = Burst(nothing, nothing, nothing, np.zeros(0), nothing, nothing, {}, None, edits)
    result = post(accounts, burst, label=True)
    after = Accounts.of(result.events)
    assert after.held is not None
    stop = base.offsets[1]
    expected = accounts.held[debit + 1 : stop] + accounts.spent[debit]
    assert np.array_equal(after.held[debit : stop - 1], expected)
    assert not result.affected.any()
    assert result.events.n_events == base.n_events - 1


def test_a_value_of_the_entity_is_changed_on_all_of_its_rows() -> None:
    base = bank()
    accounts = Accounts.of(base)
    entities = np.array([3, 7])
    rows = base.offsets[entities]
    edits = Edits(context={"country": (entities, ["XX", "YY"])})
    role = np.zeros(2, dtype=np.int64)
    seconds, units = accounts.seconds[rows], np.full(2, 100)
    burst = Burst(entities, rows, accounts.debits[:2], seconds, units, role, {}, None, edits)
    result = post(accounts, burst, label=True)
    countries = result.events.texts("country")
    owner = result.events.owner
    assert set(countries[owner == 3]) == {"XX"}
    assert set(countries[owner == 7]) == {"YY"}
    assert not set(countries[~np.isin(owner, entities)]) & {"XX", "YY"}


def test_nothing_to_do_is_the_table_itself() -> None:
    accounts = Accounts.of(BANKS["signed"])
    nothing = np.zeros(0, dtype=np.int64)
    burst = Burst(nothing, nothing, nothing, np.zeros(0), nothing, nothing, {})
    assert post(accounts, burst, label=True).events is accounts.events
