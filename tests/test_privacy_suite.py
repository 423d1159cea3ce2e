from __future__ import annotations

import json

import numpy as np
import pytest
from privacy_sample import by_key, people

from riskgen.evaluate.controls import Copycat, IndepMarginals, RealHoldout
from riskgen.evaluate.privacy.emitted import measure_emitted, own_extremes, rare_tokens
from riskgen.evaluate.privacy.suite import measure_privacy
from riskgen.evaluate.result import MetricResult

GATED = ("copies.exact", "distance.share", "membership.all.auc")


def test_a_generator_that_copies_training_rows_fails_privacy() -> None:
    members, control, _ = people()
    drawn = Copycat(members, control, 1.0).draw(500, seed=1)
    found = by_key(measure_privacy(members, control, drawn, seed=0))
    assert {found[f"privacy.{key}"].status for key in GATED} == {"FAIL"}


def test_one_copy_in_twenty_is_detected_and_the_audit_knows_that_it_can() -> None:
    members, control, _ = people()
    drawn = Copycat(members, control, 0.05).draw(500, seed=1)
    found = by_key(measure_privacy(members, control, drawn, seed=0))
    assert found["privacy.copies.exact"].status == "FAIL"
    assert found["privacy.audit.power"].status == "PASS"
    assert found["privacy.audit.power"].estimate.value == 0.05


def test_a_real_holdout_blocks_nothing_in_nineteen_of_twenty_seeds() -> None:
    blocked = 0
    for seed in range(20):
        members, control, fresh = people(160, 120, 120, seed=seed)
        holdout = RealHoldout(control).draw(120, seed=seed)
        for drawn in (fresh, holdout):
            results = measure_privacy(members, control, drawn, seed=seed)
            # Real customers carry real extremes; those are another question.
            blocked += any(r.status == "FAIL" for r in results if "emitted" not in r.metric)
    assert blocked <= 2


def test_unrelated_values_copy_nobody() -> None:
    members, control, _ = people()
    drawn = IndepMarginals(members).draw(400, seed=1)
    found = by_key(measure_privacy(members, control, drawn, seed=0))
    failed = [key for key, result in found.items() if result.status == "FAIL"]
    assert set(failed) <= {"privacy.emitted.extremes", "privacy.emitted.rare_levels"}


def test_the_original_itself_reaches_the_maximum() -> None:
    members, control, _ = people(200, 150, 50)
    found = by_key(measure_privacy(members, control, members, seed=0))
    assert found["privacy.copies.exact"].estimate.value == 1.0
    assert found["privacy.copies.passages"].estimate.value == 1.0
    assert found["privacy.membership.all.auc"].estimate.value == 1.0


def test_single_event_entities_are_measured() -> None:
    members, control, fresh = (
        events.where(np.isin(np.arange(events.n_events), events.offsets[:-1]))
        for events in people(200, 150, 100)
    )
    found = by_key(measure_privacy(members, control, fresh, seed=0))
    assert found["privacy.copies.exact"].status == "NOT_APPLICABLE"
    assert found["privacy.membership.all.auc"].estimate is not None


@pytest.mark.parametrize("size", [1, 5, 19])
def test_a_handful_of_entities_is_inconclusive(size: int) -> None:
    members, control, fresh = people(40, 20, 20)
    few = control.take(np.arange(size))
    found = by_key(measure_privacy(members, few, fresh, seed=0))
    assert found["privacy.audit.size"].status == "INCONCLUSIVE"
    assert not any(r.status == "PASS" for k, r in found.items() if "emitted" not in k)


def test_sides_that_differ_by_themselves_withhold_membership() -> None:
    members, control, fresh = people(400, 300, 100)
    every = np.arange(control.n_events)
    dearer = control.edit(every, {"amount": (every, np.round(control.numbers("amount") * 2.5, 2))})
    found = by_key(measure_privacy(members, dearer, fresh, seed=0))
    assert found["privacy.audit.blind"].status == "FAIL"
    withheld = [r for k, r in found.items() if k.startswith("privacy.membership")]
    assert {r.status for r in withheld} == {"INCONCLUSIVE"}


def test_a_rare_level_that_comes_out_again_fails_and_a_fresh_key_does_not() -> None:
    members, control, fresh = people(100, 50, 50)
    row = np.array([3])
    every = np.arange(members.n_events)
    marked = members.edit(every, {"category": (row, ["boutique"])})
    leaky = fresh.edit(np.arange(fresh.n_events), {"category": (row, ["boutique"])})
    minted = fresh.edit(np.arange(fresh.n_events), {"category": (row, ["new"])})
    assert rare_tokens(marked, leaky)["category"] == 1
    assert rare_tokens(marked, minted)["category"] == 0
    found = by_key(measure_emitted(marked, control, leaky))["privacy.emitted.rare_levels"]
    assert found.status == "FAIL"
    assert "boutique" not in json.dumps(found.to_json())


def test_the_largest_amount_of_one_member_must_not_come_out_again() -> None:
    members, control, fresh = people(100, 50, 50)
    row, every = np.array([3]), np.arange(members.n_events)
    rich = members.edit(every, {"amount": (row, [98_765.43])})
    leaky = fresh.edit(np.arange(fresh.n_events), {"amount": (row, [98_765.43])})
    assert own_extremes(rich, control, leaky)["amount"] == 1
    assert own_extremes(rich, control, fresh)["amount"] == 0
    shared = control.edit(np.arange(control.n_events), {"amount": (row, [98_765.43])})
    assert own_extremes(rich, shared, leaky)["amount"] == 0


def test_results_are_complete_repeatable_and_name_nobody() -> None:
    members, control, fresh = people(200, 150, 150)
    first = measure_privacy(members, control, fresh, seed=4, reference=control)
    again = measure_privacy(members, control, fresh, seed=4, reference=control)
    documents = [json.dumps([r.to_json() for r in found]) for found in (first, again)]
    assert documents[0] == documents[1]
    assert not any(key in documents[0] for key in members.entity_ids + control.entity_ids)
    for result in first:
        assert result.reason
        assert MetricResult.from_json(result.to_json()).metric == result.metric
        if result.estimate is not None and result.metric.startswith(
            ("privacy.copies", "privacy.distance", "privacy.membership")
        ):
            assert result.threshold.basis in "CRJ"
            assert result.method
            assert result.floor is not None
