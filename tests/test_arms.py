"""Each way to train is what it says: weights, copies, interpolations, edits, doubts."""

from __future__ import annotations

import numpy as np
import pytest
from utility_world import split_and_pool

from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.features.cache import FeatureCache
from riskgen.evaluate.features.rows import Lens, Rows
from riskgen.evaluate.normals import normals
from riskgen.evaluate.utility import experts
from riskgen.evaluate.utility.additions import scenario_addition, sham_addition
from riskgen.evaluate.utility.arms import Addition, added_to
from riskgen.evaluate.utility.experts import _rule, expert_arms
from riskgen.evaluate.utility.interpolation import with_interpolated
from riskgen.evaluate.utility.real_arms import _oversampled, _weighted
from riskgen.evaluate.utility.recipe import uncalibrated
from riskgen.simulate.catalogue import load


@pytest.fixture(scope="module")
def real() -> Lesson:
    return Lesson.whole(split_and_pool(known=12)[0].generator)


class Listener:
    """A family that keeps what it is taught."""

    name = "listener"

    def fit(self, lessons, *, seed):
        self.heard = list(lessons)
        return self


def heard(training) -> list[Lesson]:
    return training(Listener(), 1).heard


def test_class_weights_touch_frauds_alone(real):
    found = _weighted(real, 3.0)
    assert set(found.weights[real.labels]) == {3.0}
    assert set(found.weights[~real.labels]) == {1.0}


def test_over_sampling_weighs_whole_customers(real):
    found = _oversampled(real, 5)
    owned = real.events.entity_label()[real.events.owner]
    assert set(found.weights[owned]) == {6.0}
    assert (owned & ~real.labels).any(), "a fraud customer has honest events, repeated as well"
    assert set(found.weights[~owned]) == {1.0}


def test_interpolated_frauds_lie_between_two_known_ones():
    known = np.array([[0.0, 0.0], [2.0, 2.0]], dtype=np.float32)
    honest = np.full((5, 2), 100.0, dtype=np.float32)
    rows = Rows(np.vstack([known, honest]), np.arange(7) < 2, np.ones(7))
    grown = with_interpolated(rows, 10, seed=1)
    made = grown.features[7:]
    assert len(made) == 20
    assert grown.labels[7:].all()
    assert np.allclose(made[:, 0], made[:, 1], atol=1e-5)
    assert made.min() >= -1e-5
    assert made.max() <= 2.0 + 1e-5
    assert len(np.unique(made[:, 0].round(4))) > 10


def test_a_single_fraud_has_nothing_to_interpolate_with():
    rows = Rows(np.zeros((3, 2), np.float32), np.array([True, False, False]), np.ones(3))
    with pytest.raises(NotApplicable, match="two fraudulent rows"):
        with_interpolated(rows, 5, seed=1)


def test_a_feature_that_no_fraud_has_stays_out_of_the_way():
    known = np.array([[0.0, np.nan], [2.0, np.nan]], dtype=np.float32)
    rows = Rows(np.vstack([known, np.ones((1, 2), np.float32)]), np.arange(3) < 2, np.ones(3))
    assert np.isfinite(with_interpolated(rows, 3, seed=1).features[3:]).all()


def test_options_add_more_for_a_higher_ratio(real):
    addition = Addition.of(normals(real.events))
    options = added_to(real, [addition], (1, 5))
    few, many = (heard(options[name])[1].weights for name in ("1:1", "5:1"))
    assert few.sum() < many.sum() == addition.lesson.weights.sum()
    assert (few <= many).all(), "a higher ratio keeps what a lower one has"


def test_half_of_an_addition_and_its_leading_share_are_nested(real):
    addition = Addition.of(normals(real.events))
    half = addition.half()
    assert np.array_equal(half.leading(1.0).weights, addition.leading(0.5).weights)
    assert np.array_equal(half.leading(0.5).weights, addition.leading(0.25).weights)


def test_scenarios_bring_frauds_and_sham_edits_bring_none(real):
    base = normals(real.events)
    recipe = uncalibrated([load("card_testing_burst")])
    found, notes = scenario_addition(base, recipe, 60, seed=1)
    assert found.lesson.labels.any()
    assert notes[0].startswith("card_testing_burst: ")
    shams = sham_addition(base, 60, seed=1)
    assert not shams.lesson.labels.any()
    assert shams.lesson.weights.any()


def test_only_what_follows_an_edit_is_taught(real):
    base = normals(real.events)
    recipe = uncalibrated([load("card_testing_burst")])
    lesson = scenario_addition(base, recipe, 60, seed=1)[0].lesson
    first = lesson.events.offsets[:-1]
    begun = np.maximum.accumulate(lesson.weights > 0)
    assert lesson.weights[lesson.labels].all()
    assert not lesson.weights[first].all(), "some history before the fraud is not taught again"
    assert begun[lesson.labels].all()


def test_a_table_without_the_columns_is_told(real):
    recipe = uncalibrated([load("mule_pass_through")])
    with pytest.raises(NotApplicable, match="mule_pass_through left out"):
        scenario_addition(normals(real.events), recipe, 20, seed=1)


def test_the_hand_rule_counts_doubts():
    names = ["log_amount_z", "log_amount_to_max", "country.new", "night", "log_gap_to_usual"]
    quiet = [0.0, -1.0, 0.0, 0.0, 0.0]
    loud = [3.0, 0.5, 1.0, 1.0, -4.0]
    table = np.array([quiet, loud, [3.0, -1.0, 1.0, 0.0, np.nan]], dtype=np.float32)
    assert _rule(table, names).tolist() == [0.0, 5.0, 2.0]


def test_a_fused_rival_ranks_by_both(real):
    class Flat:
        name = "flat"

        def fit(self, lessons, *, seed):
            return self

        def score(self, events):
            return np.zeros(events.n_events)

    lens, cache = Lens.of(real.events), FeatureCache()
    rule, forest = expert_arms(real, lens, cache)
    for arm in (rule, forest):
        scores = next(iter(arm.options.values()))(Flat(), 1).score(real.events)
        assert np.isfinite(scores).all()
        fraud = scores[real.labels].mean()
        assert fraud > scores[~real.labels].mean(), "bursts are unusual without any label"


def test_the_forest_is_grown_once_for_drafts_and_every_share(real, monkeypatch):
    grown = []

    class Counted(experts.IsolationForest):
        def fit(self, table):
            grown.append(len(table))
            return super().fit(table)

    monkeypatch.setattr(experts, "IsolationForest", Counted)
    lens, cache = Lens.of(real.events), FeatureCache()
    _, forest = expert_arms(real, lens, cache)
    trees = BoostedTrees(lens, trees=2, cache=cache)
    scorers = [train(trees, 1) for train in forest.options.values()]
    first = scorers[0].score(real.events)
    assert len(grown) == 1
    next(iter(forest.options.values()))(trees, 2)
    assert len(grown) == 2, "another seed is another forest"
    again = next(iter(expert_arms(real, lens, cache)[1].options.values()))(trees, 1)
    assert (again.score(real.events) == first).all()
