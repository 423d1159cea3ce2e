"""What a detector may learn of the simulation instead of fraud: PROTOCOL B5, L9 and L9b."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.detection.lesson import Scorer
from riskgen.evaluate.intervals import clopper_pearson
from riskgen.evaluate.normals import normals
from riskgen.evaluate.result import Estimate, MetricResult, Status
from riskgen.evaluate.thresholds import bands
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import Sampler
from riskgen.simulate.mechanisms.sham import sham_edit

RATE = 0.05  # share of real normal customers above the threshold that is used [J]
SHAM_EDITS, GENERATED_NORMALS = "utility.shortcut", "utility.shortcut.generated"
EDITED = ("S3", "S3g", "S4", "S34")
GENERATED = ("S1", "S2", "S3g")


@dataclass(frozen=True)
class _Question:
    key: str
    words: str
    suspects: Callable[[Events], Events]


def measure_shortcuts(
    arm: str, scorer: Scorer, split: Split, sampler: Sampler, *, seed: int
) -> list[MetricResult]:
    """Return how much more often harmless edits, or simulated normals, are alerted.

    Asked of the control, which trained nothing. Arms that edit customers are tried
    with sham edits (L9b), arms with generated customers with generated normals (L9).

    Parameters
    ----------
    arm : str
        Which arm trained ``scorer``.
    scorer : Scorer
        The detector in question.
    split : Split
        Normal customers of ``control`` are looked at.
    sampler : Sampler
        Draws the generated normals.
    seed : int
        Same seed, same result.
    """
    own = derived_seed(seed, "shortcut")
    sham = _Question(SHAM_EDITS, "sham edits of real normals", lambda e: _shams(e, own))
    drawn = _Question(
        GENERATED_NORMALS,
        "generated normals",
        lambda e: sampler.draw(e.n_entities, seed=own, label=0),
    )
    asked = [sham] * (arm in EDITED) + [drawn] * (arm in GENERATED)
    return [_asked(question, scorer, split) for question in asked]


def _asked(question: _Question, scorer: Scorer, split: Split) -> MetricResult:
    try:
        honest = normals(split.control)
        suspects = question.suspects(honest)
    except (NotApplicable, ScenarioError) as error:
        return _result(question, None, "NOT_APPLICABLE", str(error))
    usual, other = (_highest(scorer, events) for events in (honest, suspects))
    bound = float(np.quantile(usual, 1.0 - RATE))
    rate = max(float(np.mean(usual > bound)), 1.0 / len(usual))
    share = clopper_pearson(int(np.sum(other > bound)), len(other))
    ratio = Estimate(
        share.value / rate, _over(share.lower, rate), _over(share.upper, rate), n=len(other)
    )
    return _result(question, ratio, harmless(ratio), "")


def _shams(honest: Events, seed: int) -> Events:
    edited = sham_edit(honest, share=1.0, seed=seed)
    if not edited.touched.any():
        raise NotApplicable("No normal customer of the control could be edited.")
    return edited.events.take(np.flatnonzero(edited.touched))


def _highest(scorer: Scorer, events: Events) -> NDArray[np.float64]:
    """Return the highest score of each entity."""
    scores = scorer.score(events)
    if len(scores) == events.n_entities:
        return scores
    return np.asarray(np.maximum.reduceat(scores, events.offsets[:-1]))


def harmless(ratio: Estimate) -> Status:
    """Return whether false alerts are about as frequent; FAIL where they surely are not."""
    most = bands("utility.shortcut").green
    if 1.0 / most <= ratio.value <= most:
        return "PASS"
    surely_more = ratio.lower is not None and ratio.lower > most
    surely_less = ratio.upper is not None and ratio.upper < 1.0 / most
    return "FAIL" if surely_more or surely_less else "INCONCLUSIVE"


def _result(
    question: _Question, ratio: Estimate | None, status: Status, reason: str
) -> MetricResult:
    return MetricResult(
        question.key,
        f"False alerts on {question.words}, relative to real normals",
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
