from __future__ import annotations

import numpy as np
import pytest
from privacy_sample import material, people

from riskgen.evaluate.controls import Copycat, IndepMarginals, Jitter, RealHoldout
from riskgen.evaluate.privacy.distance import closer_share, measure_distance, tail_ratios
from riskgen.evaluate.privacy.material import halves
from riskgen.evaluate.privacy.vectors import EntitySpace, nearest


def measure(members, control, synthetic):
    found = material(members, control, synthetic)
    return measure_distance(found, halves(found, 0))[0]


def test_the_nearest_point_agrees_with_brute_force() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(30, 4)), rng.normal(size=(50, 4))
    distances, indices = nearest(first, second, 3)
    table = np.linalg.norm(first[:, None] - second[None], axis=2)
    assert np.array_equal(indices, np.argsort(table, axis=1)[:, :3])
    assert distances == pytest.approx(np.sort(table, axis=1)[:, :3], abs=1e-6)
    assert nearest(first, second[:1], 5)[0].shape == (30, 1)


def test_a_copy_lies_at_distance_zero() -> None:
    members, _, _ = people(60, 20, 20)
    points = EntitySpace.fit(members).vectors(members)
    again = EntitySpace.fit(members).vectors(members.take(np.arange(60), renew=True))
    assert np.all(nearest(again, points)[0] == 0.0)


def test_the_space_does_not_depend_on_the_order_of_entities() -> None:
    members, control, _ = people(60, 40, 20)
    order = np.random.default_rng(1).permutation(60)
    points = EntitySpace.fit(members).vectors(control)
    again = EntitySpace.fit(members.take(order)).vectors(control)
    assert points == pytest.approx(again, abs=1e-9)


def test_single_events_and_missing_amounts_still_have_a_place() -> None:
    members, control, _ = people(60, 40, 20)
    first = np.zeros(control.n_events, dtype=bool)
    first[control.offsets[:-1]] = True
    single = control.where(first)
    every = np.arange(single.n_events)
    empty = single.edit(every, {"amount": (every, [None] * len(every))})
    for events in (single, empty):
        points = EntitySpace.fit(members).vectors(events)
        assert points.shape[0] == 40
        assert np.isfinite(points).all()


def test_copies_and_noisy_copies_lie_closer_to_members() -> None:
    members, control, _ = people()
    copied = measure(members, control, Copycat(members, control, 1.0).draw(400, seed=1))
    noisy = measure(members, control, Jitter(members, 0.1).draw(400, seed=1))
    assert copied.status == noisy.status == "FAIL"
    assert copied.band == "red"


@pytest.mark.parametrize("seed", range(4))
def test_strangers_and_unrelated_values_do_not_fail_and_never_pass(seed: int) -> None:
    members, control, fresh = people(seed=seed)
    for drawn in (
        fresh,
        RealHoldout(control).draw(300, seed=seed),
        IndepMarginals(members).draw(300, seed=seed),
    ):
        found = measure(members, control, drawn)
        assert found.status == "INCONCLUSIVE"
        assert "cannot pass" in found.reason


def test_the_share_covers_a_half_for_strangers() -> None:
    covered = 0
    for seed in range(20):
        members, control, fresh = people(120, 100, 100, seed=seed)
        share = closer_share(material(members, control, fresh, seed))
        covered += share.lower <= 0.5 <= share.upper
    # A 95 % interval misses more than 3 of 20 in one run of 60.
    assert covered >= 17


def test_ties_count_half() -> None:
    members, _, fresh = people(100, 20, 100)
    share = closer_share(material(members, members, fresh))
    assert share.value == 0.5


def test_copies_shrink_the_tail_of_distances() -> None:
    members, control, fresh = people(200, 150, 150)
    copied = tail_ratios(material(members, control, members))
    usual = tail_ratios(material(members, control, fresh))
    key = "DCR, 5 % quantile over strangers'"
    assert copied[key].value < 0.5 < usual[key].value < 1.6
