"""Do simulated frauds point the detector towards the real ones: the gate of UTILITY, 3.

A detector is trained on normal customers and a scenario alone, then asked to
tell the known frauds of the generator's split from normal customers that it
has not seen. The test set is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.detection.detector import fit_detector
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.intervals import auc_interval
from riskgen.evaluate.result import Estimate, MetricResult, declined
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.stress_arm import normals, scenario_rows
from riskgen.seeding import stream
from riskgen.simulate.scenario import StressScenario

Floats = NDArray[np.float64]

LEAST = 10  # known frauds below which nothing can be calibrated (UTILITY, 3)
MOST = 2_000  # normal customers trained on; the gate only ranks [J]
_KEY, _TITLE = "utility.calibration", "Simulated frauds resemble the known ones"


def measure_calibration(
    split: Split, lens: Lens, scenarios: Sequence[StressScenario], *, seed: int
) -> MetricResult:
    """Return how well each scenario alone leads to the known frauds (AUC, worst first).

    A low value is expected of a scenario for a fraud that has not been seen
    yet; it is a warning, not a verdict.
    """
    fraud = split.generator.entity_label()
    usable = [s for s in scenarios if s.domain == "transactions" and s.mechanism == "transform"]
    if lens.level == "entity" or not usable:
        return declined(_KEY, _TITLE, "utility", "No scenario marks events of this table.")
    if int(fraud.sum()) < LEAST:
        reason = (
            f"{int(fraud.sum())} known frauds; {LEAST} are needed. The scenarios are uncalibrated."
        )
        return MetricResult(_KEY, _TITLE, "utility", "INCONCLUSIVE", reason=reason)
    found: dict[str, Estimate] = {}
    for scenario in usable:
        try:
            found[scenario.id] = _one(split, lens, scenario, seed)
        except (ScenarioError, NotApplicable):
            continue  # the stress arm says why
    if not found:
        return declined(_KEY, _TITLE, "utility", "No scenario could be applied to this table.")
    return _result(found)


def _one(split: Split, lens: Lens, scenario: StressScenario, seed: int) -> Estimate:
    honest = normals(split.generator)
    trained = honest.take(np.arange(min(MOST, honest.n_entities)))
    frauds = split.generator.take(np.flatnonzero(split.generator.entity_label()))
    rows = lens.rows(trained).plus(
        scenario_rows(trained, lens, [scenario], frauds.n_entities, seed)
    )
    model = fit_detector(rows.features, rows.labels, rows.weights, seed=seed)
    unseen = normals(split.control)
    return resemblance(
        frauds,
        model.score(lens.features(frauds)),
        unseen,
        model.score(lens.features(unseen)),
        stream(seed, "calibration", scenario.id),
    )


def resemblance(
    frauds: Events,
    fraud_scores: Floats,
    honest: Events,
    honest_scores: Floats,
    rng: np.random.Generator,
) -> Estimate:
    """Return the AUC of fraud customers' worst fraudulent event against honest stretches.

    An honest customer is represented by the highest score of a random stretch
    of events, as long as a fraud drawn at random: the highest of a whole
    history would be higher for its length alone.

    Parameters
    ----------
    frauds, honest : Events
        Customers with labelled events, and without.
    fraud_scores, honest_scores : ndarray of shape (n_events,)
    """
    marked = np.where(frauds.event_label(), fraud_scores, -np.inf)
    known = np.maximum.reduceat(marked, frauds.offsets[:-1])
    events = np.bincount(frauds.owner[frauds.event_label()], minlength=frauds.n_entities)
    length = np.minimum(rng.choice(events, honest.n_entities), honest.lengths)
    spare = honest.lengths - length
    start = honest.offsets[:-1] + np.floor(rng.random(len(spare)) * (spare + 1)).astype(np.int64)
    padded = np.append(honest_scores, -np.inf)
    ends = np.stack([start, start + length], axis=1).ravel()
    other = np.maximum.reduceat(padded, ends)[::2]
    return auc_interval(known, other)


def _result(found: dict[str, Estimate]) -> MetricResult:
    worst = min(found.values(), key=lambda estimate: estimate.value)
    result = MetricResult(
        _KEY,
        _TITLE,
        "utility",
        "NOT_RUN",
        worst,
        Estimate(0.5),
        goal="higher",
        threshold=bands("utility.calibration").threshold(),
        reason="The worst scenario; a low value warns, unless its fraud is not known yet.",
        method="AUC (DeLong) of known fraud customers' worst fraudulent event against random "
        "stretches, as long, of the control's normal customers, by a detector trained on normals "
        "and the scenario's frauds only",
        by=dict(sorted(found.items(), key=lambda item: item[1].value)),
    ).judged()
    # A warning never fails the table: the scenario may be for what nobody has seen.
    return replace(result, status="INCONCLUSIVE") if result.status == "FAIL" else result
