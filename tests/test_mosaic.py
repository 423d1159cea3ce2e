"""A grid of severities and a composition: each sequence is under one act, in its own place."""

from __future__ import annotations

import numpy as np
import pytest
from test_mechanisms import bank

from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.mosaic import act_out, only
from riskgen.simulate.mechanisms.stressed import stress_events
from riskgen.simulate.mechanisms.validity import same_untouched, violations

GRID = (0.0, 0.5, 1.0)
BOTH = "ato_drain+card_testing_burst"


def test_one_scenario_at_one_severity_is_the_plain_stress() -> None:
    base, stress = bank(), catalogue.stress("ato_drain", (0.6,))
    plain = stress_events(base, stress.scenarios[0], severity=0.6, seed=1, share=0.5)
    mosaic = act_out(base, stress, seed=1, share=0.5)
    assert mosaic.events.frame.equals(plain.events.frame)
    assert np.array_equal(mosaic.affected, plain.affected)


def test_every_sequence_of_a_grid_is_that_of_its_own_severity() -> None:
    base, stress = bank(), catalogue.stress("ato_drain", GRID)
    mosaic = act_out(base, stress, seed=1, share=0.7, first=5)
    for k, act in enumerate(stress.acts):
        alone = stress_events(base, act.scenario, severity=act.severity, seed=1, share=0.7, first=5)
        members = mosaic.members(k)
        assert np.array_equal((members + 5) % len(GRID), np.full(len(members), k))
        assert mosaic.events.take(members).frame.equals(alone.events.take(members).frame)
        assert np.array_equal(mosaic.touched[members], alone.touched[members])
    assert not mosaic.touched[mosaic.members(0)].any()


@pytest.mark.parametrize("name", ["ato_drain", BOTH])
def test_a_mosaic_keeps_the_rules_of_its_table(name: str) -> None:
    base, stress = bank(), catalogue.stress(name, GRID)
    mosaic = act_out(base, stress, seed=1, share=0.7)
    assert mosaic.events.entity_ids == base.entity_ids
    for k, run in enumerate(mosaic.runs):
        part = base.take(mosaic.members(k))
        assert violations(part, run) == 0
        assert same_untouched(part, run)
    assert mosaic.affected.sum() == sum(int(run.affected.sum()) for run in mosaic.runs)
    own = mosaic.events.where(mosaic.affected)
    assert own.event_label().all()


def test_each_customer_of_a_composition_suffers_one_of_its_frauds() -> None:
    base, stress = bank(), catalogue.stress(BOTH, (1.0,))
    mosaic = act_out(base, stress, seed=1, share=0.7)
    first, second = (
        stress_events(base, s, severity=1.0, seed=1, share=0.7) for s in stress.scenarios
    )
    assert np.array_equal(mosaic.touched, first.touched | second.touched)
    assert np.array_equal(mosaic.choice == 1, second.touched & ~first.touched)


@pytest.mark.parametrize("name", ["ato_drain", BOTH])
def test_the_first_entities_of_a_mosaic_are_those_of_the_whole(name: str) -> None:
    base, stress = bank(), catalogue.stress(name, GRID)
    whole = act_out(base, stress, seed=1, share=0.7)
    part = whole.take(base, 17)
    assert part.events.frame.equals(whole.events.take(np.arange(17)).frame)
    assert np.array_equal(part.affected, whole.affected[: whole.events.offsets[17]])
    assert [len(run.touched) for run in part.runs] == np.bincount(
        whole.choice[:17], minlength=len(stress.acts)
    ).tolist()


def test_a_stress_of_some_leaves_the_others_as_they_were() -> None:
    base, scenario = bank(), catalogue.load("ato_drain")
    run = stress_events(base, scenario, severity=1.0, seed=1, share=1.0)
    some = np.flatnonzero(run.touched)[::3]
    few = only(base, run, some)
    assert np.array_equal(np.flatnonzero(few.touched), some)
    assert few.events.take(some).frame.equals(run.events.take(some).frame)
    assert same_untouched(base, few)
    assert few.affected.sum() == run.affected[np.isin(run.events.owner, some)].sum()
    assert all(len(values) == len(some) for values in few.by_entity.values())
