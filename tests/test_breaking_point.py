"""A breaking point is found where it was planted, and nowhere where nothing breaks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from test_utility import world  # noqa: F401

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.rehearsals import breaking_point
from riskgen.evaluate.rehearsals.breaking_point import BreakingPoint, find_breaking_point
from riskgen.evaluate.rehearsals.rehearsal import marked, rehearse
from riskgen.evaluate.result import Estimate
from riskgen.simulate.catalogue import load

SEVERITIES = (0.2, 0.6, 1.0)


def found(recalls: list[float], half: float = 0.05, n: int = 100) -> BreakingPoint:
    estimates = tuple(Estimate(r, r - half, r + half, n=n) for r in recalls)
    chance = tuple(Estimate(0.02, n=n) for _ in recalls)
    return BreakingPoint(SEVERITIES, estimates, chance, Estimate(0.01), 0.5, 0.005)


def test_the_smallest_severity_below_the_level_is_the_breaking_point() -> None:
    falling = found([0.9, 0.48, 0.1])
    assert (falling.broken, falling.surely_broken, falling.recovers) == (0.6, 1.0, None)
    assert "below 50% at severity 0.6 (surely at 1)" in falling.sentence()
    assert "(its interval reaches the bound)" in found([0.9, 0.48, 0.47]).sentence()
    assert "(" not in found([0.9, 0.2, 0.1]).sentence()


def test_a_detector_that_misses_only_the_mild_is_told_apart() -> None:
    rising = found([0.1, 0.7, 0.9])
    assert (rising.broken, rising.recovers) == (0.2, 0.6)
    assert "mild cases escape" in rising.sentence()


def test_a_dip_between_is_not_said_to_be_mild_cases() -> None:
    dip = found([0.9, 0.2, 0.9])
    assert (dip.broken, dip.recovers) == (0.6, 1.0)
    assert "mild" not in dip.sentence()


def test_what_never_falls_below_has_no_breaking_point() -> None:
    assert found([0.9, 0.9, 0.8]).broken is None
    assert "every severity tried" in found([0.9, 0.9, 0.8]).sentence()


def test_what_does_no_better_than_chance_is_said() -> None:
    assert found([0.03, 0.7, 0.9]).guessing == (0.2,)
    assert "No better than chance at severity 0.2." in found([0.03, 0.7, 0.9]).sentence()
    assert "chance" not in found([0.6, 0.7, 0.9]).sentence()


def test_a_handful_of_cases_says_nothing() -> None:
    assert found([0.1, 0.1, 0.1], n=5).sentence().startswith("Too few cases")


def test_the_facts_are_json_without_not_a_number() -> None:
    facts = found([float("nan"), 0.7, 0.9]).facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["recall"][0]["value"] is None


class Fixed:
    """Scores events by a feature that the test knows."""

    def __init__(self, score) -> None:  # type: ignore[no-untyped-def]
        self.score = score


def measured(world, monkeypatch, score) -> BreakingPoint:  # type: ignore[no-untyped-def]  # noqa: F811
    monkeypatch.setattr(breaking_point, "_trained", lambda *_: Fixed(score))
    return find_breaking_point(
        world["split"],
        load("ato_drain"),
        severities=(0.2, 1.0),
        level=0.5,
        budget=0.2,
        seed=1,
    )


def test_a_blind_detector_does_as_chance_does(world, monkeypatch) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    rng = np.random.default_rng(0)
    blind = measured(world, monkeypatch, lambda features: rng.random(len(features)))
    assert blind.broken == SEVERITIES[0]
    assert blind.n_cases >= 30
    for recall, chance in zip(blind.recall, blind.chance, strict=True):
        assert recall.lower <= chance.upper
        assert chance.lower <= recall.upper


def test_a_trained_detector_finds_the_blatant_and_not_the_shams(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    real = find_breaking_point(
        world["split"], load("ato_drain"), severities=(0.2, 1.0), level=0.5, budget=0.05, seed=1
    )
    assert real.recall[-1].value > real.recall[0].value
    assert real.recall[-1].lower > real.chance[-1].upper
    assert real.recall[-1].lower > real.sham.upper


def test_a_detector_finds_more_of_the_shapes_that_it_learned_than_chance_does(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    found = find_breaking_point(
        world["split"], load("transplant_fraud"), severities=(1.0,), level=0.5, budget=0.05, seed=1
    )
    assert found.recall[0].value > found.chance[0].value


def test_the_same_customers_suffer_at_every_severity_inside_the_window(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    split = world["split"]
    base = split.validation.take(np.flatnonzero(~split.validation.entity_label()))
    seconds = base.seconds()
    window = (float(np.median(seconds)), float(seconds.max()))
    rehearsal = rehearse(base, load("ato_drain"), SEVERITIES, window, 1, 0, 12)
    who = [np.flatnonzero(run.touched) for run in rehearsal.runs]
    assert len(who[0]) == 12
    assert all(np.array_equal(who[0], other) for other in who)
    for run in [*rehearsal.runs, rehearsal.sham]:
        events = marked(run)
        times = events.seconds()[events.event_label()]
        assert ((times > window[0]) & (times <= window[1])).all()
        assert events.event_label().sum() == run.affected.sum()


def test_a_table_without_event_labels_has_no_breaking_point(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    split = world["split"]
    schema = split.generator.schema.model_copy(update={"label_level": "entity"})
    events = Events(schema, split.generator.frame, split.generator.offsets)
    with pytest.raises(NotApplicable, match="labels single events"):
        find_breaking_point(
            replace(split, generator=events),
            load("ato_drain"),
            severities=SEVERITIES,
            level=0.5,
            budget=0.05,
            seed=1,
        )
