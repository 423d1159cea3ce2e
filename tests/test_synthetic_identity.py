"""A ring of made-up identities: linked, thin, and gone in one week."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from fraud_bank import run, toybank, with_rings
from test_mechanisms import RINGS, bank

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.schema import Channel
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.validity import violations


def addressed_bank() -> Events:
    """A bank whose customers have an address each."""
    base = bank(384)
    home = Channel(name="home", dtype="String", kind="category", role="context", meaning="address")
    schema = base.schema.model_copy(update={"channels": (*base.schema.channels, home)})
    names = pl.Series("home", [f"Street {item}" for item in base.owner])
    return Events(schema, base.frame.with_columns(names), base.offsets)


def test_a_ring_lives_at_one_address_and_busts_out_in_one_week() -> None:
    base = addressed_bank()
    result = stress_events(
        base, catalogue.load("synthetic_identity_ring"), severity=1, seed=1, share=1.0
    )
    assert not [reason for reason in result.omitted if reason.startswith("link_share")]
    events, touched = result.events, np.flatnonzero(result.touched)
    homes = events.texts("home")
    by_home = [set(homes[events.offsets[e] : events.offsets[e + 1]]) for e in touched]
    assert all(len(names) == 1 for names in by_home), "one address for all rows of a customer"
    rings = result.by_entity["ring"]
    for ring in set(rings.tolist()):
        members = [by_home[at].copy().pop() for at in np.flatnonzero(rings == ring)]
        commonest = max(members.count(name) for name in set(members))
        assert 10 <= len(members) <= 30
        assert commonest >= 0.7 * len(members)
        times = events.seconds()[result.affected & np.isin(events.owner, touched[rings == ring])]
        assert times.max() - times.min() <= 7 * SECONDS_PER_DAY
    assert result.by_entity["ring_density"].min() > 0.5


def test_a_ring_without_addresses_shares_a_device_and_says_so() -> None:
    result = run("synthetic_identity_ring")
    assert "link_share: no address or phone; one device for the ring" in result.omitted
    rows = with_rings(result, "device")
    users = rows.drop_nulls("device").group_by("ring", "device").agg(pl.col("owner").n_unique())
    assert (users.group_by("ring").agg(pl.col("owner").max())["owner"] >= 7).all()


def test_a_thin_file_has_fewer_events_and_books_that_add_up() -> None:
    result = run("synthetic_identity_ring")
    assert violations(toybank(), result) == 0
    thinned = result.by_entity["thin_share"]
    assert np.nanmedian(thinned) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", RINGS)
def test_a_share_of_rings_is_a_share_of_blocks_and_the_rings_are_the_same(name: str) -> None:
    base, scenario = toybank(), catalogue.load(name)
    some = stress_events(base, scenario, severity=1, seed=1, share=0.3)
    everybody = run(name)
    assert 0 < some.touched.sum() < 0.6 * everybody.touched.sum()
    assert not (some.touched & ~everybody.touched).any()
    kept = np.isin(everybody.by_entity["ring"], some.by_entity["ring"])
    assert np.array_equal(np.flatnonzero(everybody.touched)[kept], np.flatnonzero(some.touched))
