"""Rings: who belongs together does not depend on how many are simulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from test_mechanisms import bank

from riskgen.data.events import Events
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.rings import Plot, Ringed, choose_rings

PLOT = Plot(low=10, high=40, lead_d=5, room_d=2)


def same_calendar() -> Events:
    """Customers 0 and 128 have the first and the last event of all."""
    base = bank(256)
    seconds = base.seconds()
    for entity in (0, 128):
        seconds[base.offsets[entity]] = 1_699_900_000
        seconds[base.offsets[entity + 1] - 1] = 1_705_000_000
    when = pl.Series("when", (seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    return Events(base.schema, base.frame.with_columns(when), base.offsets)


def chosen(events: Events, plot: Plot = PLOT, share: float = 1.0, first: int = 0) -> Ringed:
    accounts = Accounts.of(events)
    rows = np.ones(events.n_events, dtype=bool)
    lot = {"seed": 4, "name": "mine", "first": first, "width": 2, "common": 1}
    return choose_rings(accounts, rows, share, plot, **lot)


@pytest.mark.parametrize(("high", "block"), [(1, 2), (2, 4), (30, 64), (32, 64), (33, 128)])
def test_a_ring_is_formed_among_twice_its_size_in_a_power_of_two(high: int, block: int) -> None:
    assert Plot(1, high, lead_d=0, room_d=0).block == block


def test_rings_of_a_part_are_those_of_the_whole() -> None:
    base = same_calendar()
    whole, part = chosen(base), chosen(base.take(np.arange(128, 256)), first=128)
    later = whole.number == 1
    assert np.array_equal(part.position, whole.position[later])
    assert np.array_equal(part.begin, whole.begin[later])
    assert np.array_equal(part.shared, whole.shared[later])
    assert np.array_equal(part.draws, whole.draws[later])


def test_a_ring_has_the_size_it_drew_one_beginning_and_common_numbers() -> None:
    found = chosen(bank(512))
    assert found.n_rings == 4
    assert np.array_equal(found.ring, found.number)
    assert np.array_equal(np.unique(found.members), np.unique(np.bincount(found.ring)))
    for ring in range(4):
        own = found.ring == ring
        assert 10 <= own.sum() <= 40
        assert len(np.unique(found.begin[own])) == 1
        assert len(np.unique(found.shared[own])) == 1
        assert np.array_equal(np.unique(found.position[own] // 128), [ring])


def test_members_have_a_past_and_the_first_who_are_able_belong() -> None:
    base = bank(128)
    accounts = Accounts.of(base)
    found = chosen(base)
    assert np.all(accounts.seconds[found.anchor] <= found.begin)
    assert np.array_equal(base.owner[found.anchor], found.entity)
    rich = accounts.usual_amount() * 40
    able = chosen(base, replace(PLOT, least=rich))
    assert 0 < len(able.entity) <= 40
    assert not np.array_equal(able.entity, found.entity)
    nobody = chosen(base, replace(PLOT, least=np.full(128, 1e12)))
    assert len(nobody.entity) == nobody.n_rings == 0


def test_an_account_that_runs_low_while_it_lasts_is_not_able() -> None:
    base = bank(128)
    accounts = Accounts.of(base)
    assert accounts.held is not None
    least = np.full(128, 20_000.0)
    found = chosen(base, replace(PLOT, least=least))
    for entity, begin in zip(found.entity, found.begin, strict=True):
        rows = np.arange(base.offsets[entity], base.offsets[entity + 1])
        start = int((accounts.seconds[rows] <= begin).sum()) - 1
        stop = int((accounts.seconds[rows] <= begin + 2 * 86_400).sum())
        assert accounts.held[rows[start:stop]].min() >= 20_000
