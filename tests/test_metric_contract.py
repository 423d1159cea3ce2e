"""What every measure promises, and what an evaluation as a whole promises."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from small_bank import small_bank

from riskgen.data.split import split_events
from riskgen.evaluate.answers import fidelity_verdict, hasty, privacy_verdict
from riskgen.evaluate.controls import IIDRows, RealHoldout
from riskgen.evaluate.result import Estimate, MetricResult, Threshold
from riskgen.evaluate.suite import evaluate_events
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.verdict import Results


@pytest.fixture(scope="module")
def evaluated() -> Results:
    split = split_events(small_bank(700, seed=5, fraud_share=0.15))
    generator = IIDRows(split.generator)
    return evaluate_events(split, generator, [], seed=1, quick=True, simulated=True)


def test_results_survive_json(evaluated):
    text = json.dumps(evaluated.to_json(), allow_nan=False)
    again = Results.from_json(json.loads(text))
    assert again.to_json() == evaluated.to_json()


def test_every_metric_is_named_once_and_can_be_read_alone(evaluated):
    keys = [metric.metric for metric in evaluated.metrics]
    assert len(set(keys)) == len(keys)
    for metric in evaluated.metrics:
        assert metric.title
        assert metric.metric.startswith(metric.question)
        assert metric.method or metric.reason


def test_what_could_not_decide_says_why(evaluated):
    for metric in evaluated.metrics:
        if metric.status in ("INCONCLUSIVE", "NOT_RUN", "NOT_APPLICABLE"):
            assert metric.reason, metric.metric


def test_every_fidelity_number_has_an_interval(evaluated):
    for metric in evaluated.metrics:
        if metric.question == "fidelity" and metric.estimate is not None:
            assert metric.estimate.lower is not None, metric.metric
            assert metric.estimate.n is not None, metric.metric


def test_three_questions_are_answered(evaluated):
    assert [v.question for v in evaluated.verdicts] == ["fidelity", "utility", "privacy"]
    assert all(v.sentence for v in evaluated.verdicts)


def test_rows_without_customers_are_not_faithful_and_do_not_help(evaluated):
    answers = {v.question: v.answer for v in evaluated.verdicts}
    assert answers["fidelity"] == "NO"
    assert answers["utility"] != "HELPS"


def test_a_quick_evaluation_is_never_green(evaluated):
    assert all(v.status != "PASS" for v in evaluated.verdicts)


def test_no_customer_is_named_anywhere(evaluated):
    text = json.dumps(evaluated.to_json())
    assert not any(f"c{i:05d}" in text for i in range(700))


def test_the_same_seed_gives_the_same_bytes():
    split = split_events(small_bank(260, seed=6, fraud_share=0.0))
    sampler = RealHoldout(split.reference)
    first, again = (
        json.dumps(
            evaluate_events(split, sampler, [], seed=2, quick=True).to_json(), sort_keys=True
        )
        for _ in range(2)
    )
    assert first == again


# From measures to answers.


def metric(key: str, band: str | None, status: str, value: float = 0.5) -> MetricResult:
    estimate = Estimate(value, value - 0.1, value + 0.1, n=100)
    question = key.split(".")[0]
    return MetricResult(key, key, question, status, estimate, band=band, reason="because")


def fidelity(c2st: str, *others: str) -> list[MetricResult]:
    status = {"green": "PASS", "amber": "FAIL", "red": "FAIL"}
    first = metric("fidelity.c2st.all", c2st, status[c2st])
    rest = [metric(f"fidelity.{i}", band, status[band]) for i, band in enumerate(others)]
    return [first, *rest]


@pytest.mark.parametrize(
    ("found", "answer", "status"),
    [
        (fidelity("green", *["green"] * 20), "YES", "PASS"),
        (fidelity("green", *["green"] * 19, "amber"), "YES", "PASS"),
        (fidelity("green", *["green"] * 10, *["amber"] * 10), "LIMITED", "FAIL"),
        (fidelity("green", *["green"] * 20, "red"), "LIMITED", "FAIL"),
        (fidelity("amber", *["green"] * 20), "LIMITED", "FAIL"),
        (fidelity("red", *["green"] * 20), "NO", "FAIL"),
    ],
)
def test_fidelity_answers(found, answer, status):
    verdict = fidelity_verdict(found)
    assert (verdict.answer, verdict.status) == (answer, status)


def test_one_broken_rule_makes_fidelity_a_no():
    broken = [*fidelity("green", "green"), metric("fidelity.validity", "red", "FAIL")]
    assert fidelity_verdict(broken).answer == "NO"


def test_nothing_measured_is_no_evidence():
    nothing = MetricResult("fidelity.size", "size", "fidelity", "INCONCLUSIVE", reason="too few")
    verdict = fidelity_verdict([nothing])
    assert (verdict.answer, verdict.status) == ("NO EVIDENCE", "INCONCLUSIVE")


def test_privacy_is_no_only_when_every_attack_could_decide():
    good, open_ = metric("privacy.a", "green", "PASS"), metric("privacy.b", None, "INCONCLUSIVE")
    bad = metric("privacy.c", "red", "FAIL")
    assert privacy_verdict([good]).answer == "NO"
    assert privacy_verdict([good, open_]).answer == "NO EVIDENCE"
    assert privacy_verdict([good, open_, bad]).answer == "YES"
    assert privacy_verdict([]).answer == "NO EVIDENCE"


def test_privacy_never_says_anonymous():
    verdict = privacy_verdict([metric("privacy.a", "green", "PASS")])
    text = " ".join([verdict.sentence, *verdict.caveats]).lower()
    assert "no leakage was detected" in text
    assert "anonymous" not in text
    assert "differential-privacy" in text


def test_haste_takes_green_away_and_says_so():
    verdict = fidelity_verdict(fidelity("green", *["green"] * 20))
    assert hasty(verdict).status == "INCONCLUSIVE"
    assert "Quick" in hasty(verdict).caveats[0]


def test_shipped_thresholds_name_their_basis():
    for key in ("fidelity.ratio", "fidelity.icc", "fidelity.c2st", "utility.effect"):
        assert bands(key).basis in ("C", "R", "J")
        assert bands(key).source


def test_a_result_is_judged_by_its_threshold_and_interval():
    bounds = Threshold(0.65, 0.80, "J", "for a test")
    base = MetricResult("fidelity.x", "x", "fidelity", "NOT_RUN", threshold=bounds)
    judged = [
        replace(base, estimate=Estimate(v, v - 0.02, v + w)).judged()
        for v, w in ((0.6, 0.02), (0.7, 0.02), (0.9, 0.02), (0.6, 0.3))
    ]
    assert [m.band for m in judged] == ["green", "amber", "red", "amber"]
    assert [m.status for m in judged] == ["PASS", "FAIL", "FAIL", "INCONCLUSIVE"]
    assert np.isfinite(judged[0].threshold.green)
