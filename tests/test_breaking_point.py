"""A breaking point is found where it was planted, and nowhere where nothing breaks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from utility_world import world  # noqa: F401

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.rehearsals.breaking_point import BreakingPoint, find_breaking_point
from riskgen.evaluate.rehearsals.cases import Cases, Ground
from riskgen.evaluate.rehearsals.judge import Finding, Judge
from riskgen.evaluate.rehearsals.rating import Scored
from riskgen.evaluate.rehearsals.rehearsal import marked, rehearse
from riskgen.evaluate.rehearsals.taught import taught
from riskgen.evaluate.result import Estimate
from riskgen.simulate.catalogue import load
from riskgen.stages.rehearsal_plan import donors_of

SEVERITIES = (0.2, 0.6, 1.0)


def found(recalls: list[float], half: float = 0.05, n: int = 100) -> BreakingPoint:
    chance = Estimate(0.02, n=n)
    findings = tuple(
        Finding(
            Estimate(r, r - half, r + half, n=n),
            chance,
            Estimate(r - 0.02, r - half - 0.02, r + half - 0.02, n=n),
        )
        for r in recalls
    )
    return BreakingPoint(SEVERITIES, findings, Estimate(0.01), 0.5, 0.005)


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


@pytest.mark.parametrize(
    ("recalls", "where"),
    [
        ([0.9, 0.9, 0.8], "nowhere"),
        ([0.9, 0.48, 0.1], "at 0.6"),
        ([0.1, 0.7, 0.9], "until 0.6"),
        ([0.1, 0.7, 0.2], "save from 0.6 to 0.6"),
        ([0.1, 0.2, 0.3], "everywhere"),
        ([0.02, 0.02, 0.02], "chance only"),
    ],
)
def test_the_breaking_point_in_a_word(recalls: list[float], where: str) -> None:
    assert found(recalls).where == where
    assert found(recalls, n=29).where == "too few cases"


def test_what_does_no_better_than_chance_is_said() -> None:
    assert found([0.03, 0.7, 0.9]).guessing == (0.2,)
    assert "No better than chance at severity 0.2." in found([0.03, 0.7, 0.9]).sentence()
    assert "chance" not in found([0.6, 0.7, 0.9]).sentence()


def test_what_never_does_better_than_chance_has_no_breaking_point_to_speak_of() -> None:
    assert "finds no more than chance does" in found([0.03, 0.04, 0.03]).sentence()


def test_a_handful_of_cases_says_nothing() -> None:
    assert found([0.1, 0.1, 0.1], n=5).sentence().startswith("Too few cases")


def test_the_facts_are_json_without_not_a_number() -> None:
    facts = found([float("nan"), 0.7, 0.9]).facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["recall"][0]["value"] is None


class Blind:
    """Scores that know nothing."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def score(self, events: Events) -> np.ndarray:
        return self.rng.random(events.n_events)


class Oracle:
    """Knows every fraud: what a detector could be at best."""

    def score(self, events: Events) -> np.ndarray:
        return events.event_label().astype(np.float64)


def met(split, scorer, name="ato_drain", severities=(0.2, 1.0), budget=0.05) -> BreakingPoint:  # type: ignore[no-untyped-def]
    ground = Ground.of(split, budget=budget, seed=1)
    scenario = load(name)
    donors = donors_of(split, scenario)
    cases = Cases.of(ground, scenario, severities=severities, donors=donors)
    return find_breaking_point(cases, Judge(ground, Scored(scorer, ground.base)), level=0.5)


def test_a_blind_detector_does_as_chance_does(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    blind = met(world["split"], Blind(), budget=0.2)
    assert blind.n_cases >= 30
    assert blind.guessing == (0.2, 1.0)
    assert "no more than chance" in blind.sentence()


def test_who_knows_every_fraud_finds_every_case_at_once(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    best = met(world["split"], Oracle(), budget=0.2)
    assert [seen.value for seen in best.recall] == [1.0, 1.0]
    assert best.broken is None
    assert best.guessing == ()
    for seen in best.findings:
        assert seen.toll is not None
        assert (seen.toll.hours.value, seen.toll.events.value, seen.toll.lost.value) == (0, 0, 0)
        assert seen.toll.never.value == 0.0


def test_a_trained_detector_finds_the_blatant_and_not_the_shams(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    real = met(world["split"], taught(world["split"], seed=1))
    assert real.recall[-1].value > real.recall[0].value
    assert real.recall[-1].lower > real.findings[-1].chance.upper
    assert real.recall[-1].lower > real.sham.upper
    tolls = [seen.toll for seen in real.findings]
    assert all(0 <= toll.lost_share.lower <= toll.lost_share.value <= 1 for toll in tolls)
    assert tolls[-1].never.value == pytest.approx(1 - real.recall[-1].value)


def test_a_detector_finds_more_of_the_shapes_that_it_learned_than_chance_does(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    learned = taught(world["split"], seed=1)
    found = met(world["split"], learned, "transplant_fraud", (1.0,))
    assert found.findings[0].gain.value > 0


def test_nobody_suffers_twice(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    ground = Ground.of(world["split"], budget=0.05, seed=1)
    cases = Cases.of(ground, load("ato_drain"), severities=(0.5,))
    assert len(cases.rounds) > 1
    everybody = np.concatenate([r.entities for r in cases.rounds])
    assert len(np.unique(everybody)) == len(everybody)


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
        Ground.of(replace(split, generator=events), budget=0.05, seed=1)
