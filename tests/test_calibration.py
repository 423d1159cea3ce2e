"""The gate lets in what leads to the known frauds, and nothing that does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fraud_bank import toybank
from utility_world import relabelled, split_and_pool

from riskgen.data.events import concatenate
from riskgen.data.split import split_events
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.intervals import clopper_pearson
from riskgen.evaluate.normals import normals
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.additions import stressed
from riskgen.evaluate.utility.calibration import (
    Resemblance,
    calibrate,
    measure_calibration,
    passing,
    resemblance,
)
from riskgen.evaluate.utility.recipe import SEVERITIES, Cell
from riskgen.simulate.catalogue import load


def gate_of(split, scenarios, seed=1):
    return calibrate(split, BoostedTrees(Lens.of(split.generator)), scenarios, seed=seed)


@pytest.fixture(scope="module")
def robbed():
    """A bank whose known frauds are card testing and nothing else."""
    split = split_events(toybank())
    honest = normals(split.generator)
    struck = stressed(honest, load("card_testing_burst"), 0.35, 40, seed=9).events
    kept = honest.take(np.arange(300))
    return replace(split, generator=concatenate([kept, struck]), control=normals(split.control))


def test_a_scenario_that_is_the_known_fraud_passes(robbed):
    gate = gate_of(robbed, [load("card_testing_burst"), load("bust_out")])
    weights = {}
    for cell, share in gate.recipe.shares.items():
        weights[cell.scenario] = weights.get(cell.scenario, 0.0) + share
    assert weights["card_testing_burst"] > weights.get("bust_out", 0.0)
    assert gate.recipe.calibrated
    assert sum(gate.recipe.shares.values()) == pytest.approx(1.0)


def test_labels_on_honest_events_let_nothing_in(robbed):
    honest = normals(split_events(toybank()).generator)
    rng = np.random.default_rng(5)
    chosen = rng.permutation(honest.n_entities)[:40]
    start = honest.offsets[chosen] + honest.lengths[chosen] // 2
    labels = np.isin(np.arange(honest.n_events), start[:, None] + np.arange(4))
    confused = replace(robbed, generator=relabelled(honest, labels))
    gate = gate_of(confused, [load("card_testing_burst"), load("ato_drain")])
    assert gate.recipe is None
    assert "No scenario passed the calibration gate" in gate.warning


def test_too_few_known_frauds_leave_scenarios_uncalibrated():
    split, _ = split_and_pool(known=4)
    gate = gate_of(split, [load("ato_drain")])
    assert not gate.recipe.calibrated
    assert {cell.severity for cell in gate.recipe.shares} == set(SEVERITIES)
    found = measure_calibration(gate)
    assert found.status == "INCONCLUSIVE"
    assert "uncalibrated" in found.reason


def test_what_was_tried_is_told_worst_first(robbed):
    gate = gate_of(robbed, [load("card_testing_burst"), load("ato_drain")])
    found = measure_calibration(gate)
    values = [estimate.value for estimate in found.by.values()]
    assert values == sorted(values)
    assert found.status in ("PASS", "INCONCLUSIVE")
    assert len(gate.facts()["tried"]) == 2 * len(SEVERITIES)


def test_scores_that_know_nothing_resemble_nothing():
    split, pool = split_and_pool()
    frauds, honest = pool.take(np.flatnonzero(pool.entity_label())), normals(split.control)
    blind, hits = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scores = rng.normal(size=frauds.n_events), rng.normal(size=honest.n_events)
        found = resemblance(frauds, scores[0], honest, scores[1], rng)
        blind.append(found.auc.value)
        hits.append(found.p < 0.05)
    spread = np.std(blind, ddof=1) / np.sqrt(len(blind))
    assert abs(np.mean(blind) - 0.5) < 3 * spread
    assert np.mean(hits) <= 0.15, "at a level of 5 %, 40 trials exceed 15 % once in 250"


def test_scores_that_know_everything_resemble():
    split, pool = split_and_pool()
    frauds, honest = pool.take(np.flatnonzero(pool.entity_label())), normals(split.control)
    rng = np.random.default_rng(1)
    sharp = 9.0 * frauds.event_label()
    found = resemblance(frauds, sharp, honest, rng.normal(size=honest.n_events), rng)
    assert found.auc.value > 0.95
    assert found.p < 1e-6


def cell(found: int, n: int = 20, p: float = 0.5) -> Resemblance:
    return Resemblance(Estimate(0.5), clopper_pearson(found, n), p)


def test_false_discoveries_are_held_down_over_all_that_was_tried():
    lucky = {Cell(f"s{i}", 0.1): cell(3, p=0.04) for i in range(1)}
    unlucky = {Cell(f"t{i}", 0.1): cell(1) for i in range(30)}
    assert passing(lucky)
    assert not passing({**lucky, **unlucky}), "one in thirty is what chance gives"


def test_weights_are_what_is_found_beyond_chance():
    cells = {Cell("a", 0.1): cell(11, p=1e-9), Cell("b", 0.1): cell(5, p=1e-4)}
    weights = passing(cells)
    assert weights[Cell("a", 0.1)] == pytest.approx(0.55 - 0.05)
    assert weights[Cell("b", 0.1)] == pytest.approx(0.25 - 0.05)
