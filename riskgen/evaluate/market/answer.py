"""From the measures of a market to one answer: are tails and dynamics right.

Says no more than the measures do. Facts of returns, tail figures and one-day
forecasts are told apart: a generator may have the first and lack the last.
"""

from __future__ import annotations

from collections.abc import Sequence

from riskgen.evaluate.answers import NAMED
from riskgen.evaluate.market.forecasts.results import (
    FORECAST,
    LIGHT,
    RIVAL_BETTER,
    RIVAL_EQUAL,
    SCORE,
)
from riskgen.evaluate.market.ranking import RANKING
from riskgen.evaluate.result import MetricResult, Status
from riskgen.evaluate.verdict import Answer, Verdict

_ONE_FIT = (
    "One fit of the generator: how much a new training run would change is not in the numbers."
)


def market_verdict(metrics: Sequence[MetricResult]) -> Verdict:
    """Answer whether simulated markets have the tails and dynamics of history.

    YES: no fact fails and more than half pass, no forecast is rejected, and historical
    simulation wins nothing. LIMITED: most facts pass. NO: otherwise.
    """
    tests = [m for m in metrics if m.metric.startswith(FORECAST) and m.status != "NOT_APPLICABLE"]
    ranked = [m for m in metrics if m.metric.startswith(RANKING)]
    facts = [m for m in metrics if m not in ranked and not m.metric.startswith(FORECAST)]
    judged = [m for m in facts if m.status in ("PASS", "FAIL", "INCONCLUSIVE")]
    passed = [m for m in judged if m.status == "PASS"]
    failed = sorted((m for m in judged if m.status == "FAIL"), key=lambda m: m.band != "red")
    if not passed and not failed:
        reason = next((m.reason for m in metrics if m.reason), "Nothing could be measured.")
        return Verdict("market", "NO EVIDENCE", reason, "INCONCLUSIVE", _unsettled(facts))
    answer, status = _answer(len(passed), len(judged), len(failed))
    if answer == "YES" and any(m.status == "FAIL" for m in [*tests, *ranked]):
        answer, status = "LIMITED", "FAIL"
    text = f"{len(passed)} of {len(judged)} facts of market returns are as in history"
    sentence = " ".join([f"{text}{_named(failed)}.", *_ranked(ranked), *_forecast(tests)])
    caveats = [_ONE_FIT, *_no_forecast(metrics), *_unsettled([*facts, *ranked])]
    return Verdict("market", answer, sentence, status, caveats)


def unasked_of_markets() -> list[Verdict]:
    """Return why prices are asked neither for a detector's gain nor for a customer's leak."""
    helps = "A price table has no label that a detector could learn; nothing was measured."
    leaks = "Prices belong to no customer; no privacy attack applies and none was run."
    return [
        Verdict("utility", "NOT APPLICABLE", helps, "NOT_APPLICABLE"),
        Verdict("privacy", "NOT APPLICABLE", leaks, "NOT_APPLICABLE"),
    ]


def _answer(passed: int, judged: int, failed: int) -> tuple[Answer, Status]:
    if failed == 0 and passed > judged / 2:
        return "YES", "PASS"
    if failed == 0:
        return "NO EVIDENCE", "INCONCLUSIVE"
    return ("LIMITED", "FAIL") if passed > judged / 2 else ("NO", "FAIL")


def _named(failed: Sequence[MetricResult]) -> str:
    if not failed:
        return ""
    more = f" and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
    return f"; not: {'; '.join(m.title for m in failed[:NAMED])}{more}"


def _ranked(ranked: Sequence[MetricResult]) -> list[str]:
    """Say who wins on tail figures of all days; nothing where nobody does."""
    return _winner(ranked, "tail figures of all days")


def _forecast(tests: Sequence[MetricResult]) -> list[str]:
    """Say how the one-day forecasts did, and plainly where historical simulation wins."""
    scores = [m for m in tests if m.metric.startswith(SCORE)]
    others = [m for m in tests if m not in scores and m.metric != LIGHT]
    if not others:
        return []
    failed = [m for m in others if m.status == "FAIL"]
    undecided = sum(m.status == "INCONCLUSIVE" for m in others)
    text = f"One-day VaR and ES: {len(failed)} of {len(others)} backtests reject"
    if undecided:
        text += f", {undecided} cannot decide"
    zones = [m.reason.split(".")[0] for m in tests if m.metric == LIGHT and m.estimate]
    lights = [f"Basel's traffic light: {zone.lower()}." for zone in zones]
    return [f"{text}.", *lights, *_winner(scores, "one-day forecasts")]


def _winner(scores: Sequence[MetricResult], what: str) -> list[str]:
    lost = [m for m in scores if m.status == "FAIL"]
    won = [m for m in scores if m.status == "PASS"]
    if lost:
        return [f"Historical simulation wins on {what} at {len(lost)} of {len(scores)} levels."]
    if won:
        beaten = f"Better than historical simulation on {what} at {len(won)} of {len(scores)}"
        return [f"{beaten} levels{_but(won)}."]
    return []


def _but(won: Sequence[MetricResult]) -> str:
    """Say what the win over historical simulation is worth: the best rival is cheap too."""
    if any(RIVAL_BETTER in m.reason for m in won):
        return ", but a cheap rival is better still"
    if any(RIVAL_EQUAL in m.reason for m in won):
        return ", but not told from the best cheap rival"
    return ""


def _no_forecast(metrics: Sequence[MetricResult]) -> list[str]:
    asked = [m for m in metrics if m.metric == FORECAST and m.reason]
    return [f"No one-day forecast was judged: {m.reason}" for m in asked]


def _unsettled(metrics: Sequence[MetricResult]) -> list[str]:
    open_ = [m for m in metrics if m.status in ("INCONCLUSIVE", "NOT_RUN") and m.reason]
    return [f"{m.title}: {m.reason}" for m in open_]
