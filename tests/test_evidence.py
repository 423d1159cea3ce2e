"""Runs and customers are resampled together, and arms stay paired."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from utility_world import split_and_pool

from riskgen.data.split import Split
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.utility.effects import beats, effects
from riskgen.evaluate.utility.evidence import Evidence, Measured, gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.ruling import utility_verdict
from riskgen.evaluate.utility.trial import Outcome, Trial

KINDS = {"R0": "real", "R1": "real", "P1": "placebo", "S2": "synthetic", "S3": "synthetic"}


@pytest.fixture(scope="module")
def split():
    return split_and_pool()[0]


def trial_of(split, skill: dict[str, float], seed: int, claim: str = "S3") -> Trial:
    """Return scores that know the label as well as ``skill`` says."""
    board = Board.of_partition(split.test, split.test_window)
    noise = np.random.default_rng(seed).normal(size=len(board.labels))
    outcomes = [
        Outcome(name, name, KINDS[name], "", "as is", noise + known * board.labels)
        for name, known in skill.items()
    ]
    return Trial(outcomes, claim, {}, {})


def plan_of(split, runs: int) -> Plan:
    return replace(Plan.of(split, [], seed=3, runs=runs), draws=400)


def gathered(split, plan: Plan, trials: list[Trial]) -> Evidence:
    """Return the evidence of runs that share a test."""
    return gather(Exams.of(split), plan, trials)


EVEN = {"R0": 2.0, "R1": 2.0, "P1": 2.0, "S2": 2.0, "S3": 2.0}


def test_the_same_run_many_times_says_no_more_than_once(split):
    once = gathered(split, plan_of(split, 1), [trial_of(split, EVEN, 0)])
    many = gather(
        Exams.of(split), replace(plan_of(split, 1), runs=5), [trial_of(split, EVEN, 0)] * 5
    )
    one, five = (found.standings["S3"].recall for found in (once, many))
    assert five.value == one.value
    assert np.allclose(one.draws, five.draws, rtol=0, atol=1e-12)


def parts_of(split, n: int) -> list[Split]:
    """Return splits whose tests are parts of one test, as many frauds in each."""
    fraud = np.argsort(~split.test.entity_label(), kind="stable")
    return [replace(split, test=split.test.take(np.sort(fraud[i::n]))) for i in range(n)]


def test_runs_with_other_customers_add_up_to_all_of_them(split):
    exams = Exams.of(*parts_of(split, 4))
    assert exams.differ
    assert not Exams.of(split, split).differ
    whole = Exams.of(split)
    assert (exams.n_entities, exams.n_fraud) == (whole.n_entities, whole.n_fraud)
    for run, exam in enumerate(exams.each):
        assert np.array_equal(exams.keys[exams.place(run)], exam.keys)


def test_a_customer_that_two_runs_share_is_drawn_as_often_in_both(split):
    trials = [trial_of(split, EVEN, 0)] * 2
    shared, told_apart = Exams.of(split), Exams.of(split, split)
    plan = plan_of(split, 2)
    one, two = (gather(e, plan, trials).standings["R0"].recall for e in (shared, told_apart))
    assert np.array_equal(one.draws, two.draws)


def test_other_customers_in_every_run_narrow_the_interval_as_more_customers_do(split):
    """Four runs of a quarter each, against four runs that share one quarter."""
    parts = parts_of(split, 4)
    trials = [trial_of(part, EVEN, seed) for seed, part in enumerate(parts)]
    same = [trial_of(parts[0], EVEN, seed) for seed in range(4)]
    plan = replace(plan_of(split, 4), draws=2_000)
    turned = gather(Exams.of(*parts), plan, trials).standings["R0"].recall
    fixed = gather(Exams.of(parts[0]), plan, same).standings["R0"].recall
    assert turned.draws.std() < 0.85 * fixed.draws.std()


def test_with_other_customers_in_every_run_nothing_is_seldom_called_something(split):
    """Arms of the same skill and noise of their own: a gain at 5 % is an error."""
    parts, errors = parts_of(split, 5), 0
    plan = plan_of(split, 5)
    for seed in range(30):
        trials = []
        for run, part in enumerate(parts):
            one, other = (trial_of(part, EVEN, 1_000 * seed + 10 * run + k) for k in (0, 1))
            outcomes = [one.outcomes[0], replace(other.outcomes[-1], id="S3")]
            trials.append(replace(one, outcomes=outcomes))
        errors += effects(gather(Exams.of(*parts), plan, trials))["S3"].p < 0.05
    assert errors <= 2, "1.5 are expected at most"


def test_runs_that_disagree_widen_the_interval(split):
    steady = [trial_of(split, {**EVEN, "S3": 4.0}, 0)] * 6
    shaky = [trial_of(split, {**EVEN, "S3": s}, 0) for s in (1.0, 7.0) * 3]
    widths = []
    for trials in (steady, shaky):
        effect = effects(gathered(split, plan_of(split, 6), trials))["S3"]
        widths.append(effect.recall.upper - effect.recall.lower)
    assert widths[1] > widths[0]


def test_what_every_arm_shares_leaves_no_difference(split):
    effect = effects(gathered(split, plan_of(split, 2), [trial_of(split, EVEN, s) for s in (0, 1)]))
    assert effect["S3"].recall.value == 0.0
    assert effect["S3"].p > 0.9
    assert effect["S3"].agree == 0.0


def test_no_change_is_no_evidence_however_its_draws_lie():
    draws = np.zeros(500)
    draws[:2] = -0.5
    assert Measured(np.zeros(5), draws).p == 1.0
    assert not Measured(np.zeros(5), -draws).estimate(9).upper < 0.0


def test_an_arm_must_beat_every_baseline_not_the_average(split):
    skill = {**EVEN, "R1": 6.0, "S3": 6.0}
    found = effects(
        gathered(split, plan_of(split, 3), [trial_of(split, skill, s) for s in range(3)])
    )
    assert found["S3"].baseline == "R1"
    assert found["S3"].p > 0.5


def test_a_real_gain_is_found_and_adjusted_for_the_number_of_arms(split):
    skill = {**EVEN, "S3": 6.0}
    found = effects(
        gathered(split, plan_of(split, 5), [trial_of(split, skill, s) for s in range(5)])
    )
    assert found["S3"].p < 0.05
    assert found["S3"].recall.lower > 0
    assert found["S3"].agree == 1.0
    assert found["S2"].p > found["S3"].p


def test_five_fits_with_a_planted_gain_are_said_to_help_and_without_one_are_not(split):
    for skill, answer in (({**EVEN, "S3": 6.0}, "HELPS"), (EVEN, "NO EVIDENCE")):
        evidence = gather(
            Exams.of(split), plan_of(split, 5), [trial_of(split, skill, s) for s in range(5)]
        )
        assert utility_verdict(evidence, checks_pass=True, simulated=False).answer == answer
        doubted = utility_verdict(evidence, checks_pass=False, simulated=False)
        assert doubted.answer == "NO EVIDENCE"


def test_four_fits_are_too_few_to_say_so(split):
    skill = {**EVEN, "S3": 6.0}
    evidence = gather(
        Exams.of(split), plan_of(split, 4), [trial_of(split, skill, s) for s in range(4)]
    )
    verdict = utility_verdict(evidence, checks_pass=True, simulated=False)
    assert verdict.answer == "NO EVIDENCE"
    assert "at least 5 refits" in verdict.caveats[0]


def test_no_gain_is_found_in_at_most_its_share_of_trials(split):
    """Independent noise of equal skill: a level of 5 % over two arms, 30 trials."""
    hits = 0
    for seed in range(30):
        board = Board.of_partition(split.test, split.test_window)
        rng = np.random.default_rng(100 + seed)
        outcomes = [
            Outcome(n, n, KINDS[n], "", "", rng.normal(size=len(board.labels)) + 2 * board.labels)
            for n in EVEN
        ]
        evidence = gathered(split, plan_of(split, 1), [Trial(outcomes, "S3", {}, {})])
        hits += effects(evidence)["S3"].p < 0.05
    assert hits <= 5, "at most 5 in 30 with probability .997 if the level holds"


def test_the_arm_in_question_is_what_most_runs_put_forward(split):
    trials = [trial_of(split, EVEN, s, claim) for s, claim in enumerate(("S2", "S3", "S3"))]
    evidence = gathered(split, plan_of(split, 3), trials)
    assert evidence.claim.id == "S3"
    assert not beats(evidence, evidence.claim, [evidence.standings["P1"]])


def test_an_arm_that_some_run_lacks_is_left_out_with_the_reason(split):
    whole, short = trial_of(split, EVEN, 0), trial_of(split, EVEN, 1)
    short = Trial(
        [o for o in short.outcomes if o.id != "S3"], "S2", {"S3": "no scenario passed"}, {}
    )
    evidence = gathered(split, plan_of(split, 2), [whole, short])
    assert "S3" not in evidence.standings
    assert evidence.left_out["S3"] == "no scenario passed"
