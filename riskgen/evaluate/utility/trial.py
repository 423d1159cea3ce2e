"""One run of the experiment: arms are trained, set on validation, and meet the test once.

PROTOCOL B1. The plan was written down and hashed before. Knows arms and what
validation prefers; draws no conclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import DetectorFamily, Floats, Lesson, Scorer
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.utility.arms import Arm, Kind
from riskgen.evaluate.utility.calibration import Gate, calibrate
from riskgen.evaluate.utility.experts import expert_arms
from riskgen.evaluate.utility.plan import CLAIMS, Plan
from riskgen.evaluate.utility.real_arms import real_arms
from riskgen.evaluate.utility.selection import Validation
from riskgen.evaluate.utility.simulated_arms import (
    conditional_arm,
    injector_arm,
    placebo_arm,
    unconditional_arm,
)
from riskgen.evaluate.utility.stress_arms import Offer, stress_arms
from riskgen.simulate.engine import Sampler
from riskgen.simulate.scenario import StressScenario

DRAFT_NEGATIVES, DRAFT_TREES = 20_000, 50  # of detectors that only choose a setting [J]
# Of one fit that cannot claim anything: 40,000 in place of 100,000 left recall and average
# precision of the demo's bank where seeds put them, at half the time.
ONE_FIT_NEGATIVES = 40_000
LEAST_FRAUDS = 2  # fraud customers to learn from, below which nothing can be trained


@dataclass(frozen=True, eq=False)
class Outcome:
    """How one arm did on the test set in one run.

    Attributes
    ----------
    id, title, kind, note : str
        The arm.
    chosen : str
        The setting that validation chose.
    scores : ndarray of shape (n_scored,)
        Scores of the test rows.
    """

    id: str
    title: str
    kind: Kind
    note: str
    chosen: str
    scores: Floats = field(repr=False)


@dataclass(frozen=True, eq=False)
class Trial:
    """What one run found.

    Attributes
    ----------
    outcomes : list of Outcome
        Real-only arms first.
    claim : str or None
        The arm that the question is about: validation chose it.
    left_out : dict of str to str
        Arms that could not be run, with the reason.
    gate : dict
        Which scenarios were let in, as JSON values.
    calibration : Gate or None
        The same, for the results.
    scorers : dict of str to Scorer
        Fitted detectors by arm, for the checks; empty when read from a file.
    """

    outcomes: list[Outcome]
    claim: str | None
    left_out: dict[str, str]
    gate: dict[str, Any]
    calibration: Gate | None = field(default=None, repr=False)
    scorers: dict[str, Scorer] = field(default_factory=dict, repr=False)


def run_trial(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    plan: Plan,
    *,
    seed: int,
    family: DetectorFamily | None = None,
    only: Container[str] | None = None,
    gate: Gate | None = None,
) -> Trial:
    """Train every arm, choose its setting on validation, score the test once.

    Parameters
    ----------
    split : Split
        Training on ``generator``, choices on ``validation``.
    sampler : Sampler
        A generator fitted on ``split.generator``, or a control in its place.
    scenarios : sequence of StressScenario
        What the stress arms may use; a transplant among them makes S4.
    plan : Plan
        Written down before.
    seed : int
        Of this run.
    family : DetectorFamily or None
        What is trained; gradient boosting when None.
    only : container of str or None
        Arms to train; all when None.
    gate : Gate or None
        What stands in for the calibration: of a typology that is not known yet, known
        frauds cannot tell which scenario fits.

    Raises
    ------
    NotApplicable
        When there is no label, or nothing to learn from or to judge with.
    """
    check(split)
    lens = Lens.of(split.generator)
    brief = plan.quick or plan.runs == 1
    most = ONE_FIT_NEGATIVES if brief else BoostedTrees().most_negatives
    trees = BoostedTrees(lens, most_negatives=most)
    detector = trees if family is None else family
    offered = Wanted(split, sampler, scenarios, plan, trees, seed, only, gate)
    made, left_out, gate = _arms(offered)
    validation = Validation(split, plan.budget)
    chosen: dict[str, str] = {}
    scorers: dict[str, Scorer] = {}
    for arm in made:
        try:
            chosen[arm.id] = validation.setting(arm, _draft(detector), seed)
            scorers[arm.id] = arm.options[chosen[arm.id]](detector, seed)
        except NotApplicable as reason:
            left_out[arm.id] = str(reason)
    claim = validation.best(scorers, CLAIMS) or validation.best(scorers, ("S2",))
    # Only from here on is the test set looked at.
    board = Board.of_partition(split.test, split.test_window)
    outcomes = [
        Outcome(
            arm.id,
            arm.title,
            arm.kind,
            arm.note,
            chosen[arm.id],
            scorers[arm.id].score(split.test)[board.scored],
        )
        for arm in made
        if arm.id in scorers
    ]
    facts = {} if gate is None else gate.facts()
    return Trial(outcomes, claim, left_out, facts, gate, scorers)


def check(split: Split) -> None:
    """Raise NotApplicable when there is no label, or nothing to learn from or to judge with."""
    if split.generator.schema.label is None:
        raise NotApplicable("The table has no label, so there is no detector to help.")
    fraud = split.generator.entity_label()
    if int(fraud.sum()) < LEAST_FRAUDS or fraud.all():
        raise NotApplicable(
            f"{int(fraud.sum())} of {len(fraud)} customers to learn from are labelled; a "
            "detector needs both kinds."
        )
    if split.test.n_entities == 0:
        raise NotApplicable("The test set has no customers.")
    if Board.of_partition(split.test, split.test_window).n_fraud == 0:
        raise NotApplicable("No labelled customer falls into the test window.")


def _draft(detector: DetectorFamily) -> DetectorFamily:
    """Return a smaller detector, good enough to compare settings."""
    if not isinstance(detector, BoostedTrees):
        return detector
    most = min(DRAFT_NEGATIVES, detector.most_negatives)
    return replace(detector, trees=min(DRAFT_TREES, detector.trees), most_negatives=most)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What arms are made of, and which of them are asked for."""

    split: Split
    sampler: Sampler
    scenarios: Sequence[StressScenario]
    plan: Plan
    trees: BoostedTrees
    seed: int
    only: Container[str] | None = None
    gate: Gate | None = None

    def __contains__(self, name: str) -> bool:
        """Whether an arm is asked for."""
        return self.only is None or name in self.only

    def calibrated(self) -> Gate:
        """Return the gate that was given, or what the known frauds say."""
        if self.gate is not None:
            return self.gate
        return calibrate(self.split, self.trees, self.scenarios, seed=self.seed)


