"""Whole verdicts where the answer is known: banks, generators and one verdict as a row.

A refit is another turn of the customers, as in `riskgen utility`: others to learn from and
others as its test; and another draw of the control's own randomness. The detector is
gradient boosting of few trees, the same in every arm, so that two hundred verdicts are
affordable.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from origin import origin
from verdict_banks import Bank, Sizes

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.evaluate.controls import Copycat, RealHoldout
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.checks import passed, together
from riskgen.evaluate.utility.effects import ALPHA, Effect, effects
from riskgen.evaluate.utility.evidence import Evidence, gather
from riskgen.evaluate.utility.experiment import RunFound, run_once
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.ruling import LEAST_RUNS, ruled, utility_verdict
from riskgen.models.threads import one_thread
from riskgen.seeding import derived_seed
from riskgen.simulate import catalogue
from riskgen.simulate.engine import Sampler
from riskgen.simulate.scenario import StressScenario, parse_scenario
from riskgen.stages.utility.making import turn_of

TREES = 20  # of the detector
BUDGET = 0.05  # share of the day's customers: as many alerts as there are frauds, and more
SEED = 20_000  # banks of the table
# Below ten known frauds nothing is calibrated; four are what a fraud that emerges has.
SCARCE = Sizes((2_000, 300, 300, 20, 100, 400), (300, 4, 5, 0, 20, 60))
# Edits that make a takeover an ordinary payment: nothing sets it apart but its label.
ORDINARY = (
    ("at1: 6.0", "at1: 1.0"),
    ("at1: 8.0", "at1: 1.0"),
    ("at1: 1500", "at1: 0"),
    ("at1: 0.95, scale: linear", "at1: 0, scale: linear"),
    ("at1: 0.60", "at1: 0.25"),
)

Makes = Callable[[Split, Events | None], Sampler]


@dataclass(frozen=True)
class World:
    """A bank, what is offered to its detector, and what a verdict must say of it.

    Attributes
    ----------
    says : str
        What is in the place of the generator and of the scenarios.
    helps : bool
        Whether there is an effect to find.
    verdicts : int
        How many the table asks for.
    sizes : Sizes
    ratio : int
        Simulated to real fraud customers.
    sampler : callable
        Makes the control from a drawn split and the pool.
    scenarios : callable
        Makes what the stress arms may use.
    meaningless : bool
        Whether labels have nothing to do with what customers did.
    """

    says: str
    helps: bool
    verdicts: int
    sizes: Sizes = field(default_factory=Sizes)
    ratio: int = 5
    sampler: Makes = lambda split, pool: copies(split)
    scenarios: Callable[[], list[StressScenario]] = list
    meaningless: bool = False


def copies(split: Split) -> Copycat:
    """Return the generator that repeats the customers it learned from: a bootstrap of them."""
    return Copycat(split.generator, split.control, 1.0)


def elsewhere(pool: Events | None) -> RealHoldout:
    """Return the generator whose customers are real and nobody's."""
    assert pool is not None
    return RealHoldout(pool)


def own_scenario() -> list[StressScenario]:
    """Return the scenario that the bank's frauds were made by, and the transplant."""
    return [catalogue.load("ato_drain"), catalogue.load("transplant_fraud")]


def ordinary_scenario() -> list[StressScenario]:
    """Return a scenario of ordinary payments: what it plants is no fraud at all."""
    text = catalogue.text("ato_drain")
    for old, new in ORDINARY:
        assert old in text
        text = text.replace(old, new)
    return [parse_scenario(text, "ordinary")]


WORLDS = {
    "copies": World("copies of the customers learned from (Copycat)", False, 200),
    "meaningless": World(
        "labels on random stretches everywhere; copies, own scenario, transplant",
        False,
        200,
        scenarios=own_scenario,
        meaningless=True,
    ),
    "ordinary": World(
        "a scenario of ordinary payments, uncalibrated; copies",
        False,
        50,
        SCARCE,
        scenarios=ordinary_scenario,
    ),
    "elsewhere": World(
        "real frauds that nobody else has (RealHoldout)",
        True,
        50,
        replace(SCARCE, pool=(600, 150)),
        20,
        lambda split, pool: elsewhere(pool),
    ),
    "own": World(
        "the scenario that made the bank's frauds, uncalibrated; copies",
        True,
        50,
        SCARCE,
        20,
        scenarios=own_scenario,
    ),
}


