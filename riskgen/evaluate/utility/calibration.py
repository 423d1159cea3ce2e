"""Do simulated frauds point the detector towards the real ones: the gate of UTILITY, 3.

A detector is trained on normal customers and one scenario at one severity alone,
then asked to tell the known frauds of the generator's split from normal customers
that it has not seen. What finds more of them than chance would goes into training,
in proportion to what it finds; the rest stays out. The test set is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.intervals import auc_interval, clopper_pearson
from riskgen.evaluate.normals import normals
from riskgen.evaluate.result import Estimate, MetricResult, declined
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.additions import edited, stressed
from riskgen.evaluate.utility.recipe import Cell, Recipe, cells_of, uncalibrated, usable
from riskgen.seeding import stream
from riskgen.simulate.scenario import StressScenario

Floats = NDArray[np.float64]

LEAST = 10  # known frauds below which nothing can be calibrated (UTILITY, 3)
MOST = 2_000  # normal customers trained on, and as many asked; the gate only ranks [J]
TREES = 40  # of a detector that only ranks [J]
NEGATIVES = 15_000  # rows that it is fitted to [J]
CASES = 60  # customers under a scenario that it is trained on, at least [J]
RATE = 0.05  # of honest stretches that score as high as what counts as found [J]
FALSE_DISCOVERIES = 0.05  # expected share of cells let in by chance (Benjamini-Hochberg 1995)
_KEY, _TITLE = "utility.calibration", "Simulated frauds resemble the known ones"


@dataclass(frozen=True)
class Resemblance:
    """How well a cell alone leads to the known frauds.

    Attributes
    ----------
    auc : Estimate
        Known frauds against honest stretches as long.
    found : Estimate
        Share of known frauds above what 5 % of honest stretches exceed.
    p : float
        Exact binomial, one-sided, that ``found`` is no more than those 5 %.
    """

    auc: Estimate
    found: Estimate
    p: float


@dataclass(frozen=True, eq=False)
class Gate:
    """What the known frauds say of the scenarios.

    Attributes
    ----------
    recipe : Recipe or None
        What may be trained with; None when nothing passed.
    cells : dict of Cell to Resemblance
        Everything that was tried; empty where nothing could be.
    warning : str
        Why the recipe is not calibrated, or that nothing passed; empty if neither.
    """

    recipe: Recipe | None
    cells: dict[Cell, Resemblance] = field(default_factory=dict)
    warning: str = ""

    def facts(self) -> dict[str, object]:
        """Return the gate as JSON values."""
        tried = [
            {
                "scenario": cell.scenario,
                "severity": cell.severity,
                "auc": round(known.auc.value, 4),
                "found": round(known.found.value, 4),
                "p": round(known.p, 5),
            }
            for cell, known in self.cells.items()
        ]
        recipe = [] if self.recipe is None else self.recipe.facts()
        return {"tried": tried, "recipe": recipe, "warning": self.warning}


def calibrate(
    split: Split, family: BoostedTrees, scenarios: Sequence[StressScenario], *, seed: int
) -> Gate:
    """Return which scenarios may train, and at which severities.

    Parameters
    ----------
    split : Split
        Known frauds and normals of ``generator``, unseen normals of ``control``.
    family : BoostedTrees
        Its lens and its cache of features.
    scenarios : sequence of StressScenario
        What may be put in.
    seed : int
        Same seed, same gate.

    Raises
    ------
    NotApplicable
        When no scenario can mark events of this table.
    """
    if split.generator.schema.label_level == "entity":
        raise NotApplicable("Scenarios mark events, but this table has one label for an entity.")
    if not usable(scenarios):
        raise NotApplicable("No transactions scenario that edits events was given.")
    known = int(split.generator.entity_label().sum())
    if known < LEAST:
        return Gate(uncalibrated(scenarios), warning=_uncalibrated(known))
    cells = _resemblances(split, family, usable(scenarios), seed)
    if not cells:
        raise NotApplicable("No scenario could be applied to this table.")
    weights = passing(cells)
    if not weights:
        return Gate(None, cells, _none_passed(len(cells), known))
    return Gate(Recipe.weighing(scenarios, weights, True), cells)


def passing(cells: dict[Cell, Resemblance]) -> dict[Cell, float]:
    """Return the weight of each cell that finds more than chance: how much more."""
    adjusted = stats.false_discovery_control([known.p for known in cells.values()])
    return {
        cell: known.found.value - RATE
        for (cell, known), q in zip(cells.items(), adjusted, strict=True)
        if q < FALSE_DISCOVERIES and known.found.value > RATE
    }


def _uncalibrated(known: int) -> str:
    return (
        f"The scenarios are uncalibrated: {known} known frauds, {LEAST} are needed. They are "
        "put in from mild to severe, in equal parts."
    )


def _none_passed(tried: int, known: int) -> str:
    return (
        f"No scenario passed the calibration gate: of {tried} tried, none finds more of the "
        f"{known} known frauds than chance. They are not put in."
    )


def _resemblances(
    split: Split, family: BoostedTrees, scenarios: Sequence[StressScenario], seed: int
) -> dict[Cell, Resemblance]:
    honest = _some(normals(split.generator), stream(seed, "gate", "taught"))
    unseen = _some(normals(split.control), stream(seed, "gate", "asked"))
    frauds = split.generator.take(np.flatnonzero(split.generator.entity_label()))
    trees = replace(family, trees=TREES, most_negatives=NEGATIVES)
    by_id, found = {s.id: s for s in scenarios}, {}
    for cell in cells_of(scenarios):
        try:
            taught = _cases(honest, by_id[cell.scenario], cell.severity, frauds.n_entities, seed)
            model = trees.fit([Lesson.whole(honest), taught], seed=seed)
        except (ScenarioError, NotApplicable):
            continue  # the arm says why
        scores = model.score(frauds), model.score(unseen)
        rng = stream(seed, "gate", cell.scenario, round(cell.severity * 1000))
        found[cell] = resemblance(frauds, scores[0], unseen, scores[1], rng)
    return found


def _some(events: Events, rng: np.random.Generator) -> Events:
    n = events.n_entities
    return events.take(np.sort(rng.permutation(n)[:MOST])) if n > MOST else events


def _cases(honest: Events, scenario: StressScenario, severity: float, n: int, seed: int) -> Lesson:
    found = stressed(honest, scenario, severity, max(n, CASES), seed)
    if not found.affected.any():
        raise NotApplicable(f"Nobody could suffer '{scenario.id}'.")
    return edited([found]).lesson


def resemblance(
    frauds: Events,
    fraud_scores: Floats,
    honest: Events,
    honest_scores: Floats,
    rng: np.random.Generator,
) -> Resemblance:
    """Return how fraud customers' worst fraudulent event does against honest stretches.

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
    bound = np.quantile(other, 1.0 - RATE, method="higher")
    hits, n = int(np.sum(known > bound)), len(known)
    p = float(stats.binomtest(hits, n, RATE, alternative="greater").pvalue)
    return Resemblance(auc_interval(known, other), clopper_pearson(hits, n), p)


