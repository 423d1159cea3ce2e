"""What alerts are worth to those who work them: cards, money and time (PROTOCOL B2).

Of the arm in question and of the best real-only arm. Card precision is a guard-rail of
the verdict; the rest describes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.cards import card_precision, short_days
from riskgen.evaluate.detection.costs import (
    ALERT_COST,
    SWEEP,
    savings_at_budget,
    value_at_budget,
)
from riskgen.evaluate.detection.exam import Exam
from riskgen.evaluate.features.per_event import main_amount
from riskgen.evaluate.rehearsals.first_alerts import FirstAlerts
from riskgen.evaluate.rehearsals.toll import Aftermath, Toll
from riskgen.evaluate.result import Estimate, Goal, MetricResult, declined
from riskgen.evaluate.utility.evidence import Evidence, Measured, Metric, Standing

Floats = NDArray[np.float64]
DRAWS = 500  # of numbers that describe; the rule's own have all draws [J]
NO_AMOUNT = "The table has no column that says how much was moved."
NO_LOSS = "With one label for an entity the table does not say what is lost by it."
NOTHING = "No fraud of the tests is alerted, or none moves money: there is nothing to measure."
NO_EVENTS = "With one label for an entity there is no first fraudulent event to be late for."


def cards_of(evidence: Evidence, arm: Standing) -> Measured:
    """Return the card precision of an arm, run by run and resampled."""

    def number(board: Board, scores: Floats, weights: Floats | None) -> Floats:
        return card_precision(board, scores, evidence.plan.cards, weights)

    return evidence.resampling.measure(number, arm.scores)


def measure_worth(evidence: Evidence, alert_cost: float = ALERT_COST) -> list[MetricResult]:
    """Return card precision, savings, money detected and time to the first alert.

    Parameters
    ----------
    evidence : Evidence
        Of all runs.
    alert_cost : float
        Of one alert, in the table's unit.
    """
    arms = _arms(evidence)
    return [
        _cards(evidence, arms),
        *_money(evidence, arms, alert_cost),
        *_time(evidence, arms),
    ]


def _arms(evidence: Evidence) -> list[Standing]:
    """Return the best real-only arm and the arm in question, last."""
    claim = evidence.claim
    return [evidence.best] if claim is None else [evidence.best, claim]


def _cards(evidence: Evidence, arms: list[Standing]) -> MetricResult:
    k, n = evidence.plan.cards, evidence.exams.n_fraud
    found = {arm.name: cards_of(evidence, arm).estimate(n) for arm in arms}
    when = " each day" if evidence.plan.level == "event" else ""
    short = float(np.mean([short_days(exam.board, k) for exam in evidence.exams.each]))
    few = f" On {short:.0%} of days no more are active, and nothing is chosen." if short else ""
    return _told(
        f"utility.card_precision.{k}",
        f"Frauds among the {k} customer{'s' * (k != 1)} looked at{when}",
        found,
        reason=f"A guard-rail of the verdict.{few}",
        method="Mean over days of the share of frauds among the customers with the highest scores; "
        "one that was found is not looked at again (Fraud Detection Handbook, ch. 4). 100 a day, "
        "or 1 % of those active where that is fewer; bootstrap over customers and runs",
    )


def _money(evidence: Evidence, arms: list[Standing], cost: float) -> list[MetricResult]:
    titles = {
        "utility.savings": "Share of the cost of fraud and alerts that the alerts save",
        "utility.value": "Share of fraudulent money on alerted days",
    }
    why = NO_LOSS if evidence.plan.level == "entity" else NO_AMOUNT
    if evidence.plan.level == "entity" or main_amount(evidence.exams[0].events.schema) is None:
        return [declined(key, title, "utility", why) for key, title in titles.items()]
    all_draws = evidence.resampling
    few = replace(all_draws, weights=all_draws.weights[:DRAWS], runs=all_draws.runs[:DRAWS])
    n, budget = evidence.exams.n_fraud, evidence.plan.budget
    amounts = {id(exam.board): _amounts(exam) for exam in evidence.exams.each}

    def saved(times: float) -> Metric:
        return lambda board, s, w: savings_at_budget(
            board, s, amounts[id(board)], budget, times * cost, w
        )

    def held(board: Board, scores: Floats, weights: Floats | None) -> Floats:
        return value_at_budget(board, scores, amounts[id(board)], budget, weights)

    def over_runs(number: Metric) -> dict[str, Estimate]:
        return {arm.name: few.measure(number, arm.scores).estimate(n) for arm in arms}

    sweep = {
        f"{name}, an alert costs {times * cost:g}": estimate
        for times in SWEEP
        for name, estimate in over_runs(saved(times)).items()
    }
    at_cost = {name: sweep[f"{name}, an alert costs {cost:g}"] for name in (a.name for a in arms)}
    savings, value = titles.items()
    return [
        _told(
            *savings,
            at_cost,
            by=sweep,
            reason=f"An alert is taken to cost {cost:g} in the table's unit.",
            method="1 - cost / min(cost of no alert, cost of alerting all), where a fraud that is "
            "not alerted costs its amount (Bahnsen et al. 2016); 0 is as good as no detector",
        ),
        _told(
            *value,
            over_runs(held),
            reason="Described here; the verdict is on customers.",
            method="Fraudulent money of alerted customer-days over all of it",
        ),
    ]


def _amounts(exam: Exam) -> Floats:
    """Return the amount of each scored row."""
    channel = main_amount(exam.events.schema)
    assert channel is not None
    return exam.events.frame[channel.name].cast(float).to_numpy()[exam.board.scored]


def _time(evidence: Evidence, arms: list[Standing]) -> list[MetricResult]:
    titles = {
        "utility.lost": "Share of fraudulent money gone before the first alert",
        "utility.hours": "Hours from the first fraudulent event to the first alert",
    }
    why = NO_EVENTS if evidence.plan.level == "entity" else NO_AMOUNT
    if evidence.plan.level == "entity" or main_amount(evidence.exams[0].events.schema) is None:
        return [declined(key, title, "utility", why) for key, title in titles.items()]
    tolls = {arm.name: _toll(evidence, arm) for arm in arms}
    lost, hours = titles.items()
    method = (
        "First alert between the first and the last fraudulent day of a customer, with the daily "
        "budget; resampled customers and runs"
    )
    return [
        _told(
            *lost,
            {name: toll.lost_share for name, toll in tolls.items()},
            goal="lower",
            reason="All of it where no alert comes.",
            method=method,
        ),
        _told(
            *hours,
            {name: toll.hours for name, toll in tolls.items()},
            by={f"{name}: events before": toll.events for name, toll in tolls.items()},
            goal="lower",
            reason="Median of the customers found: an arm that finds more may be later.",
            method=method,
        ),
    ]


def _toll(evidence: Evidence, arm: Standing) -> Toll:
    parts = []
    for run, scores in enumerate(arm.scores):
        exam, drawn = evidence.exams[run], evidence.resampling.drawn(run, DRAWS)
        weights = np.concatenate([np.ones((1, drawn.shape[1])), drawn])
        first = FirstAlerts.of(exam.board, scores, evidence.plan.budget, weights)
        parts.append(Aftermath.of(exam.events, exam.board, first, weights))
    return Aftermath.together(parts).toll


def _told(
    key: str,
    title: str,
    found: dict[str, Estimate],
    *,
    reason: str,
    method: str,
    goal: Goal = "higher",
    by: dict[str, Estimate] | None = None,
) -> MetricResult:
    """Return numbers that describe: the arm in question beside the best real-only arm."""
    if not all(np.isfinite(estimate.value) for estimate in found.values()):
        return declined(key, title, "utility", NOTHING)
    best, *rest = found.values()
    return MetricResult(
        key,
        title,
        "utility",
        "INCONCLUSIVE",
        rest[-1] if rest else best,
        best,
        references=found,
        goal=goal,
        reason=reason,
        method=method,
        by=by or {},
    )
