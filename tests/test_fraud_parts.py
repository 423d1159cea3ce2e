"""Fewer stressed sequences are a prefix of more, also where frauds happen across customers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from test_mechanisms import FRAUDS, bank

from riskgen.data.events import Events
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.stressed import Stressed
from riskgen.simulate.mechanisms.validity import same_untouched

CHUNK = 128


def chunk(index: int) -> Events:
    """What a generator would draw as chunk ``index``."""
    base = bank(CHUNK, seed=index)
    names = pl.Series("customer", [f"c{index}{item:03d}" for item in base.owner])
    return Events(base.schema, base.frame.with_columns(names), base.offsets)


def stressed(name: str, index: int) -> tuple[Events, Stressed]:
    base, scenario = chunk(index), catalogue.load(name)
    first = index * CHUNK
    return base, stress_events(base, scenario, severity=1, seed=2, share=1.0, first=first)


@pytest.mark.parametrize("name", FRAUDS)
def test_a_chunk_that_is_cut_is_the_beginning_of_the_chunk(name: str) -> None:
    base, whole = stressed(name, 1)
    for n in (1, 40, CHUNK):
        kept = np.arange(n)
        part, own = whole.take(base, kept), base.take(kept)
        assert part.events.frame.equals(whole.events.take(kept).frame)
        assert same_untouched(own, part)
        assert all(len(values) == part.touched.sum() for values in part.by_entity.values())
        # Base, inserted, declined and removed rows add up.
        gone = part.n_declined + int(part.by_entity["n_removed"].sum())
        assert part.events.n_events == own.n_events + part.affected.sum() - gone
        assert part.n_declined >= 0
    assert whole.take(base, np.arange(CHUNK)).n_declined == whole.n_declined


@pytest.mark.parametrize("name", FRAUDS)
def test_another_chunk_has_other_cases_and_other_rings(name: str) -> None:
    (_, one), (_, other) = stressed(name, 0), stressed(name, 1)
    assert one.touched.any()
    assert other.touched.any()
    if "ring" in one.by_entity:
        assert not set(one.by_entity["ring"]) & set(other.by_entity["ring"])


@pytest.mark.parametrize("name", FRAUDS)
def test_names_that_were_made_up_in_one_chunk_are_not_those_of_another(name: str) -> None:
    found = []
    for index in (0, 1):
        base, result = stressed(name, index)
        known = set(base.codes("payee")[1])
        names = set(result.events.texts("payee")[result.affected]) - known - {None}
        found.append(names)
    assert not found[0] & found[1]
