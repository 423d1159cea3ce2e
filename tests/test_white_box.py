"""Someone who holds the weights: caught where a model remembers, at chance where it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from privacy_sample import by_key, people

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events, concatenate
from riskgen.evaluate.answers import privacy_verdict
from riskgen.evaluate.controls import RealHoldout
from riskgen.evaluate.privacy.white_box import likelihood_scores, measure_white_box
from riskgen.models.registry import create
from riskgen.models.timegan.checkpoints import Checkpoint, HeldOut
from riskgen.models.timegan.course import Course
from riskgen.simulate.engine import EventSimulator

TINY = {"hidden": 24, "head_width": 16, "embedding": 4, "audit": False, "dropout": 0.0}
OVERFITTED = {
    **TINY,
    "steps": 160,
    "context_steps": 160,
    "weight_decay": 0.0,
    "learning_rate": 0.01,
}


def fitted(members: Events, **options: object) -> EventSimulator:
    encoder = EventEncoder.fit(members)
    return EventSimulator(
        create("timegan", **options).fit(encoder.encode(members), seed=0), encoder
    )


@pytest.fixture(scope="module")
def sides() -> tuple[Events, Events, Events]:
    return people(60, 60, 300)


def keep_the_latest(course: Course, held_out: HeldOut) -> None:
    """Keep the latest weights, however badly they do on what was set aside."""
    course.looked, course.known = True, held_out.mean
    weights = {name: value.clone() for name, value in course.average.state_dict().items()}
    latest = Checkpoint(held_out, weights)
    best = min([latest, *course.checkpoints.kept[-1:]], key=lambda item: item.held_out.mean)
    course.checkpoints.restore([latest, best])


@pytest.fixture(scope="module")
def remembering(sides: tuple[Events, Events, Events]) -> Iterator[EventSimulator]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Course, "look", keep_the_latest)
        yield fitted(sides[0], **OVERFITTED)


def test_a_model_that_remembers_is_caught(
    remembering: EventSimulator, sides: tuple[Events, Events, Events]
) -> None:
    found = by_key(measure_white_box(remembering, sides[0], sides[1], seed=0))
    result = found["privacy.weights.auc"]
    assert result.estimate.value > 0.8
    assert result.status == "FAIL"
    assert set(result.by) == {"events", "statics", "together"}
    assert result.floor.lower <= 0.5 <= result.floor.upper
    assert found["privacy.weights.tpr_1pct"].estimate.value > 0.0


def test_strangers_on_both_sides_are_at_chance(
    remembering: EventSimulator, sides: tuple[Events, Events, Events]
) -> None:
    fresh, others = (sides[2].take(np.arange(150) + first) for first in (0, 150))
    for score in likelihood_scores(remembering, fresh, others, seed=0).values():
        rank = np.mean(score.members[:, None] > score.others[None, :])
        assert abs(rank - 0.5) < 0.1  # three standard errors of 150 against 150
    result = by_key(measure_white_box(remembering, fresh, others, seed=0))
    assert result["privacy.weights.auc"].status != "FAIL"


def test_a_generator_without_likelihood_is_not_attacked(
    sides: tuple[Events, Events, Events],
) -> None:
    members, control, fresh = sides
    encoder = EventEncoder.fit(members)
    bootstrap = create("bootstrap").fit(encoder.encode(members), seed=0)
    for sampler in (EventSimulator(bootstrap, encoder), RealHoldout(fresh)):
        (result,) = measure_white_box(sampler, members, control, seed=0)
        assert result.status == "NOT_APPLICABLE"
        assert "no likelihood" in result.reason


def test_few_entities_are_inconclusive(
    remembering: EventSimulator, sides: tuple[Events, Events, Events]
) -> None:
    few = sides[1].take(np.arange(10))
    (result,) = measure_white_box(remembering, sides[0], few, seed=0)
    assert result.status == "INCONCLUSIVE"
    assert "40 are needed" in result.reason


def test_a_likelihood_belongs_to_the_sequence_alone(
    remembering: EventSimulator, sides: tuple[Events, Events, Events]
) -> None:
    """Who else is asked about, and in which order, changes nothing but roundings."""
    some = sides[1].take(np.arange(12))
    crowd = concatenate([sides[2].take(np.arange(40)), some])
    context, events = remembering.log_likelihood(some)
    beside_context, beside_events = remembering.log_likelihood(crowd)
    assert np.allclose(context, beside_context[40:], atol=1e-3)
    assert np.allclose(events, beside_events[40:], atol=1e-2)
    assert events.shape == (12,)


def test_the_answer_about_the_table_tells_of_the_weights_beside_it(
    remembering: EventSimulator, sides: tuple[Events, Events, Events]
) -> None:
    attacked = measure_white_box(remembering, sides[0], sides[1], seed=0)
    verdict = privacy_verdict(attacked)
    assert verdict.answer == "NO EVIDENCE"
    assert "Someone with the weights tells members from strangers" in verdict.caveats[0]
    assert "not weights" in privacy_verdict([]).caveats[0]
