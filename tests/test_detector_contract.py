"""Every kind of detector keeps the same promises, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.metrics import roc_auc_score
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import DetectorFamily, Lesson, Scorer
from riskgen.evaluate.detection.logistic import LogisticModel
from riskgen.evaluate.detection.recurrent import RecurrentNetwork
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.features.trailing import Timeline

Make = Callable[[Lens], DetectorFamily]

MAKERS: list[Make] = [
    lambda lens: BoostedTrees(lens, trees=40),
    lambda lens: LogisticModel(lens),
    lambda lens: RecurrentNetwork(lens, epochs=8),
]
EACH_KIND = pytest.mark.parametrize("make", MAKERS, ids=["trees", "logistic", "recurrent"])
EACH_LEVEL = pytest.mark.parametrize("level", ["event", "entity"])


def told_by_entity(events: Events) -> Events:
    """The same bank with one label for a customer."""
    schema = events.schema.model_copy(update={"label_level": "entity"})
    label = pl.Series("fraud", events.entity_label()[events.owner].astype(np.int8))
    return Events(schema, events.frame.with_columns(label), events.offsets)


def relabelled(events: Events, label: np.ndarray) -> Events:
    series = pl.Series("fraud", label.astype(np.int8))
    return Events(events.schema, events.frame.with_columns(series), events.offsets)


def bank(level: str, seed: int, n: int = 400) -> Events:
    events = small_bank(n, seed=seed, fraud_share=0.25, strength=2.0)
    return told_by_entity(events) if level == "entity" else events


def row_labels(events: Events) -> np.ndarray:
    return Lesson.whole(events).labels


FITTED: dict[tuple[int, str], Scorer] = {}


def taught(make: Make, level: str) -> Scorer:
    """Return a detector taught with a whole bank, the same one in every test."""
    key = (MAKERS.index(make), level)
    if key not in FITTED:
        events = bank(level, seed=1)
        FITTED[key] = make(Lens.of(events)).fit([Lesson.whole(events)], seed=3)
    return FITTED[key]


@EACH_LEVEL
@EACH_KIND
def test_a_planted_fraud_is_found_among_customers_never_met(make, level):
    others = bank(level, seed=2)
    scores = taught(make, level).score(others)
    assert scores.shape == row_labels(others).shape
    assert np.isfinite(scores).all()
    assert roc_auc_score(row_labels(others), scores) > 0.9


@EACH_KIND
def test_a_name_says_what_kind_it_is(make):
    assert len(make(Lens.of(bank("event", seed=1, n=40))).name) > 4


@EACH_LEVEL
@EACH_KIND
def test_shuffled_labels_teach_nothing(make, level):
    events, others = bank(level, seed=1), bank(level, seed=2)
    areas = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        wrong = rng.permutation(row_labels(events))
        wrong = wrong[events.owner] if level == "entity" else wrong
        lesson = Lesson.whole(relabelled(events, wrong))
        model = make(Lens.of(events)).fit([lesson], seed=seed)
        areas.append(roc_auc_score(row_labels(others), model.score(others)))
    # Frauds lie together, so that one random direction tells them apart by up to 0.2 of
    # area either way (measured over five shuffles of each kind); four of them cancel out.
    assert 0.35 < np.mean(areas) < 0.65


@EACH_LEVEL
@EACH_KIND
def test_the_same_seed_gives_the_same_scores(make, level):
    events = bank(level, seed=1)
    again = make(Lens.of(events)).fit([Lesson.whole(events)], seed=3)
    others = bank(level, seed=2, n=60)
    np.testing.assert_array_equal(again.score(others), taught(make, level).score(others))


@EACH_LEVEL
@EACH_KIND
def test_a_row_of_no_weight_is_no_target(make, level):
    events, others = bank(level, seed=1, n=120), bank(level, seed=2, n=60)
    ignored = np.random.default_rng(0).random(len(row_labels(events))) < 0.3
    weights = np.where(ignored, 0.0, 1.0)
    flip = ignored if level == "event" else ignored[events.owner]
    told_wrong = relabelled(events, events.event_label() ^ flip)
    family = make(Lens.of(events))
    scores = [
        family.fit([Lesson(table, weights)], seed=3).score(others) for table in (events, told_wrong)
    ]
    np.testing.assert_array_equal(*scores)


@EACH_LEVEL
@EACH_KIND
def test_a_customer_of_no_weight_might_as_well_not_be_there(make, level):
    events, others = bank(level, seed=1, n=120), bank(level, seed=2, n=60)
    family, few = make(Lens.of(events)), events.take(np.arange(90))
    lesson = Lesson.whole(events)
    owner = events.owner if level == "event" else np.arange(events.n_entities)
    part = Lesson(events, np.where(owner < 90, lesson.weights, 0.0))
    scores = [family.fit([lesson], seed=3).score(others) for lesson in (part, Lesson.whole(few))]
    np.testing.assert_array_equal(*scores)


@EACH_KIND
def test_a_score_knows_nothing_of_what_comes_later(make):
    others = bank("event", seed=2, n=60)
    early = Timeline(others.offsets, others.seconds()).position < 9
    model = taught(make, "event")
    whole, cut = model.score(others)[early], model.score(others.where(early))
    np.testing.assert_allclose(whole, cut, atol=2e-5)  # a batch of a network rounds otherwise


@EACH_LEVEL
@EACH_KIND
def test_a_score_knows_nothing_of_other_customers(make, level):
    others = bank(level, seed=2, n=60)
    model = taught(make, level)
    one = others.take(np.array([7]))
    rows = others.owner == 7 if level == "event" else np.arange(60) == 7
    np.testing.assert_allclose(model.score(one), model.score(others)[rows], atol=2e-5)


@EACH_LEVEL
@EACH_KIND
def test_frauds_that_weigh_more_are_suspected_more(make, level):
    # Of frauds that nothing gives away: where they lie apart, weights change no side.
    events, others = bank(level, seed=1, n=200), bank(level, seed=2, n=100)
    rng = np.random.default_rng(0)
    random = rng.random(events.n_entities)[events.owner] < 0.2
    lesson, family = Lesson.whole(relabelled(events, random)), make(Lens.of(events))
    heavy = lesson.weighing(np.where(lesson.labels, 4.0, 1.0))
    plain, keen = (family.fit([one], seed=3).score(others) for one in (lesson, heavy))
    # The logarithm of 4 is 1.4; trees that know each of 200 customers by heart move less.
    assert 0.3 < np.median(keen - plain) < 2.5


@EACH_KIND
def test_lessons_add_up(make):
    events, others = bank("event", seed=1, n=300), bank("event", seed=2)
    halves = [events.take(np.arange(150)), events.take(np.arange(150, 300))]
    model = make(Lens.of(events)).fit([Lesson.whole(half) for half in halves], seed=3)
    assert roc_auc_score(row_labels(others), model.score(others)) > 0.9


@EACH_KIND
def test_one_class_alone_teaches_nothing(make):
    events = bank("event", seed=1, n=40)
    honest = Lesson(events, 1.0 - events.event_label())
    with pytest.raises(NotApplicable, match="0 of"):
        make(Lens.of(events)).fit([honest], seed=3)


@EACH_KIND
def test_nobody_elses_random_numbers_move(make):
    events = bank("event", seed=1, n=60)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    make(Lens.of(events)).fit([Lesson.whole(events)], seed=3).score(events)
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])  # noqa: NPY002
