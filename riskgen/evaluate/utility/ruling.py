"""Does it help: the rule of PROTOCOL B4, exactly, and the sentence it is told in.

Knows the outcomes of a trial, not how they came about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import (
    detectable_difference,
    holm,
    one_sided_p,
    percentile_interval,
)
from riskgen.evaluate.result import Estimate, Status
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.trial import Outcome, Trial
from riskgen.evaluate.verdict import Answer, Verdict

Floats = NDArray[np.float64]
Ruled = Literal["HELPS", "HURTS", "EQUIVALENT", "NO EVIDENCE"]

LEAST_TEST_FRAUDS = 10  # below this the test can see almost nothing [J]
ALPHA = 0.05
SIGN_SHARE = 0.80  # of the runs that must agree in sign (PROTOCOL B4)
LEAST_RUNS = 5  # refits of the generator that HELPS needs (PROTOCOL 0.2)


@dataclass(frozen=True)
class Effect:
    """What one arm changed against real-only training.

    Attributes
    ----------
    arm, baseline : str
        The arm, and the real-only arm with the highest recall on the test.
    recall : Estimate
        Change of recall at the alert budget, as a fraction.
    precision : Estimate
        Change of average precision, the guard-rail.
    p : float
        Largest one-sided p over all real-only arms (intersection-union), Holm-adjusted.
    """

    arm: str
    baseline: str
    recall: Estimate
    precision: Estimate
    p: float


def effects(trial: Trial) -> dict[str, Effect]:
    """Return the effect of each arm with simulated data."""
    raw = {
        rival.id: max(one_sided_p(rival.recalls - base.recalls) for base in trial.baselines)
        for rival in trial.rivals
    }
    adjusted, best = holm(raw), trial.best
    found = {}
    for rival in trial.rivals:
        n = trial.board.n_fraud
        recall = _change(rival.recall - best.recall, rival.recalls - best.recalls, n)
        change = rival.precision - best.precision
        precision = _change(change, rival.precisions - best.precisions, n)
        found[rival.id] = Effect(rival.id, best.id, recall, precision, adjusted[rival.id])
    return found


def primary(trial: Trial) -> Outcome | None:
    """Return the arm that the question is about: stress scenarios, else conditional samples."""
    by_id = {outcome.id: outcome for outcome in trial.rivals}
    return by_id.get("S3") or by_id.get("S2")


def ruled(effect: Effect, *, n_fraud: int, runs_agree: bool, checks_pass: bool) -> Ruled:
    """Return the word that the rule of B4 gives, before any cap.

    Parameters
    ----------
    effect : Effect
        Of the arm that the question is about.
    n_fraud : int
        Fraud customers in the test; with too few to see the smallest effect of
        interest nothing is called equivalent, however narrow the interval.
    runs_agree : bool
        Whether the sign is positive in at least 80 % of the runs.
    checks_pass : bool
        Whether all leakage and shortcut checks pass.
    """
    delta, margin = bands("utility.effect").green, bands("utility.margin").green
    recall, guard = effect.recall, effect.precision
    if _upper(recall) < 0.0 or _upper(guard) < -margin:
        return "HURTS"
    seen = effect.p < ALPHA and recall.value >= delta
    if seen and runs_agree and checks_pass and _lower(guard) > -margin:
        return "HELPS"
    powered = detectable_difference(n_fraud) <= delta
    if powered and -delta < _lower(recall) and _upper(recall) < delta:
        return "EQUIVALENT"
    return "NO EVIDENCE"


def utility_verdict(trial: Trial, *, checks_pass: bool, simulated: bool, runs: int = 1) -> Verdict:
    """Return the answer with its sentence and every cap that applies.

    Parameters
    ----------
    trial : Trial
        What the experiment found.
    checks_pass : bool
        Whether all leakage and shortcut checks pass.
    simulated : bool
        Whether the frauds of the test set come from a simulator.
    runs : int
        Independent refits of the generator behind the outcomes.
    """
    arm = primary(trial)
    if arm is None:
        why = " ".join(f"{name}: {reason}" for name, reason in trial.left_out.items())
        return Verdict("utility", "NOT APPLICABLE", f"No arm could be run. {why}", "NOT_APPLICABLE")
    effect = effects(trial)[arm.id]
    agree = effect.recall.value > 0
    n_fraud = trial.board.n_fraud
    word = ruled(effect, n_fraud=n_fraud, runs_agree=agree, checks_pass=checks_pass)
    caps = _caps(trial, runs, simulated)
    answer: Answer = "NO EVIDENCE" if word == "HELPS" and caps else word
    if n_fraud < LEAST_TEST_FRAUDS:
        answer = "NO EVIDENCE"
    return Verdict(
        "utility",
        answer,
        _sentence(trial, arm, effect, answer, runs, simulated),
        _status(answer),
        [*caps, *_caveats(trial, arm, checks_pass)],
    )


def _caps(trial: Trial, runs: int, simulated: bool) -> list[str]:
    caps = []
    if simulated:
        caps.append(
            "Mechanism check only – circular: the frauds of the test set come from a simulator."
        )
    if runs < LEAST_RUNS:
        caps.append(
            f"{_runs(runs)}: the full rule needs at least {LEAST_RUNS} refits of the generator, so "
            "'helps' cannot be claimed."
        )
    if trial.board.n_fraud < LEAST_TEST_FRAUDS:
        caps.append(
            f"Only {trial.board.n_fraud} fraud customers in the test window; below "
            f"{LEAST_TEST_FRAUDS} nothing is concluded."
        )
    return caps


def _caveats(trial: Trial, arm: Outcome, checks_pass: bool) -> list[str]:
    caveats = [] if checks_pass else ["A leakage or shortcut check did not pass."]
    if arm.id == "S3":
        caveats.append(
            "Scenarios are rules put onto real normal customers; no part of an effect is "
            "attributable to the generator."
        )
    caveats += [f"Arm {name} was not run: {reason}" for name, reason in trial.left_out.items()]
    return caveats


def _sentence(
    trial: Trial, arm: Outcome, effect: Effect, answer: str, runs: int, simulated: bool
) -> str:
    board, change = trial.board, effect.recall
    base = trial.best
    what = "stress-scenario" if arm.id == "S3" else "label-conditional synthetic"
    attribution = " (a rule-injector achieves the same)" if arm.id == "S3" else ""
    circular = ", mechanism check only – circular" if simulated else ""
    return (
        f"On {board.n_entities:,} test entities ({board.n_fraud:,} fraud): adding {what} data "
        f"changed recall at {100 * trial.plan['budget']:g} % alerts from {base.recall:.3f} (best "
        f"of {len(trial.baselines)} real-only baselines: {base.title}) to {arm.recall:.3f}, Δ = "
        f"{100 * change.value:+.1f} pp, 95 % CI [{100 * _lower(change):+.1f}, "
        f"{100 * _upper(change):+.1f}], {_runs(runs)}, Holm p = {effect.p:.3f}. Verdict: "
        f"{answer}{attribution if answer in ('HELPS', 'EQUIVALENT') else ''}{circular}. "
        f"{_guard(effect) if answer == 'HURTS' else ''}The smallest effect this test could see was "
        f"{100 * detectable_difference(board.n_fraud):.1f} pp. "
        f"Data origin: {'simulated' if simulated else 'as given by the user'}."
    )


def _guard(effect: Effect) -> str:
    """Say which guard-rail broke where the recall itself could not decide."""
    change = effect.precision
    if _upper(effect.recall) < 0.0:
        return ""
    return (
        f"It is average precision that fell: {100 * change.value:+.1f} pp, 95 % CI "
        f"[{100 * _lower(change):+.1f}, {100 * _upper(change):+.1f}]. "
    )


def _runs(runs: int) -> str:
    return "one fit" if runs == 1 else f"{runs} fits"


def _status(answer: str) -> Status:
    if answer == "HELPS":
        return "PASS"
    return "INCONCLUSIVE" if answer == "NO EVIDENCE" else "FAIL"


def _change(value: float, replicates: Floats, n: int) -> Estimate:
    return percentile_interval(value, replicates, n=n)


def _lower(estimate: Estimate) -> float:
    return -np.inf if estimate.lower is None else estimate.lower


def _upper(estimate: Estimate) -> float:
    return np.inf if estimate.upper is None else estimate.upper
