"""Does it help: the rule of PROTOCOL B4, exactly, and what limits the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from riskgen.evaluate.result import Estimate, Status
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.effects import ALPHA, Effect, effects
from riskgen.evaluate.utility.evidence import Evidence, Standing
from riskgen.evaluate.utility.wording import sentence
from riskgen.evaluate.utility.worth import cards_of
from riskgen.evaluate.verdict import Answer, Verdict

Ruled = Literal["HELPS", "HURTS", "EQUIVALENT", "NO EVIDENCE"]

LEAST_TEST_FRAUDS = 10  # below this the test can see almost nothing [J]
SIGN_SHARE = 0.80  # of the runs that must agree in sign (PROTOCOL B4)
LEAST_RUNS = 5  # refits of the generator that HELPS needs (PROTOCOL 0.2)


def ruled(effect: Effect, *, detectable: float, checks_pass: bool) -> Ruled:
    """Return the word that the rule of B4 gives, before any cap.

    Parameters
    ----------
    effect : Effect
        Of the arm that the question is about.
    detectable : float
        What the test can see with 80 % power; where that is more than the smallest
        effect of interest, nothing is called equivalent, however narrow the interval.
    checks_pass : bool
        Whether all leakage and shortcut checks pass.
    """
    delta, margin = bands("utility.effect").green, bands("utility.margin").green
    recall, guards = effect.recall, effect.guards.values()
    if upper(recall) < 0.0 or any(upper(guard) < -margin for guard in guards):
        return "HURTS"
    seen = effect.p < ALPHA and recall.value >= delta and effect.agree >= SIGN_SHARE
    if seen and checks_pass and all(lower(guard) > -margin for guard in guards):
        return "HELPS"
    if detectable <= delta and -delta < lower(recall) and upper(recall) < delta:
        return "EQUIVALENT"
    return "NO EVIDENCE"


def utility_verdict(
    evidence: Evidence, *, checks_pass: bool, simulated: bool, openings: int = 1
) -> Verdict:
    """Return the answer with its sentence and every cap that applies.

    Parameters
    ----------
    evidence : Evidence
        What all runs found.
    checks_pass : bool
        Whether all leakage and shortcut checks pass.
    simulated : bool
        Whether the frauds of the test set come from a simulator.
    openings : int
        How often the test was looked at, this time included.
    """
    arm = evidence.claim
    if arm is None:
        return nothing_to_judge(evidence)
    effect = replace(effects(evidence)[arm.id], cards=_cards(evidence, arm))
    n_fraud = evidence.exams.n_fraud
    word = ruled(effect, detectable=evidence.plan.detectable, checks_pass=checks_pass)
    caps = _caps(evidence, simulated)
    answer: Answer = "NO EVIDENCE" if word == "HELPS" and caps else word
    if n_fraud < LEAST_TEST_FRAUDS:
        answer = "NO EVIDENCE"
    return Verdict(
        "utility",
        answer,
        sentence(evidence, arm, effect, answer, simulated),
        _status(answer),
        [*caps, *_caveats(evidence, arm, checks_pass, openings)],
    )


def _cards(evidence: Evidence, arm: Standing) -> Estimate:
    change = cards_of(evidence, arm).minus(cards_of(evidence, evidence.best))
    return change.estimate(evidence.exams.n_fraud)


def nothing_to_judge(evidence: Evidence) -> Verdict:
    """Return the verdict where no arm could be run."""
    why = " ".join(f"{name}: {reason}" for name, reason in evidence.left_out.items())
    return Verdict("utility", "NOT APPLICABLE", f"No arm could be run. {why}", "NOT_APPLICABLE")


def _caps(evidence: Evidence, simulated: bool) -> list[str]:
    caps, n_fraud = [], evidence.exams.n_fraud
    if simulated:
        caps.append(
            "Mechanism check only – circular: the frauds of the test set come from a simulator."
        )
    if evidence.n_runs < LEAST_RUNS:
        caps.append(
            f"{_fits(evidence.n_runs)}: the full rule needs at least {LEAST_RUNS} refits of the "
            "generator, so 'helps' cannot be claimed. Run: riskgen utility"
        )
    if evidence.plan.quick:
        caps.append("Quick: one ratio and fewer rows, so 'helps' cannot be claimed.")
    if n_fraud < LEAST_TEST_FRAUDS:
        caps.append(
            f"Only {n_fraud} fraud customers in the test window; below {LEAST_TEST_FRAUDS} "
            "nothing is concluded."
        )
    return caps


def _caveats(evidence: Evidence, arm: Standing, checks_pass: bool, openings: int) -> list[str]:
    caveats = [] if checks_pass else ["A leakage or shortcut check did not pass."]
    if openings > 1:
        caveats.append(
            f"The test set was looked at {openings} times, this time included: what was changed "
            "in between may have been fitted to it."
        )
    if arm.id in ("S3", "S4", "S34"):
        caveats.append(
            "Scenarios were put onto real normal customers; no part of an effect is "
            "attributable to the generator."
        )
    if "uncalibrated" in arm.note:
        caveats.append(arm.note.split(";")[0])
    left_out = evidence.left_out.items()
    return caveats + [f"Arm {name} was not run: {reason}" for name, reason in left_out]


def _fits(runs: int) -> str:
    return "One fit" if runs == 1 else f"{runs} fits"


def _status(answer: str) -> Status:
    if answer == "HELPS":
        return "PASS"
    return "INCONCLUSIVE" if answer == "NO EVIDENCE" else "FAIL"


def lower(estimate: Estimate) -> float:
    """Return the lower end, minus infinity where there is none."""
    return -np.inf if estimate.lower is None else estimate.lower


def upper(estimate: Estimate) -> float:
    """Return the upper end, infinity where there is none."""
    return np.inf if estimate.upper is None else estimate.upper
