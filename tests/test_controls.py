"""Generators with known answers draw what they say."""

from __future__ import annotations

import numpy as np
import pytest

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.controls import Copycat, IIDRows, IndepMarginals, Jitter, RealHoldout


def every_control(events: Events) -> list:
    half = np.arange(20)
    return [
        RealHoldout(events),
        Copycat(events.take(half), events.take(half + 20), 0.5),
        IndepMarginals(events),
        IIDRows(events),
        Jitter(events, 0.1),
    ]


def fingerprints(events: Events) -> set[tuple[float, ...]]:
    amounts = events.numbers("amount")
    cut = zip(events.offsets[:-1], events.offsets[1:], strict=True)
    return {tuple(amounts[a:b]) for a, b in cut}


def test_every_control_draws_as_many_entities_as_asked_with_fresh_keys(tiny_events):
    for control in every_control(tiny_events):
        drawn = control.draw(30, seed=1)
        assert drawn.n_entities == 30
        assert len(set(drawn.entity_ids)) == 30
        assert drawn.schema == tiny_events.schema


def test_every_control_draws_the_same_for_the_same_seed(tiny_events):
    for control in every_control(tiny_events):
        first, again, other = (control.draw(15, seed=s) for s in (1, 1, 2))
        assert first.frame.equals(again.frame)
        assert not first.frame.equals(other.frame)


def test_every_control_keeps_time_in_order(tiny_events):
    for control in every_control(tiny_events):
        drawn = control.draw(30, seed=1)
        steps = np.diff(drawn.seconds())
        steps[drawn.offsets[1:-1] - 1] = 0
        assert np.all(steps >= 0)


def test_a_label_can_be_asked_for(tiny_events):
    for label in (0, 1):
        drawn = RealHoldout(tiny_events).draw(10, seed=1, label=label)
        assert np.all(drawn.entity_label() == bool(label))


def test_a_label_that_nobody_has_is_declined(tiny_events):
    honest = tiny_events.take(np.flatnonzero(~tiny_events.entity_label()))
    with pytest.raises(NotApplicable, match="label 1"):
        RealHoldout(honest).draw(3, seed=1, label=1)


@pytest.mark.parametrize(("p", "share"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5)])
def test_a_copycat_copies_as_many_as_it_says(tiny_events, p, share):
    members, strangers = tiny_events.take(np.arange(20)), tiny_events.take(np.arange(20, 40))
    drawn = Copycat(members, strangers, p).draw(400, seed=3)
    known = fingerprints(members)
    amounts = drawn.numbers("amount")
    cut = zip(drawn.offsets[:-1], drawn.offsets[1:], strict=True)
    copied = np.mean([tuple(amounts[a:b]) in known for a, b in cut])
    assert copied == pytest.approx(share, abs=0.08)  # 3 standard errors of 400 tosses


def test_shuffled_columns_keep_every_value_and_lose_every_tie(tiny_events):
    drawn = IndepMarginals(tiny_events).draw(40, seed=1)
    assert sorted(drawn.numbers("amount")) == sorted(tiny_events.numbers("amount"))
    assert sorted(drawn.lengths) == sorted(tiny_events.lengths)
    assert not fingerprints(drawn) & fingerprints(tiny_events)


def test_rows_handed_to_strangers_stay_whole(tiny_events):
    drawn = IIDRows(tiny_events).draw(40, seed=1)
    columns = ["when", "amount", "category", "fraud"]
    assert sorted(drawn.frame.select(columns).rows()) == sorted(
        tiny_events.frame.select(columns).rows()
    )


def test_jitter_of_nothing_copies_and_of_something_does_not(tiny_events):
    known = fingerprints(tiny_events)
    assert fingerprints(Jitter(tiny_events, 0.0).draw(10, seed=1)) <= known
    noisy = Jitter(tiny_events, 0.1).draw(10, seed=1)
    assert not fingerprints(noisy) & known
    cents = noisy.numbers("amount") * 100
    np.testing.assert_allclose(cents, np.round(cents), atol=1e-6)
