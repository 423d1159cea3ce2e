from __future__ import annotations

import numpy as np
import pytest
from privacy_sample import by_key, material, people

from riskgen.evaluate.controls import Copycat, IndepMarginals, Jitter
from riskgen.evaluate.privacy.blind import measure_blind
from riskgen.evaluate.privacy.material import Material, halves, prepare
from riskgen.evaluate.privacy.membership import (
    Scores,
    attacks,
    measure_membership,
    roc_curve,
    true_positive_rate,
)


def measure(found: Material):
    return by_key(measure_membership(found, halves(found, 0)))


def test_a_generator_that_returns_its_members_gives_them_all_away() -> None:
    members, control, _ = people()
    found = measure(material(members, control, members))
    assert found["privacy.membership.all.auc"].estimate.value == 1.0
    assert found["privacy.membership.all.tpr_1pct"].estimate.value == 1.0
    for key in ("all.auc", "all.tpr_1pct", "all.tpr_01pct"):
        assert found[f"privacy.membership.{key}"].status == "FAIL"


def test_noisy_copies_are_caught_without_one_exact_copy() -> None:
    members, control, _ = people()
    found = measure(material(members, control, Jitter(members, 0.1).draw(500, seed=1)))
    assert found["privacy.membership.all.auc"].status == "FAIL"


@pytest.mark.parametrize("seed", range(5))
def test_strangers_and_unrelated_values_are_at_chance(seed: int) -> None:
    members, control, fresh = people(seed=seed)
    for drawn in (fresh, IndepMarginals(members).draw(300, seed=seed)):
        found = measure(material(members, control, drawn))
        assert not any(result.status == "FAIL" for result in found.values())
        assert abs(found["privacy.membership.all.auc"].estimate.value - 0.5) < 0.08


def test_a_large_enough_sample_at_chance_passes() -> None:
    members, control, fresh = people(1_050, 1_000, 300)
    found = measure(material(members, control, fresh))
    assert found["privacy.membership.all.auc"].status == "PASS"
    assert found["privacy.membership.all.tpr_1pct"].status == "PASS"
    assert found["privacy.membership.all.tpr_01pct"].status == "INCONCLUSIVE"


def test_a_small_sample_at_chance_is_inconclusive_with_the_number_it_needs() -> None:
    members, control, fresh = people(150, 100, 100)
    found = measure(material(members, control, fresh))
    assert all(result.status == "INCONCLUSIVE" for result in found.values())
    assert "1,000 strangers" in found["privacy.membership.all.tpr_1pct"].reason


def test_calibration_needs_the_attackers_own_entities() -> None:
    members, control, fresh = people(200, 150, 150)
    found = prepare(members, control, members, seed=0, reference=fresh)
    assert set(attacks(found)) == {"nearest", "calibrated"}
    assert set(attacks(material(members, control, members))) == {"nearest"}


def test_what_is_wrong_for_everyone_does_not_hide_what_is_remembered_of_one() -> None:
    members, control, _ = people()
    noisy = Jitter(members, 0.05).draw(500, seed=1)
    every = np.arange(noisy.n_events)
    later = noisy.edit(every, {"when": (every, noisy.seconds() + 400 * 86_400.0)})
    found = measure(material(members, control, later))
    assert found["privacy.membership.all.auc"].estimate.value > 0.9


def test_the_rate_is_read_above_what_strangers_reach() -> None:
    others = np.arange(100.0)
    members = np.array([98.5, 97.5, 50.0, 200.0])
    assert true_positive_rate(Scores(members, others), 0.01).value == 0.5
    assert true_positive_rate(Scores(members, others), 0.02).value == 0.75
    tied = Scores(np.full(50, 1.0), np.full(100, 1.0))
    assert true_positive_rate(tied, 0.01).value == 0.0


def test_the_roc_curve_is_thin_and_rises() -> None:
    rng = np.random.default_rng(0)
    curve = roc_curve(Scores(rng.normal(1, 1, 3_000), rng.normal(0, 1, 3_000)))
    assert len(curve["x"]) == len(curve["y"]) <= 200
    assert np.all(np.diff(curve["x"]) >= 0)
    assert np.all(np.diff(curve["y"]) >= 0)
    assert curve["x"][-1] == curve["y"][-1] == 1.0


def test_the_blind_check_sees_a_drift_between_the_sides_and_only_that() -> None:
    members, control, fresh = people(400, 300, 100)
    assert measure_blind(material(members, control, fresh), 0).status == "PASS"
    every = np.arange(control.n_events)
    dearer = control.edit(every, {"amount": (every, np.round(control.numbers("amount") * 2.5, 2))})
    assert measure_blind(material(members, dearer, fresh), 0).status == "FAIL"
    assert measure_blind(material(members, control.take(np.arange(30)), fresh), 0).estimate is None


def test_copying_a_quarter_is_caught_at_the_low_end_of_the_curve() -> None:
    members, control, fresh = people(600, 500, 400)
    drawn = Copycat(members, fresh, 0.5).draw(800, seed=2)
    found = measure(material(members, control, drawn))
    assert found["privacy.membership.all.tpr_1pct"].status == "FAIL"
