"""Scarcity asked of a run: registered first, interrupted, taken up, told in the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from riskgen.data.toybank import simulate_bank
from riskgen.errors import RiskgenError, SchemaError
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.scarcity import typologies
from riskgen.evaluate.utility.trial import Outcome, Trial
from riskgen.evaluate.verdict import Results
from riskgen.report.blocks import Gallery, Table
from riskgen.report.document import build_document
from riskgen.stages.fit import FitRequest, fit_run
from riskgen.stages.material import TableRequest
from riskgen.stages.scarcity import ScarcityRequest, asking, cells, scarcity_of_run

KINDS = {"R0": "real", "S3": "synthetic", "INF": "synthetic", "P2": "rival"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scarcity")
    simulate_bank(400, days=60, seed=2, fraud_share=0.4).write_parquet(folder / "bank.parquet")
    table = TableRequest(folder / "bank.parquet", drop=("fraud_typology",))
    return fit_run(FitRequest(table, folder / "runs", "bootstrap", seed=1)).path


@pytest.fixture(autouse=True)
def quick_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Detectors are drawn: what is tried here is how answers are kept."""

    def fake(split, *_, draw, **__):
        board = Board.of_partition(split.test, split.test_window)
        noise = np.random.default_rng(draw).normal(size=len(board.labels))
        outcomes = [Outcome(n, n, kind, "", "", noise + board.labels) for n, kind in KINDS.items()]
        return Trial(outcomes, "S3", {}, {})

    for name in ("curve_trial", "unseen_trial", "emerging_trial"):
        monkeypatch.setattr(cells, name, fake)
    monkeypatch.setattr(typologies, "LEAST_TESTED", 1)
    monkeypatch.setattr(asking, "diagnostics", lambda *_, **__: {"auc": {}, "reading": "none"})


def ask(run: Path, question: str, **more) -> dict:
    column = {} if question == "curve" else {"typology": "fraud_typology"}
    return scarcity_of_run(ScarcityRequest(question, run, draws=3, **column, **more))


def test_a_curve_interrupted_goes_on_and_ends_the_same(run: Path) -> None:
    def stop(done: int, n: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    request = ScarcityRequest("curve", run, draws=3, sizes=(5, 20))
    with pytest.raises(KeyboardInterrupt):
        scarcity_of_run(request, on_run=stop)
    seen: list[int] = []
    first = scarcity_of_run(request, on_run=lambda done, n: seen.append(done))
    assert seen == [2, 3, 4, 5, 6]
    assert ask(run, "curve", sizes=(5, 20)) == first
    assert not list(run.glob(".*"))


def test_each_question_keeps_the_others_and_the_report_tells_all(run: Path) -> None:
    ask(run, "curve", sizes=(5, 20))
    for question in ("unseen", "emerging"):
        ask(run, question, scenario_for=(("app_scam", "app_scam"),))
    told = json.loads((run / "scarcity.json").read_text())
    assert set(told) == {"manifest_sha256", "curve", "unseen", "emerging"}
    built = build_document(Results([], [], {}).to_json(), {}, scarcity=told)
    part = next(part for part in built.sections if part.id == "scarcity")
    assert any(isinstance(block, Gallery) for block in part.blocks)
    captions = [block.caption for block in part.blocks if isinstance(block, Table)]
    assert {"Equivalent real frauds", "One typology left out", "An emerging typology"} <= set(
        captions
    )


def test_a_column_that_names_the_fraud_must_be_left_out_of_the_fit(run: Path) -> None:
    with pytest.raises(SchemaError, match="Fit again with --drop direction"):
        scarcity_of_run(ScarcityRequest("unseen", run, typology="direction"))
    with pytest.raises(SchemaError, match="no column 'nothing'"):
        scarcity_of_run(ScarcityRequest("unseen", run, typology="nothing"))
    with pytest.raises(RiskgenError, match="--typology"):
        scarcity_of_run(ScarcityRequest("unseen", run))