def _arms(asked: Wanted) -> tuple[list[Arm], dict[str, str], Gate | None]:
    real, ratios, trees = Lesson.whole(asked.split.generator), asked.plan.ratios, asked.trees
    sampler, seed = asked.sampler, asked.seed
    assert trees.lens is not None
    known = [*real_arms(real, ratios), *expert_arms(real, trees.lens, trees.cache)]
    arms = [arm for arm in known if arm.id in asked]
    left_out = dict[str, str]()

    def attempt(name: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except NotApplicable as reason:
            left_out[name] = str(reason)
            return None

    stressed = any(name in asked for name in ("S3", "S3g", "S34"))
    gate = attempt("S3", asked.calibrated) if stressed else None
    offer = Offer(real, sampler, asked.scenarios, gate, ratios, seed)
    makers: dict[str, Callable[[], Arm]] = {
        "P1": lambda: placebo_arm(real, ratios, seed),
        "P2": lambda: injector_arm(real, ratios, seed),
        "S1": lambda: unconditional_arm(real, sampler, ratios, seed),
        "S2": lambda: conditional_arm(real, sampler, ratios, seed),
        **stress_arms(offer),
    }
    for name, make in makers.items():
        if name not in asked or name in left_out:
            continue
        if (arm := attempt(name, make)) is not None:
            arms.append(arm)
    return arms, left_out, gate