def measure_calibration(gate: Gate | None, reason: str = "") -> MetricResult:
    """Return the gate as a result: the worst scenario at its best severity.

    A low value is expected of a scenario for a fraud that has not been seen
    yet; it is a warning, not a verdict.
    """
    if gate is None:
        return declined(_KEY, _TITLE, "utility", reason)
    if not gate.cells:
        return MetricResult(_KEY, _TITLE, "utility", "INCONCLUSIVE", reason=gate.warning)
    best: dict[str, Estimate] = {}
    for cell, known in gate.cells.items():
        if cell.scenario not in best or known.auc.value > best[cell.scenario].value:
            best[cell.scenario] = known.auc
    return _result(best, gate)


def _result(best: dict[str, Estimate], gate: Gate) -> MetricResult:
    worst = min(best.values(), key=lambda estimate: estimate.value)
    let_in = len({cell.scenario for cell in gate.recipe.shares}) if gate.recipe else 0
    result = MetricResult(
        _KEY,
        _TITLE,
        "utility",
        "NOT_RUN",
        worst,
        Estimate(0.5),
        goal="higher",
        threshold=bands("utility.calibration").threshold(),
        reason=f"The worst scenario at its best severity. {let_in} of {len(best)} scenarios "
        "find more known frauds than chance and train the detector; a low value is no fault "
        "of a scenario whose fraud is not known yet.",
        method="AUC (DeLong) of known fraud customers' worst fraudulent event against random "
        "stretches, as long, of the control's normal customers, by a detector trained on normals "
        "and the scenario's frauds only; let in by the share found at 5 % false alarms, exact "
        "binomial, false discovery rate 5 %",
        by=dict(sorted(best.items(), key=lambda item: item[1].value)),
    ).judged()
    # A warning never fails the table: the scenario may be for what nobody has seen.
    return replace(result, status="INCONCLUSIVE") if result.status == "FAIL" else result
