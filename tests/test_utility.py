"""Utility finds what was planted, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from utility_world import relabelled, split_and_pool

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.controls import Copycat, IndepMarginals, RealHoldout
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.intervals import detectable_difference as seen_with
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.effects import Effect, effects
from riskgen.evaluate.utility.evidence import gather
from riskgen.evaluate.utility.experiment import judge_utility
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.ruling import ruled, utility_verdict
from riskgen.evaluate.utility.trial import _draft, run_trial
from riskgen.evaluate.utility.wording import _guard
from riskgen.simulate.catalogue import load


def evidence_of(split, sampler, scenarios=(), seed=1, ratio=5):
    plan = replace(Plan.of(split, scenarios, seed=seed, quick=True), ratios=(ratio,))
    return gather(Exams.of(split), plan, [run_trial(split, sampler, scenarios, plan, seed=seed)])


@pytest.fixture(scope="module")
def planted():
    return split_and_pool()


@pytest.fixture(scope="module")
def oracle():
    """The generator that returns real frauds which nobody else has, all of them."""
    split, pool = split_and_pool(customers=4_200, tested=110)
    return evidence_of(split, RealHoldout(pool), ratio=20)


def test_real_frauds_from_elsewhere_help_where_frauds_are_few(oracle):
    effect = effects(oracle)["S2"]
    found = {name: arm.recall.value for name, arm in oracle.standings.items()}
    assert found["S2"] - max(found["R0"], found["R1"], found["R2"]) > 0.05
    assert effect.recall.value > oracle.plan.smallest_effect, "SMOTE is harder to beat"
    assert effect.precision.lower > 0


def test_one_fit_cannot_be_said_to_help(oracle):
    verdict = utility_verdict(oracle, checks_pass=True, simulated=False)
    assert verdict.answer == "NO EVIDENCE"
    assert any("One fit" in caveat for caveat in verdict.caveats)


def test_simulated_frauds_prove_a_mechanism_only(oracle):
    many = replace(oracle, claims=("S2",) * 10)
    verdict = utility_verdict(many, checks_pass=True, simulated=True)
    assert verdict.answer != "HELPS"
    assert "circular" in verdict.sentence
    assert "circular" in verdict.caveats[0]


def test_the_sentence_says_what_the_test_could_see(oracle):
    verdict = utility_verdict(oracle, checks_pass=True, simulated=False)
    assert "The smallest effect this test could see was 8.4 pp" in verdict.sentence
    assert "910 test entities (110 fraud)" in verdict.sentence


def test_a_second_look_at_the_test_is_told(oracle):
    once, twice = (
        utility_verdict(oracle, checks_pass=True, simulated=False, openings=n) for n in (1, 2)
    )
    assert not any("looked at" in caveat for caveat in once.caveats)
    assert any("looked at 2 times" in caveat for caveat in twice.caveats)


def test_every_arm_is_met_by_the_same_test(oracle):
    assert {"R0", "R1", "R2", "R3", "E1", "E2", "P1", "P2", "S1", "S2"} == set(oracle.standings)
    assert set(oracle.left_out) == {"S3", "S3g", "S4", "S34"}
    assert "No transactions scenario" in oracle.left_out["S3"]
    sizes = {len(scores) for arm in oracle.standings.values() for scores in arm.scores}
    assert sizes == {int(oracle.exams[0].board.scored.sum())}


def test_a_generator_that_copies_does_not_help_beyond_repeating_the_frauds(planted):
    split, _ = planted
    copycat = Copycat(split.generator, split.control, 1.0)
    effect = effects(evidence_of(split, copycat))["S2"]
    assert ruled(effect, detectable=seen_with(40), checks_pass=True) != "HELPS"


@pytest.mark.parametrize("seed", range(2))
def test_shuffled_labels_never_help(planted, seed):
    split, _ = planted
    labels = np.random.default_rng(seed).permutation(split.generator.event_label())
    confused = replace(split, generator=relabelled(split.generator, labels), test=split.validation)
    evidence = evidence_of(confused, IndepMarginals(confused.generator), seed=seed)
    assert ruled(effects(evidence)["S2"], detectable=seen_with(18), checks_pass=True) != "HELPS"


def test_a_label_per_entity_declines_scenarios_with_a_reason(planted):
    split, pool = planted

    def per_entity(events: Events) -> Events:
        return relabelled(events, events.entity_label()[events.owner], "entity")

    names = ("generator", "control", "reference", "validation", "test")
    other = replace(split, **{name: per_entity(getattr(split, name)) for name in names})
    sampler = RealHoldout(per_entity(pool))
    asked = [load("ato_drain"), load("transplant_fraud")]
    found = judge_utility(other, sampler, asked, seed=1, simulated=False, quick=True)
    assert "one label for an entity" in found.facts["arms left out"]["S3"]
    assert "one label for an entity" in found.facts["arms left out"]["S4"]
    assert found.facts["preregistration"]["plan"]["budget"] == 0.10
    assert found.verdict.answer != "HELPS"


def test_without_a_label_there_is_nothing_to_help(planted):
    split, _ = planted
    events = split.generator
    channels = tuple(c for c in events.schema.channels if c.role != "label")
    schema = events.schema.model_copy(update={"channels": channels, "label_level": None})
    bare = replace(split, generator=Events(schema, events.frame.drop("fraud"), events.offsets))
    found = judge_utility(bare, RealHoldout(bare.generator), [], seed=1, simulated=False)
    assert found.verdict.answer == "NOT APPLICABLE"
    assert [m.status for m in found.metrics] == ["NOT_APPLICABLE"]


def test_fewer_than_ten_frauds_conclude_nothing(oracle):
    asked = oracle.exams[0]
    fraud = np.isin(np.arange(asked.board.n_entities), asked.board.fraud_entities)
    kept = np.flatnonzero(~fraud | (np.cumsum(fraud) < 9))
    few = Exams((replace(asked, events=asked.events.take(kept)),))
    assert 0 < few.n_fraud < 10
    evidence = replace(oracle, exams=few, claims=("S2",) * 9)
    verdict = utility_verdict(evidence, checks_pass=True, simulated=False)
    assert verdict.answer == "NO EVIDENCE"
    assert verdict.status == "INCONCLUSIVE"


def test_a_generator_that_cannot_draw_frauds_is_left_out(planted):
    class Honest:
        def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
            raise NotApplicable("labels are not modelled")

    split, _ = planted
    small = replace(split, test=split.validation)
    evidence = evidence_of(small, Honest())
    assert evidence.left_out["S2"] == "labels are not modelled"
    verdict = utility_verdict(evidence, checks_pass=True, simulated=False)
    assert verdict.answer == "NOT APPLICABLE"


def test_a_draft_is_never_larger_than_the_detector_it_stands_in_for():
    assert _draft(BoostedTrees(trees=20, most_negatives=90)).trees == 20
    assert _draft(BoostedTrees(trees=20, most_negatives=90)).most_negatives == 90
    assert _draft(BoostedTrees()).trees == 50


# The rule itself, case by case.


def effect_of(
    low: float, value: float, high: float, p: float, guard=(-0.001, 0.0, 0.001), agree=1.0
) -> Effect:
    recall, precision = Estimate(value, low, high), Estimate(guard[1], guard[0], guard[2])
    return Effect("S3", "R0", recall, precision, p, agree)


@pytest.mark.parametrize(
    ("effect", "word"),
    [
        (effect_of(0.01, 0.04, 0.07, 0.01), "HELPS"),
        (effect_of(0.01, 0.04, 0.07, 0.06), "NO EVIDENCE"),
        (effect_of(0.001, 0.015, 0.03, 0.01), "NO EVIDENCE"),
        (effect_of(0.01, 0.04, 0.07, 0.01, guard=(-0.03, 0.0, 0.03)), "NO EVIDENCE"),
        (effect_of(0.01, 0.04, 0.07, 0.01, agree=0.7), "NO EVIDENCE"),
        (effect_of(-0.05, -0.03, -0.01, 1.0), "HURTS"),
        (effect_of(0.01, 0.04, 0.07, 0.01, guard=(-0.05, -0.03, -0.02)), "HURTS"),
        (effect_of(-0.01, 0.0, 0.01, 0.5), "EQUIVALENT"),
    ],
)
def test_the_rule_of_the_protocol(effect, word):
    assert ruled(effect, detectable=seen_with(5_000), checks_pass=True) == word


def test_a_verdict_by_its_guard_rail_says_so():
    recall, precision = Estimate(-0.06, -0.20, 0.19), Estimate(-0.08, -0.12, -0.03)
    effect = Effect("S3", "R1", recall, precision, 1.0)
    assert "average precision that fell: -8.0 pp, 95 % CI [-12.0, -3.0]" in _guard(effect)
    assert _guard(Effect("S3", "R1", Estimate(-0.06, -0.2, -0.01), precision, 1.0)) == ""


def test_a_failed_check_takes_help_away():
    good = effect_of(0.01, 0.04, 0.07, 0.01)
    assert ruled(good, detectable=seen_with(5_000), checks_pass=False) == "NO EVIDENCE"


def test_too_few_frauds_are_never_called_equivalent():
    still = effect_of(0.0, 0.0, 0.0, 1.0)
    assert ruled(still, detectable=seen_with(20), checks_pass=True) == "NO EVIDENCE"
