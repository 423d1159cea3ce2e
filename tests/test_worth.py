"""Cards, money and time of the arm in question, beside the best arm without simulated data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_bank import small_bank
from utility_world import ALWAYS, relabelled

from riskgen.data.events import Events
from riskgen.evaluate.detection.cards import cards_a_day
from riskgen.evaluate.detection.exam import Exam, Exams
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.utility.evidence import Evidence, gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.ruling import utility_verdict
from riskgen.evaluate.utility.trial import Outcome, Trial
from riskgen.evaluate.utility.worth import cards_of, measure_worth

KINDS = {"R0": "real", "S3": "synthetic"}


@pytest.fixture(scope="module")
def people() -> Events:
    return small_bank(600, seed=5, fraud_share=0.2)


def evidence_of(events: Events, skill: dict[str, float], cards: int = 3) -> Evidence:
    """Return three runs on thirds of the customers; scores know labels as ``skill`` says."""
    order = np.random.default_rng(4).permutation(events.n_entities)
    thirds = [events.take(np.sort(order[i::3])) for i in range(3)]
    exams = Exams(tuple(Exam(third, ALWAYS) for third in thirds))
    trials = []
    for run, exam in enumerate(exams.each):
        known = exam.board.labels.astype(float)
        noise = np.random.default_rng(run).normal(size=len(known))
        outcomes = [
            Outcome(n, n, KINDS[n], "", "as is", noise + s * known) for n, s in skill.items()
        ]
        trials.append(Trial(outcomes, "S3", {}, {}))
    level = events.schema.label_level
    plan = Plan(level, 0.05, (5,), (), 200, 1, 5, True, cards, (), False, 600, 120, {})
    return gather(exams, plan, trials)


def told(metrics: list[MetricResult]) -> dict[str, MetricResult]:
    return {metric.metric.split(".")[1]: metric for metric in metrics}


@pytest.fixture(scope="module")
def better(people: Events) -> dict[str, MetricResult]:
    """A detector that knows, beside one that guesses."""
    return told(measure_worth(evidence_of(people, {"R0": 0.0, "S3": 9.0}), alert_cost=1.0))


def test_who_knows_the_frauds_is_worth_more_in_every_number(better) -> None:
    for name in ("card_precision", "savings", "value"):
        assert better[name].estimate.value > better[name].floor.value, name
    assert better["lost"].estimate.value < better["lost"].floor.value


def test_what_is_lost_before_the_alert_and_what_is_held_by_it_are_shares(better) -> None:
    for name in ("card_precision", "value", "lost"):
        assert 0 <= better[name].estimate.value <= 1, name
        assert better[name].estimate.lower <= better[name].estimate.value, name
    assert better["hours"].estimate.value >= 0


def test_savings_are_told_for_half_and_twice_the_cost_of_an_alert(people: Events) -> None:
    """So dear that alerting nobody is the cheaper habit: then dearer alerts save less."""
    evidence = evidence_of(people, {"R0": 0.0, "S3": 9.0})
    by = told(measure_worth(evidence, alert_cost=80.0))["savings"].by
    saved = [by[f"S3 S3, an alert costs {cost}"].value for cost in ("40", "80", "160")]
    assert len(by) == 6
    assert saved == sorted(saved, reverse=True)


def test_equal_arms_are_worth_the_same(people: Events) -> None:
    for metric in measure_worth(evidence_of(people, {"R0": 3.0, "S3": 3.0})):
        assert metric.estimate == metric.floor, metric.metric


def test_one_label_for_an_entity_leaves_cards_and_declines_the_rest_with_reasons(
    people: Events,
) -> None:
    per_entity = relabelled(people, people.entity_label()[people.owner], "entity")
    found = told(measure_worth(evidence_of(per_entity, {"R0": 1.0, "S3": 3.0})))
    assert found["card_precision"].estimate.value > 0
    for name in ("savings", "value", "lost", "hours"):
        assert found[name].status == "NOT_APPLICABLE"
        assert "one label for an entity" in found[name].reason


def test_a_hundred_are_looked_at_a_day_and_fewer_where_fewer_are_active(people: Events) -> None:
    board = Exam(people, ALWAYS).board
    assert cards_a_day([board]) == 1, "some hundred are active on a day"
    crowd = replace(board, start=np.arange(20_000), day=np.zeros(20_000, dtype=np.int64))
    assert cards_a_day([crowd]) == 100


def test_fewer_frauds_among_the_cards_is_no_help_however_many_are_found(people: Events) -> None:
    """More frauds found within the budget, and honest customers at the very top."""
    evidence = evidence_of(people, {"R0": 2.5, "S3": 6.0})
    honest = utility_verdict(evidence, checks_pass=True, simulated=False)
    arm = evidence.standings["S3"]
    spoilt = []
    for exam, scores in zip(evidence.exams.each, arm.scores, strict=True):
        decoy = np.zeros(len(scores), dtype=bool)
        for day in np.unique(exam.board.day):
            cases = np.flatnonzero((exam.board.day == day) & ~exam.board.counts)
            decoy[exam.board.start[cases[:3]]] = True
        spoilt.append(np.where(decoy & ~exam.board.labels, 99.0, scores))
    worse = replace(evidence, standings={**evidence.standings, "S3": replace(arm, scores=spoilt)})
    change = cards_of(worse, worse.standings["S3"]).minus(cards_of(worse, worse.best))
    assert change.estimate(1).upper < 0
    verdict = utility_verdict(worse, checks_pass=True, simulated=False)
    assert honest.answer != "HURTS"
    assert verdict.answer == "HURTS"
    assert "card precision that fell" in verdict.sentence
