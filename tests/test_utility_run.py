"""The full experiment on a run: registered first, interrupted, taken up, written whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from riskgen.data.toybank import simulate_bank
from riskgen.errors import NotApplicable, RunError
from riskgen.evaluate import suite
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.result import MetricResult, declined
from riskgen.evaluate.utility import experiment
from riskgen.evaluate.utility.experiment import RunFound, Utility
from riskgen.evaluate.utility.trial import Outcome, Trial
from riskgen.evaluate.verdict import Results, Verdict
from riskgen.runs import MANIFEST, file_hash, write_json
from riskgen.stages.evaluate import EvaluateRequest, evaluate_run
from riskgen.stages.fit import FitRequest, fit_run
from riskgen.stages.material import TableRequest
from riskgen.stages.utility import UtilityRequest, making, utility_of_run
from riskgen.stages.utility.answer import read_answer

KINDS = {"R0": "real", "S3": "synthetic", "P1": "placebo"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A fitted run with an answer on every question."""
    table = tmp_path / "bank.parquet"
    simulate_bank(400, days=60, seed=2, fraud_share=0.2).write_parquet(table)
    request = FitRequest(TableRequest(table), tmp_path / "runs", "bootstrap", seed=1)
    path = fit_run(request).path
    asked = declined("utility.recall", "found", "utility", "quick")
    other = declined("fidelity.x", "like", "fidelity", "quick")
    verdicts = [Verdict(q, "NO EVIDENCE", "", "INCONCLUSIVE") for q in ("fidelity", "utility")]
    facts = {"manifest_sha256": file_hash(path / MANIFEST), "seed": 5}
    write_json(path / "results.json", Results([other, asked], verdicts, facts).to_json())
    return path


@pytest.fixture(autouse=True)
def quick_runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[str], set[str]]]:
    """Runs whose detectors are drawn: what is tried here is how runs are kept."""
    entities: list[tuple[set[str], set[str]]] = []

    def fake(split, sampler, scenarios, plan, *, seed):
        entities.append((set(split.generator.entity_ids), set(split.test.entity_ids)))
        board = Board.of_partition(split.test, split.test_window)
        rng = np.random.default_rng(seed)
        outcomes = [
            Outcome(n, n, kind, "", "5:1", rng.normal(size=len(board.labels)) + board.labels)
            for n, kind in KINDS.items()
        ]
        check = MetricResult("utility.leak.x", "x", "utility", "PASS")
        gate = declined("utility.calibration", "gate", "utility", "none")
        return RunFound(Trial(outcomes, "S3", {"S1": "left"}, {"recipe": []}), [check], gate)

    monkeypatch.setattr(making, "run_once", fake)
    return entities


