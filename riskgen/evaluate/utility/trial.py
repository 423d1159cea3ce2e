"""The utility experiment: arms are trained, tuned on validation, and met by the test once.

PROTOCOL B1 to B3. The plan is written down and hashed before the test set is
looked at. Knows arms and boards; draws no conclusion.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.detector import (
    MOST_NEGATIVES,
    Detector,
    fewer_negatives,
    fit_detector,
)
from riskgen.evaluate.features.rows import Lens, Rows
from riskgen.evaluate.intervals import resampling_weights
from riskgen.evaluate.utility.arms import RATIOS, Arm, conditional_arm, real_arms
from riskgen.evaluate.utility.stress_arm import SEVERITIES, stress_arm
from riskgen.seeding import stream
from riskgen.simulate.engine import Sampler
from riskgen.simulate.scenario import StressScenario

Floats = NDArray[np.float64]

DRAWS = 1_000  # resampled test populations (PROTOCOL B3: 2,000 for a final run)
BUDGETS = {"event": 0.005, "entity": 0.10}  # share of customers alerted [J]; the bank sets it
QUICK_RATIOS = (5,)
QUICK_NEGATIVES = 100_000
DRAFT_NEGATIVES, DRAFT_TREES = 30_000, 60  # of detectors that only choose a setting [J]
LEAST_FRAUDS = 2  # fraud customers to learn from, below which nothing can be trained


@dataclass(frozen=True, eq=False)
class Outcome:
    """How one arm did on the test set.

    Attributes
    ----------
    id, title, chosen, note : str
        The arm, and the setting that validation chose.
    synthetic : bool
        Whether anything simulated was in its training set.
    scores : ndarray of shape (n_scored,)
        Scores of the test rows.
    recall, precision : float
        Recall at the alert budget; average precision of rows.
    recalls, precisions : ndarray of shape (1000,)
        The same on resampled test customers, paired between arms.
    """

    id: str
    title: str
    chosen: str
    note: str
    synthetic: bool
    scores: Floats = field(repr=False)
    recall: float
    precision: float
    recalls: Floats = field(repr=False)
    precisions: Floats = field(repr=False)


@dataclass(frozen=True, eq=False)
class Trial:
    """Everything the experiment found.

    Attributes
    ----------
    plan : dict
        What was decided before the test was looked at; ``plan_hash`` is its SHA-256.
    outcomes : list of Outcome
        Real-only arms first.
    left_out : dict of str to str
        Arms that could not be run, with the reason.
    board : Board
        Of the test set.
    models : dict of str to Detector
        Fitted detectors by arm, for the shortcut checks.
    """

    plan: dict[str, Any]
    plan_hash: str
    lens: Lens
    outcomes: list[Outcome]
    left_out: dict[str, str]
    board: Board
    models: dict[str, Detector] = field(repr=False)

    @property
    def baselines(self) -> list[Outcome]:
        """The arms that use real data only."""
        return [outcome for outcome in self.outcomes if not outcome.synthetic]

    @property
    def rivals(self) -> list[Outcome]:
        """The arms with simulated data."""
        return [outcome for outcome in self.outcomes if outcome.synthetic]

    @property
    def best(self) -> Outcome:
        """The real-only arm with the highest recall; average precision breaks ties."""
        return max(self.baselines, key=lambda o: (o.recall, o.precision))


def run_trial(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    *,
    seed: int,
    quick: bool,
) -> Trial:
    """Train every arm, choose its setting on validation, score the test once.

    Raises
    ------
    NotApplicable
        When there is no label, or nothing to learn from or to judge with.
    """
    _check(split)
    lens = Lens.of(split.generator)
    plan = _plan(split, scenarios, lens, seed, quick)
    plan_hash = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    arms, left_out = _arms(split, sampler, scenarios, lens, seed, quick)
    chosen = [(arm, *_tuned(arm, split, lens, plan["budget"], seed)) for arm in arms]
    # Only from here on is the test set looked at.
    board = _board(lens, split, "test")
    if board.n_fraud == 0:
        raise NotApplicable("No labelled customer falls into the test window.")
    features = lens.features(split.test)[board.scored]
    weights = resampling_weights(board.n_entities, DRAWS, stream(seed, "trial", "test"))
    outcomes = [
        _outcome(arm, name, model.score(features), board, plan["budget"], weights)
        for arm, name, model in chosen
    ]
    models = {arm.id: model for arm, _, model in chosen}
    return Trial(plan, plan_hash, lens, outcomes, left_out, board, models)


def _check(split: Split) -> None:
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


def _plan(
    split: Split, scenarios: Sequence[StressScenario], lens: Lens, seed: int, quick: bool
) -> dict[str, Any]:
    return {
        "arms": ["R0", "R1", "R2", "S2", "S3"],
        "primary arm": "S3 if it applies, else S2",
        "metric": "recall at alert budget",
        "budget": BUDGETS[lens.level],
        "level": lens.level,
        "ratios": list(_ratios(split, quick)),
        "severities": list(SEVERITIES),
        "scenarios": [scenario.id for scenario in scenarios],
        "smallest effect": 0.02,
        "margin": 0.01,
        "resamples": DRAWS,
        "seed": seed,
        "split": split.hashes(),
    }


def _ratios(split: Split, quick: bool) -> tuple[int, ...]:
    """Return the ratios to choose from; simulated frauds never outnumber real customers."""
    n, frauds = split.generator.n_entities, int(split.generator.entity_label().sum())
    kept = tuple(ratio for ratio in (QUICK_RATIOS if quick else RATIOS) if ratio * frauds <= n)
    return kept or (1,)


def _arms(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    lens: Lens,
    seed: int,
    quick: bool,
) -> tuple[list[Arm], dict[str, str]]:
    events, ratios = split.generator, _ratios(split, quick)
    whole = lens.rows(events)
    most = QUICK_NEGATIVES if quick else MOST_NEGATIVES
    kept, weights = fewer_negatives(whole.labels, seed=seed, most=most)
    real = Rows(whole.features[kept], whole.labels[kept], weights)
    fraud = events.entity_label()
    owned = (fraud[events.owner] if lens.level == "event" else fraud)[kept]
    arms = real_arms(real, owned, ratios)
    makers: dict[str, Callable[[], Arm]] = {
        "S2": lambda: conditional_arm(real, events, lens, sampler, ratios, seed),
        "S3": lambda: stress_arm(real, events, lens, scenarios, ratios, seed),
    }
    left_out = {}
    for name, make in makers.items():
        try:
            arms.append(make())
        except NotApplicable as reason:
            left_out[name] = str(reason)
    return arms, left_out


def _tuned(arm: Arm, split: Split, lens: Lens, budget: float, seed: int) -> tuple[str, Detector]:
    """Return the setting that validation likes best, and its detector."""
    board = _board(lens, split, "validation")
    names = list(arm.options)
    if board.n_fraud == 0:  # nothing to choose by: the middle setting
        names = [names[(len(names) - 1) // 2]]
    if len(names) == 1:
        return names[0], _fitted(arm.options[names[0]](), seed)
    models = {name: _drafted(arm.options[name](), seed) for name in names}
    features = lens.features(split.validation)[board.scored]

    def worth(name: str) -> tuple[float, float]:
        scores = models[name].score(features)
        return float(board.recall(scores, budget)), float(board.average_precision(scores))

    best = max(names, key=worth)
    return best, _fitted(arm.options[best](), seed)


def _fitted(rows: Rows, seed: int) -> Detector:
    return fit_detector(rows.features, rows.labels, rows.weights, seed=seed)


def _drafted(rows: Rows, seed: int) -> Detector:
    """Return a smaller detector on fewer normals, good enough to compare settings."""
    kept, scale = fewer_negatives(rows.labels, seed=seed, most=DRAFT_NEGATIVES)
    weights = rows.weights[kept] * scale
    return fit_detector(
        rows.features[kept], rows.labels[kept], weights, seed=seed, trees=DRAFT_TREES
    )


def _board(lens: Lens, split: Split, name: str) -> Board:
    events = split.validation if name == "validation" else split.test
    window = split.validation_window if name == "validation" else split.test_window
    return Board.of_events(events, window) if lens.level == "event" else Board.of_entities(events)


def _outcome(
    arm: Arm, name: str, scores: Floats, board: Board, budget: float, weights: Floats
) -> Outcome:
    return Outcome(
        id=arm.id,
        title=arm.title,
        chosen=name,
        note=arm.note,
        synthetic=arm.synthetic,
        scores=scores,
        recall=float(board.recall(scores, budget)),
        precision=float(board.average_precision(scores)),
        recalls=board.recall(scores, budget, weights),
        precisions=board.average_precision(scores, weights),
    )
