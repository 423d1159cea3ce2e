"""What nobody asked for is measured beside the noise of the base."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from test_mechanisms import bank

from riskgen.data.events import Events
from riskgen.simulate import catalogue
from riskgen.simulate.collateral import Collateral, total_variation
from riskgen.simulate.mechanisms.stressed import Stressed, stress_events
from riskgen.simulate.sampled import keys_of


def added(base: Events, stressed: Stressed) -> Collateral:
    found = Collateral()
    found.add(base, stressed, keys_of(1, 0, base.n_entities))
    return found


def by_name(found: Collateral, targets: tuple[str, ...] = ()) -> dict[str, dict]:
    return {row["statistic"]: row for row in found.facts(targets)}


def test_the_distance_of_two_distributions_is_known() -> None:
    assert total_variation({"a": 1, "b": 1}, {"a": 2, "b": 2}) == 0
    assert total_variation({"a": 1}, {"b": 5}) == 1
    assert total_variation({"a": 3, "b": 1}, {"a": 1, "b": 3}) == pytest.approx(0.5)


def test_a_stress_of_nobody_moves_nothing() -> None:
    base = bank()
    found = added(base, stress_events(base, catalogue.load("ato_drain"), severity=0, seed=1))
    assert all(row["distance"] == 0 and row["status"] == "PASS" for row in found.facts(()))
    assert found.worst(()) == 0


def moved_to_one_country(base: Events) -> Stressed:
    column = next(c.name for c in base.schema.channels if c.meaning == "country")
    frame = base.frame.with_columns(pl.lit("XX").alias(column))
    everybody = np.ones(base.n_entities, dtype=bool)
    nothing = np.zeros(base.n_events, dtype=bool)
    events = Events(base.schema, frame, base.offsets)
    return Stressed(events, everybody, nothing, [], {}, {})


def test_a_planted_side_effect_fails_unless_it_is_targeted() -> None:
    base = bank()
    column = "country"
    found = added(base, moved_to_one_country(base))
    assert by_name(found)[column]["status"] == "FAIL"
    assert by_name(found)["weekday"]["distance"] == 0
    assert found.worst(()) > 2
    assert by_name(found, (column,))[column]["status"] == "PASS"
    assert found.worst((column,)) == 0


def test_parts_add_up_to_the_whole_through_json() -> None:
    base, scenario = bank(), catalogue.load("ato_drain")
    whole = stress_events(base, scenario, severity=1, seed=1, share=0.5)
    joined = Collateral()
    for rows in np.array_split(np.arange(base.n_entities), 3):
        part = Collateral()
        part.add(base.take(rows), whole.take(base, rows), keys_of(1, int(rows[0]), len(rows)))
        joined.merge(json.loads(json.dumps(part.state())))
    assert joined.facts(()) == added(base, whole).facts(())


def test_the_counts_after_are_those_of_the_stressed_table() -> None:
    base, scenario = bank(), catalogue.load("ato_drain")
    whole = stress_events(base, scenario, severity=1, seed=1, share=0.5)
    everybody = replace(whole, touched=np.ones(base.n_entities, dtype=bool))
    one, other = added(base, whole), added(base, everybody)
    for name in one.counts:
        assert +one.counts[name][2] == +other.counts[name][2]
