"""What a simulation starts from: real entities once each, under fresh keys, in chunks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from test_mechanisms import bank

from riskgen.data.events import Events
from riskgen.errors import RiskgenError
from riskgen.simulate import catalogue
from riskgen.simulate.bases import RealBase
from riskgen.simulate.engine import event_parts, join
from riskgen.simulate.stress import Stress

CHUNK = 16


def drawn(events: Events, n: int, seed: int = 1) -> Events:
    parts = list(event_parts(RealBase(events, seed, CHUNK), n, seed=seed))
    return join([part.base for part in parts])


def histories(events: Events) -> list[pl.DataFrame]:
    """Every entity's rows without the names that are renewed."""
    rest = events.frame.drop("customer", "row", strict=False)
    return [rest[a:b] for a, b in zip(events.offsets[:-1], events.offsets[1:], strict=True)]


def test_every_real_entity_is_drawn_once_and_word_for_word() -> None:
    events = bank(40)
    found = drawn(events, 40)
    known = {h.hash_rows(seed=0).sum(): h for h in histories(events)}
    seen = [h.hash_rows(seed=0).sum() for h in histories(found)]
    assert sorted(seen) == sorted(known)
    assert seen != list(known)


def test_keys_and_row_numbers_are_those_of_the_output() -> None:
    events = bank(40)
    found = drawn(events, 40)
    assert found.entity_ids == [f"S{n:09d}" for n in range(40)]
    assert found.frame["row"].to_list() == list(range(events.n_events))
    assert found.frame["row"].dtype == events.frame["row"].dtype


def test_whole_number_keys_lie_beyond_all_real_ones() -> None:
    events = bank(20)
    numbers = pl.Series("customer", 500 + events.owner)
    schema = events.schema
    whole = Events(schema, events.frame.with_columns(numbers), events.offsets)
    keys = drawn(whole, 20).frame["customer"]
    assert keys.min() == 1000
    assert keys.max() == 1019


@pytest.mark.parametrize("n", [1, CHUNK - 1, CHUNK, CHUNK + 1, 39])
def test_fewer_are_a_prefix_of_more(n: int) -> None:
    events = bank(40)
    few, many = drawn(events, n), drawn(events, 40)
    assert few.n_entities == n
    assert few.frame.equals(many.take(np.arange(n)).frame)


def test_another_seed_is_another_order() -> None:
    events = bank(40)
    one, other = drawn(events, 40, 1), drawn(events, 40, 2)
    assert one.frame.equals(drawn(events, 40, 1).frame)
    assert not one.frame.equals(other.frame)


def test_nobody_is_drawn_twice() -> None:
    with pytest.raises(RiskgenError, match=r"41 sequences were asked for.*has 40 real ones"):
        event_parts(RealBase(bank(40), 1, CHUNK), 41, seed=1)


@pytest.mark.parametrize("name", ["ato_drain", "card_testing_burst"])
def test_a_stress_on_real_sequences_leaves_the_others_as_they_were(name: str) -> None:
    base = RealBase(bank(40), 1, CHUNK)
    scenario = catalogue.load(name)
    population = scenario.population.model_copy(update={"share": 0.5})
    scenario = scenario.model_copy(update={"population": population})
    for part in event_parts(base, 40, seed=1, stress=Stress.of(scenario, 1.0)):
        assert part.stressed is not None
        assert part.stressed.touched.any()
        rest = np.flatnonzero(~part.stressed.touched)
        assert part.base.take(rest).frame.equals(part.events.take(rest).frame)
