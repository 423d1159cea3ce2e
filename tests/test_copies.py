from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema
from hypothesis import given, settings
from hypothesis import strategies as st
from privacy_sample import by_key, material, people

from riskgen.data.events import Events
from riskgen.evaluate.controls import Copycat, Jitter, RealHoldout
from riskgen.evaluate.privacy.copies import exact_copies, gram_hits, measure_copies, near_hits
from riskgen.evaluate.privacy.material import halves
from riskgen.evaluate.privacy.rates import fewest_seen, more_often
from riskgen.evaluate.privacy.sequences import compared_columns, passages


def test_every_copied_customer_is_counted_whatever_the_key_and_the_start() -> None:
    members, control, _ = people(80, 60, 60)
    later = members.take(np.arange(30), renew=True)
    shifted = later.edit(
        np.arange(later.n_events),
        {"when": (np.arange(later.n_events), later.seconds() + 86_400 * 9)},
    )
    copies, compared = exact_copies(material(members, control, shifted))
    assert (copies, compared) == (30, 30)


def test_strangers_are_not_copies() -> None:
    members, control, fresh = people(80, 60, 60)
    assert exact_copies(material(members, control, fresh))[0] == 0
    assert exact_copies(material(members, control, control))[0] == 0


def test_sequences_shorter_than_five_events_do_not_count() -> None:
    members, control, _ = people(80, 60, 60)
    short = members.where(np.arange(members.n_events) - members.offsets[members.owner] < 4)
    assert exact_copies(material(members, control, short)) == (0, 0)
    found = by_key(measure(members, control, short))["privacy.copies.exact"]
    assert found.status == "NOT_APPLICABLE"


def test_what_many_real_customers_do_alike_names_nobody() -> None:
    members = constant_customers(40)
    copies, compared = exact_copies(material(members, constant_customers(20), members))
    assert (copies, compared) == (0, 40)


def test_coarse_columns_pass_when_strangers_repeat_members_as_often() -> None:
    rng = np.random.default_rng(0)
    members, control, fresh = (habits(n, rng) for n in (400, 400, 800))
    exact = measure(members, control, fresh)[0]
    assert exact.estimate.value > 0
    assert exact.floor.value > 0
    assert exact.status == "PASS"
    assert measure(members, control, members)[0].status == "FAIL"


def test_a_passage_of_one_member_inside_other_events_is_found() -> None:
    members, control, fresh = people(120, 100, 100)
    rows = np.concatenate([np.arange(s + 2, s + 6) for s in members.offsets[:-1]])
    keep = np.zeros(members.n_events, dtype=bool)
    keep[rows] = True
    found = material(members, control, members.where(keep))
    assert gram_hits(found, 3).members > 90
    assert gram_hits(found, 3).control == 0
    assert gram_hits(found, 8).members == 0
    assert gram_hits(material(members, control, fresh), 3).p_value > 0.01


def test_near_copies_are_told_from_strangers() -> None:
    members, control, fresh = people(200, 150, 150)
    close, _ = near_hits(material(members, control, Jitter(members, 0.02).draw(200, seed=1)))
    assert close.members > 140
    assert close.p_value < 1e-6
    far, share = near_hits(material(members, control, fresh))
    assert far.p_value > 0.01
    assert share.value < 0.06


def test_a_generator_that_copies_training_rows_fails_and_a_real_holdout_passes() -> None:
    members, control, _ = people()
    for share, status in ((1.0, "FAIL"), (0.05, "FAIL"), (0.0, "PASS")):
        drawn = Copycat(members, control, share).draw(400, seed=3)
        assert by_key(measure(members, control, drawn))["privacy.copies.exact"].status == status
    holdout = by_key(measure(members, control, RealHoldout(control).draw(400, seed=3)))
    assert {result.status for result in holdout.values()} == {"PASS"}


def test_a_few_customers_cannot_pass() -> None:
    members, control, fresh = people(60, 40, 40)
    statuses = {result.status for result in measure(members, control, fresh)}
    assert statuses == {"INCONCLUSIVE"}


def test_keys_minted_by_the_simulator_do_not_hide_a_copy() -> None:
    members, control, _ = people(60, 40, 40)
    fresh = [f"m{i}" for i in range(members.n_events)]
    every = np.arange(members.n_events)
    disguised = members.edit(every, {"country": (every, fresh)})
    assert compared_columns(members, disguised) == ["amount", "category"]
    assert exact_copies(material(members, control, disguised))[0] == members.n_entities


@pytest.mark.parametrize(
    ("first", "second", "n", "p"),
    [(5, 0, 10, 0.016254), (3, 1, 4, 0.242857), (0, 0, 7, 1.0), (2, 2, 0, 1.0)],
)
def test_fisher_agrees_with_known_tables(first: int, second: int, n: int, p: float) -> None:
    # 3 against 1 of 4 is Fisher's tea tasting: 17 / 70.
    assert more_often(first, second, n) == pytest.approx(p, abs=1e-6)


def test_the_smallest_rate_that_would_be_seen_is_at_the_edge_of_the_test() -> None:
    n = 200
    least = round(fewest_seen(n, 0.01) * n)
    assert more_often(least, 0, n) < 0.01 <= more_often(least - 1, 0, n)
    assert fewest_seen(3, 0.01) == np.inf


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(1, 5))
def test_grams_never_reach_into_the_next_entity(lengths: list[int], n: int) -> None:
    lengths = [length + 1 for length in lengths]
    events = sequence_of(lengths)
    hashes, owner = passages(events, ["amount"]).grams(n)
    expected = [max(length - n + 1, 0) for length in lengths]
    assert np.bincount(owner, minlength=len(lengths)).tolist() == expected
    assert len(hashes) == sum(expected)


def measure(members: Events, control: Events, synthetic: Events):
    found = material(members, control, synthetic)
    return measure_copies(found, halves(found, 0))


def habits(n: int, rng: np.random.Generator) -> Events:
    """Six payments of five possible sizes: some strangers are bound to agree."""
    events = sequence_of([6] * n)
    drawn = rng.choice(np.arange(10.0, 60.0, 10.0), size=events.n_events)
    every = np.arange(events.n_events)
    return events.edit(every, {"amount": (every, drawn)})


def constant_customers(n: int) -> Events:
    return sequence_of([6] * n)


def sequence_of(lengths: list[int]) -> Events:
    owner = np.repeat(np.arange(len(lengths)), lengths)
    place = np.concatenate([np.arange(length) for length in lengths])
    table = pl.DataFrame(
        {
            "customer": [f"c{i:04d}" for i in owner],
            "when": (1_735_689_600_000_000 + place * 86_400_000_000),
            "amount": np.full(len(owner), 10.0),
            "category": ["a"] * len(owner),
            "country": ["DE"] * len(owner),
            "fraud": np.zeros(len(owner), dtype=np.int8),
        }
    ).with_columns(pl.col("when").cast(pl.Datetime("us")))
    return Events.build(table, tiny_schema())
