"""How often a verdict is wrong where the answer is known, in short.

The whole answer, hundreds of verdicts, is `make bench-verdict`; here scores stand in for
detectors where there is nothing to find, and one whole verdict is made of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.utility.effects import effects
from riskgen.evaluate.utility.evidence import Evidence, gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.ruling import utility_verdict
from riskgen.evaluate.utility.trial import Outcome, Trial

REFITS, VERDICTS, DRAWS = 5, 25, 300
KINDS = {"R0": "real", "R1": "real", "R2": "real", "R3": "real", "S1": "synthetic"}
KINDS["S2"] = "synthetic"


@pytest.fixture(scope="module", autouse=True)
def beside() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
        yield


def equal_skill(seed: int, skill: float = 1.8, gain: float = 0.0) -> Evidence:
    """Return the evidence of detectors that know the label equally well, in turned tests.

    Four fifths of their noise are common to all arms of a run, as with detectors that
    learned from the same customers.
    """
    from verdict_banks import Bank, Sizes
    from verdict_worlds import BUDGET

    bank = Bank.of(Sizes(), seed, meaningless=True)
    splits = [bank.turned(number / REFITS) for number in range(REFITS)]
    exams, rng, trials = Exams.of(*splits), np.random.default_rng(seed), []
    plan = Plan.of(splits[0], [], seed=seed, runs=REFITS, budget=BUDGET, exams=exams)
    for number in range(REFITS):
        labels = exams[number].board.labels
        common = rng.normal(size=len(labels))
        outcomes = []
        for name, kind in KINDS.items():
            noise = np.sqrt(0.8) * common + np.sqrt(0.2) * rng.normal(size=len(labels))
            known = skill + gain * (kind == "synthetic")
            outcomes.append(Outcome(name, name, kind, "", "", noise + known * labels))
        trials.append(Trial(outcomes, "S2", {}, {}))
    return gather(exams, replace(plan, draws=DRAWS), trials)


@pytest.fixture(scope="module")
def nothing_to_find() -> list[Evidence]:
    return [equal_skill(seed) for seed in range(VERDICTS)]


def test_equal_skill_is_said_to_help_or_to_hurt_in_at_most_its_share(nothing_to_find):
    answers = [
        utility_verdict(evidence, checks_pass=True, simulated=False).answer
        for evidence in nothing_to_find
    ]
    # More than 5 of 25 has a probability of .001 at 5 %.
    assert answers.count("HELPS") <= 5
    assert answers.count("HURTS") <= 5


def test_the_interval_of_no_difference_holds_zero(nothing_to_find):
    """Against a fixed arm and against the one that was luckiest on the test."""
    for against in ("R0", "best"):
        outside = 0
        for evidence in nothing_to_find:
            base = evidence.best if against == "best" else evidence.standings[against]
            change = evidence.standings["S2"].recall.minus(base.recall).estimate(1)
            outside += not change.lower <= 0.0 <= change.upper
        assert outside <= 5, f"{against}: {outside} of {VERDICTS}"


def test_equal_skill_is_significant_in_at_most_its_share(nothing_to_find):
    hits = sum(
        any(effect.p < 0.05 for effect in effects(evidence).values())
        for evidence in nothing_to_find
    )
    assert hits <= 5


def test_a_gain_far_above_what_can_be_seen_is_said_to_help():
    for seed in range(3):
        evidence = equal_skill(seed, skill=1.0, gain=2.0)
        found = effects(evidence)["S2"].recall
        assert found.value > 2 * evidence.plan.detectable
        assert found.lower > 0
        assert utility_verdict(evidence, checks_pass=True, simulated=False).answer == "HELPS"


def test_a_whole_verdict_where_labels_mean_nothing_does_not_say_helps():
    from verdict_banks import Sizes
    from verdict_worlds import WORLDS, whole_verdict

    few = Sizes((300, 120, 60, 10, 50, 60), (60, 30, 5, 0, 12, 12))
    world = replace(WORLDS["meaningless"], sizes=few)
    evidence, runs = whole_verdict(world, 1, trees=5, draws=DRAWS)
    assert len(runs) == REFITS
    answer = utility_verdict(evidence, checks_pass=True, simulated=False).answer
    assert answer != "HELPS"


def test_a_whole_verdict_finds_the_scenario_that_made_the_frauds():
    from verdict_worlds import WORLDS, whole_verdict

    evidence, _ = whole_verdict(WORLDS["own"], 1, trees=10, draws=DRAWS)
    assert evidence.claim.id in ("S3", "S34")
    assert effects(evidence)[evidence.claim.id].recall.value > evidence.plan.detectable
    assert utility_verdict(evidence, checks_pass=True, simulated=False).answer == "HELPS"
