"""What a detector may learn of the simulation instead of fraud: PROTOCOL B5, L9 and L9b."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.intervals import clopper_pearson
from riskgen.evaluate.result import Estimate, MetricResult, Status
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.ruling import primary
from riskgen.evaluate.utility.stress_arm import normals
from riskgen.evaluate.utility.trial import Trial
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import Sampler
from riskgen.simulate.mechanisms.sham import sham_edit

RATE = 0.05  # share of real normal customers above the threshold that is used [J]


def measure_shortcuts(
    trial: Trial, split: Split, sampler: Sampler, *, seed: int
) -> list[MetricResult]:
    """Return how much more often harmless edits, or simulated normals, are alerted.

    Asked of the control, which trained nothing. Stress scenarios on real normals
    are tried with sham edits (L9b), simulated customers with simulated normals (L9).
    """
    arm = primary(trial)
    if arm is None:
        return []
    words = "sham edits of real normals" if arm.id == "S3" else "simulated normals"
    try:
        honest = normals(split.control)
        suspects = _suspects(arm.id, honest, sampler, derived_seed(seed, "shortcut"))
    except (NotApplicable, ScenarioError) as error:
        return [_result(words, None, "NOT_APPLICABLE", str(error))]
    usual, other = (_highest(trial, arm.id, events) for events in (honest, suspects))
    bound = float(np.quantile(usual, 1.0 - RATE))
    rate = max(float(np.mean(usual > bound)), 1.0 / len(usual))
    share = clopper_pearson(int(np.sum(other > bound)), len(other))
    ratio = Estimate(
        share.value / rate, _over(share.lower, rate), _over(share.upper, rate), n=len(other)
    )
    return [_result(words, ratio, _status(ratio), "")]


def _suspects(arm: str, honest: Events, sampler: Sampler, seed: int) -> Events:
    if arm != "S3":
        return sampler.draw(honest.n_entities, seed=seed, label=0)
    edited = sham_edit(honest, share=1.0, seed=seed)
    if not edited.touched.any():
        raise NotApplicable("No normal customer of the control could be edited.")
    return edited.events.take(np.flatnonzero(edited.touched))


def _highest(trial: Trial, arm: str, events: Events) -> NDArray[np.float64]:
    """Return the highest score of each entity."""
    scores = trial.models[arm].score(trial.lens.features(events))
    if trial.lens.level == "entity":
        return scores
    return np.asarray(np.maximum.reduceat(scores, events.offsets[:-1]))


def _status(ratio: Estimate) -> Status:
    most = bands("utility.shortcut").green
    if 1.0 / most <= ratio.value <= most:
        return "PASS"
    surely_more = ratio.lower is not None and ratio.lower > most
    surely_less = ratio.upper is not None and ratio.upper < 1.0 / most
    return "FAIL" if surely_more or surely_less else "INCONCLUSIVE"


def _result(words: str, ratio: Estimate | None, status: Status, reason: str) -> MetricResult:
    return MetricResult(
        "utility.shortcut",
        f"False alerts on {words}, relative to real normals",
        "utility",
        status,
        ratio,
        goal="near",
        threshold=bands("utility.shortcut").threshold(),
        reason=reason or "Passing from half to twice as often.",
        method=f"Customers whose highest score is above what {100 * RATE:g} % of the control's "
        "normal customers exceed; exact binomial interval of the numerator",
    )


def _over(bound: float | None, rate: float) -> float | None:
    return None if bound is None else bound / rate