def whole_verdict(
    world: World,
    seed: int,
    *,
    refits: int = LEAST_RUNS,
    trees: int = TREES,
    draws: int | None = None,
) -> tuple[Evidence, list[RunFound]]:
    """Return what all refits found on a fresh bank, and each of them with its checks."""
    bank, scenarios = Bank.of(world.sizes, seed, meaningless=world.meaningless), world.scenarios()
    splits = [bank.turned(turn_of(number, refits)) for number in range(refits)]
    exams = Exams.of(*splits)
    plan = Plan.of(splits[0], scenarios, seed=seed, runs=refits, budget=BUDGET, exams=exams)
    plan = replace(plan, ratios=(world.ratio,), draws=draws or plan.draws)
    runs = []
    for number, split in enumerate(splits):
        own = derived_seed(seed, "utility run", number)
        family = BoostedTrees(Lens.of(split.generator), trees=trees)
        sampler = world.sampler(split, bank.pool)
        with one_thread():
            runs.append(run_once(split, sampler, scenarios, plan, seed=own, family=family))
    return gather(exams, plan, [run.trial for run in runs]), runs


def row_of(name: str, number: int) -> dict[str, Any]:
    """Return verdict ``number`` of a world, as JSON values."""
    began = time.process_time()
    evidence, runs = whole_verdict(WORLDS[name], derived_seed(SEED, name, number))
    checks = together([run.checks for run in runs])
    found = effects(evidence)
    claim = evidence.claim
    assert claim is not None
    effect = found[claim.id]
    n_fraud = evidence.exams.n_fraud
    unchecked, checked = (
        utility_verdict(evidence, checks_pass=checks_pass, simulated=False).answer
        for checks_pass in (True, passed(checks))
    )
    return {
        "world": name,
        "number": number,
        "answer": checked,
        "checks switched off": unchecked,
        "checks that did not pass": {c.metric: c.status for c in checks if c.status != "PASS"},
        "checks": [
            {c.metric: [c.status, *_interval(c.estimate)] for c in run.checks} for run in runs
        ],
        "claim": claim.id,
        "effect": _effect(effect),
        "arms": {arm: _effect(other) for arm, other in found.items()},
        "arms significant": [arm for arm, other in found.items() if other.p < ALPHA],
        "arms that would help": [
            arm
            for arm, other in found.items()
            if ruled(other, detectable=evidence.plan.detectable, checks_pass=True) == "HELPS"
        ],
        "against each baseline": _intervals(evidence),
        "recall": {arm.id: round(arm.recall.value, 4) for arm in evidence.standings.values()},
        "test frauds": n_fraud,
        "detectable": round(evidence.plan.detectable, 4),
        "cpu_s": round(time.process_time() - began, 1),
        "commit": origin()["commit"],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    recall, guard = effect.recall, effect.precision
    return {
        "baseline": effect.baseline,
        "recall": _rounded(recall.value, recall.lower, recall.upper),
        "precision": _rounded(guard.value, guard.lower, guard.upper),
        "p": round(effect.p, 5),
        "agree": effect.agree,
    }


def _intervals(evidence: Evidence) -> dict[str, list[float | None]]:
    """Return the change against each real-only arm, which no look at the test has chosen."""
    claim, n = evidence.claim, evidence.exams.n_fraud
    assert claim is not None
    found = {}
    for base in evidence.of_kind("real"):
        change = claim.recall.minus(base.recall).estimate(n)
        found[base.id] = _rounded(change.value, change.lower, change.upper)
    return found


def _interval(found: Estimate | None) -> list[float | None]:
    return [] if found is None else _rounded(found.value, found.lower, found.upper)


def _rounded(*values: float | None) -> list[float | None]:
    return [None if v is None or not np.isfinite(v) else round(float(v), 5) for v in values]