@pytest.fixture
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluation that asks of usefulness alone."""
    for name in ("measure_fidelity", "measure_privacy", "measure_white_box"):
        monkeypatch.setattr(suite, name, lambda *args, **named: [])


def ask(run: Path, **changed) -> Utility:
    request = replace(UtilityRequest(run=run, refits=3), **changed)
    return utility_of_run(request)


def told(utility: Utility | None) -> list:
    """Return an answer as it is written: not-a-number is null there."""
    assert utility is not None
    metrics = [metric.to_json() for metric in utility.metrics]
    return [utility.verdict, utility.facts, metrics]


def test_the_answer_takes_the_place_of_the_quick_one_and_nothing_else(run: Path) -> None:
    utility = ask(run)
    written = json.loads((run / "results.json").read_text())
    assert [v["question"] for v in written["verdicts"]] == ["fidelity", "utility"]
    assert written["verdicts"][1]["sentence"] == utility.verdict.sentence
    assert "3 fits" in utility.verdict.sentence
    assert written["metrics"][0]["metric"] == "fidelity.x"
    assert written["facts"]["utility"]["runs"] == 3
    assert written["facts"]["seed"] == 5


def test_every_run_learns_from_other_customers_and_is_asked_of_others(
    run: Path, quick_runs: list[tuple[set[str], set[str]]]
) -> None:
    utility = ask(run)
    tested = [asked for _, asked in quick_runs]
    assert all(not learned & asked for learned, asked in quick_runs)
    assert not tested[0] & tested[1] | tested[1] & tested[2] | tested[0] & tested[2]
    assert utility.facts["test entities"] == sum(map(len, tested))
    assert utility.facts["preregistration"]["plan"]["each run has other customers as its test"]
    assert quick_runs[0][0] != quick_runs[1][0] != quick_runs[2][0]


def test_what_was_interrupted_goes_on_and_ends_the_same(run: Path) -> None:
    def stop(done: int, n: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        utility_of_run(UtilityRequest(run=run, refits=3), on_run=stop)
    before = (run / "results.json").read_bytes()
    seen: list[int] = []
    utility_of_run(UtilityRequest(run=run, refits=3), on_run=lambda done, n: seen.append(done))
    assert seen == [2, 3]
    interrupted = (run / "results.json").read_bytes()
    assert interrupted != before
    assert not list(run.glob(".*"))
    ask(run)
    assert (run / "results.json").read_bytes() == interrupted


def test_the_plan_is_written_down_before_a_run_is_made(run: Path) -> None:
    there: list[bool] = []

    def look(plan, openings, estimate) -> None:
        known = json.loads((run / "test_openings.json").read_text())["openings"]
        there.append(known[-1]["sha256"] == plan.sha256)
        assert estimate.detectors_s > 0
        assert "1 refit of the generator, about as long" in str(estimate)

    utility_of_run(UtilityRequest(run=run, refits=1), on_plan=look)
    assert there == [True]


def test_another_plan_is_another_look_and_the_same_is_none(run: Path) -> None:
    first, again = ask(run), ask(run)
    assert first.facts["test openings"] == again.facts["test openings"] == 1
    other = ask(run, seed=9)
    assert other.facts["test openings"] == 2
    assert any("looked at 2 times" in caveat for caveat in other.verdict.caveats)


@pytest.mark.usefixtures("nothing_else")
def test_asked_before_any_evaluation_it_is_the_only_look_at_the_test(run: Path) -> None:
    (run / "results.json").unlink()
    utility = ask(run)
    assert not (run / "results.json").exists()
    assert told(read_answer(run)) == told(utility)
    results = evaluate_run(EvaluateRequest(run=run, quick=True))
    verdict = next(v for v in results.verdicts if v.question == "utility")
    assert verdict.sentence == utility.verdict.sentence
    assert results.facts["utility"]["test openings"] == 1
    assert len(json.loads((run / "test_openings.json").read_text())["openings"]) == 1


def test_an_answer_to_another_fit_is_nobodys(run: Path) -> None:
    ask(run)
    manifest = json.loads((run / MANIFEST).read_text())
    write_json(run / MANIFEST, manifest | {"seed": 77})
    assert read_answer(run) is None


def test_a_quick_look_does_not_take_the_place_of_the_full_experiment(run: Path) -> None:
    look = ask(run, refits=None, quick=True)
    assert look.facts["runs"] == 2
    assert any("Quick" in caveat for caveat in look.verdict.caveats)
    assert told(read_answer(run)) == told(look)
    full = ask(run)
    assert told(read_answer(run)) == told(full)
    again = ask(run, refits=None, quick=True)
    assert again.facts["test openings"] == 2
    assert told(read_answer(run)) == told(full)


def test_a_damaged_answer_is_refused_in_words(run: Path) -> None:
    ask(run)
    write_json(run / "utility.json", {"manifest_sha256": file_hash(run / MANIFEST)})
    with pytest.raises(RunError, match="is damaged"):
        read_answer(run)


@pytest.mark.usefixtures("nothing_else")
def test_an_evaluation_writes_its_plan_down_before_it_looks(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[str] = []

    def look(split, sampler, scenarios, plan, *, seed):
        known = json.loads((run / "test_openings.json").read_text())["openings"]
        there.extend(entry["sha256"] for entry in known)
        assert there == [plan.sha256]
        raise NotApplicable("seen enough")

    monkeypatch.setattr(experiment, "run_once", look)
    evaluate_run(EvaluateRequest(run=run, quick=True))
    assert len(there) == 1
