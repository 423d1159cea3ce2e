"""Detectors that look ahead are caught, and features that give a simulation away are found."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.causality import measure_look_ahead
from riskgen.evaluate.detection.engineered import Engineered
from riskgen.evaluate.detection.giveaways import giveaways
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.detection.logistic import LogisticModel
from riskgen.evaluate.detection.recurrent import RecurrentNetwork
from riskgen.evaluate.features.rows import Lens

FAMILIES = [BoostedTrees(trees=20), LogisticModel(), RecurrentNetwork(epochs=2)]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_kind_of_detector_looks_ahead(family):
    events = small_bank(120, seed=1)
    found = measure_look_ahead(
        family.fit([Lesson.whole(events)], seed=1), small_bank(80, seed=2), family.name, seed=1
    )
    assert found.status == "PASS"
    assert found.estimate.value == 0.0
    assert family.name in found.title


class NextGap:
    """Scores an event by how soon the next one follows."""

    def score(self, events: Events) -> np.ndarray:
        gap = np.diff(events.seconds(), append=np.inf)
        gap[events.offsets[1:] - 1] = 1e9
        return -np.log1p(gap)


class Broken:
    def score(self, events: Events) -> np.ndarray:
        return np.full(events.n_events, np.nan)


@pytest.mark.parametrize("scorer", [NextGap(), Broken()])
def test_a_detector_that_looks_ahead_fails(scorer):
    found = measure_look_ahead(scorer, small_bank(80, seed=2), "next gap", seed=1)
    assert found.status == "FAIL"
    assert found.estimate.value > 0.05


def test_one_score_for_a_customer_has_nothing_to_cut():
    events = small_bank(30)
    schema = events.schema.model_copy(update={"label_level": "entity"})
    whole = Events(schema, events.frame, events.offsets)
    assert measure_look_ahead(NextGap(), whole, "x", seed=1).status == "NOT_APPLICABLE"


def test_the_feature_that_gives_a_simulation_away_comes_first():
    real, other = small_bank(150, seed=1), small_bank(150, seed=2)
    rounded = other.frame.with_columns((pl.col("amount") / 10).ceil() * 10)
    simulated = Events(other.schema, rounded, other.offsets)
    found = giveaways(real, simulated, Engineered(Lens.of(real)), seed=1)
    assert len(found) <= 3
    assert next(iter(found)) == "round_amount"


def test_nothing_gives_away_a_second_draw_of_the_same_bank():
    # Enough customers that the largest of some fifty losses is not noise: with 150 it is
    # .006 to .020 over four pairs of banks.
    real, other = small_bank(600, seed=1), small_bank(600, seed=2)
    found = giveaways(real, other, Engineered(Lens.of(real)), seed=1)
    assert all(loss < 0.02 for loss in found.values())


def test_a_detector_does_without_the_features_it_is_denied():
    events, others = small_bank(150, seed=1), small_bank(50, seed=2)
    abroad = others.frame.with_columns(pl.lit("XX").alias("country"))
    moved = Events(others.schema, abroad, others.offsets)
    names = Engineered(Lens.of(events)).names(events)
    denied = frozenset(name for name in names if name.startswith("country."))
    for without, same in ((frozenset(), False), (denied, True)):
        model = BoostedTrees(trees=40, without=without).fit([Lesson.whole(events)], seed=1)
        assert len(model.engineered.names(events)) == len(names) - len(without)
        assert np.array_equal(model.score(others), model.score(moved)) is same
