"""The longest run of events that a synthetic customer shares with a real one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from privacy_sample import material, people
from test_copies import sequence_of

from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.evaluate.controls import Copycat, IndepMarginals, RealHoldout
from riskgen.evaluate.privacy.copies import all_gram_hits, gram_hits, measure_copies
from riskgen.evaluate.privacy.material import halves
from riskgen.evaluate.privacy.runs import MOST_EVENTS, longest_runs, measure_runs
from riskgen.evaluate.privacy.sequences import core_columns, passages

LISTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=4)


def spelt(rows: list[list[int]]) -> Events:
    """Entities whose amounts spell the given numbers, a day apart."""
    events = sequence_of([len(row) for row in rows])
    every = np.arange(events.n_events)
    return events.edit(every, {"amount": (every, np.concatenate(rows).astype(float))})


@settings(max_examples=60, deadline=None)
@given(LISTS, LISTS)
def test_the_longest_run_agrees_with_a_search_by_hand(
    made: list[list[int]], real: list[list[int]]
) -> None:
    def longest(row: list[int]) -> int:
        runs = {tuple(r[i:j]) for r in real for i in range(len(r)) for j in range(i, len(r) + 1)}
        cuts = [(i, j) for i in range(len(row)) for j in range(i, len(row) + 1)]
        return max((j - i for i, j in cuts if tuple(row[i:j]) in runs), default=0)

    sides = [passages(spelt(rows), ["amount"]) for rows in (made, real)]
    assert longest_runs(*sides).tolist() == [longest(row) for row in made]


def test_runs_are_counted_up_to_the_limit() -> None:
    both = passages(spelt([list(range(MOST_EVENTS + 20))]), ["amount"])
    assert longest_runs(both, both).tolist() == [MOST_EVENTS]


def test_stretches_of_members_inside_strangers_are_found() -> None:
    members, control, fresh = people(200, 150, 150)
    place = np.arange(members.n_events) - members.offsets[members.owner]
    stretch = members.where((place >= 2) & (place < 5))
    found = material(members, control, stretch)
    runs = measure_runs(found, halves(found, 0))
    assert runs.status == "FAIL"
    assert runs.by["synthetic, events in a row, longest"].value == 3.0
    assert runs.by["strangers, events in a row, 99 % quantile"].value < 3.0
    clean = material(members, control, fresh)
    assert measure_runs(clean, halves(clean, 0)).status == "PASS"


@pytest.mark.parametrize("seed", range(4))
def test_real_strangers_and_unrelated_values_share_no_long_runs(seed: int) -> None:
    members, control, fresh = people(300, 250, 250, seed=seed)
    holdout = RealHoldout(control).draw(250, seed=seed)
    for drawn in (fresh, holdout, IndepMarginals(members).draw(250, seed=seed)):
        found = material(members, control, drawn)
        assert measure_runs(found, halves(found, seed)).status == "PASS"


def test_one_copy_in_twenty_shows_in_the_longest_runs() -> None:
    members, control, fresh = people()
    found = material(members, control, Copycat(members, fresh, 0.05).draw(400, seed=3))
    runs = measure_runs(found, halves(found, 0))
    assert runs.status == "FAIL"
    assert 0.03 < runs.estimate.value < 0.08


def test_a_copy_with_other_columns_made_up_is_found_by_amount_merchant_and_gap() -> None:
    members, control, _ = people(200, 150, 150)
    rng = np.random.default_rng(0)
    every = np.arange(members.n_events)
    disguised = members.edit(every, {"country": (every, rng.choice(["DE", "XX"], len(every)))})
    found = material(members, control, disguised)
    assert gram_hits(found, 8).members < 20
    assert gram_hits(found, 8, "core").members > 140
    named = {result.metric: result for result in measure_copies(found, halves(found, 0))}
    assert named["privacy.copies.passages"].status == "FAIL"
    assert "members, 8 events (amount, with whom, gap)" in named["privacy.copies.passages"].by


def test_the_core_is_amounts_and_with_whom() -> None:
    schema = people(40, 20, 20)[0].schema
    assert core_columns(schema, ["amount", "category", "country"]) == ["amount", "category"]
    assert core_columns(schema, ["category", "country"]) == ["category", "country"]
    shop = Channel(name="shop", dtype="String", kind="category", role="channel", meaning="merchant")
    richer = schema.model_copy(update={"channels": (*schema.channels, shop)})
    assert core_columns(richer, ["amount", "category", "shop"]) == ["amount", "shop"]


def test_a_table_of_core_columns_alone_is_not_tested_twice() -> None:
    members, control, fresh = people(60, 40, 40)
    every = np.arange(fresh.n_events)
    minted = fresh.edit(every, {"country": (every, [f"k{i}" for i in every])})
    assert len(all_gram_hits(material(members, control, minted))) == 3
    assert len(all_gram_hits(material(members, control, fresh))) == 6
