"""``riskgen response`` answers for every scenario, keeps it in the run, and the report tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_process import riskgen

from riskgen.data.toybank import simulate_bank
from riskgen.evaluate.response.plan import shipped_text
from riskgen.evaluate.verdict import Results
from riskgen.report.blocks import Chip, Facts, Gallery, Group, Prose, Table
from riskgen.report.document import build_document
from riskgen.report.html import render

STRESS = ("--stress", "card_testing_burst", "--stress", "structuring_cash")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("respond")
    simulate_bank(700, days=200, seed=3).write_parquet(folder / "bank.parquet")
    words = ("--generator", "bootstrap", "--drop", "fraud_typology", "--origin", "simulated", "-q")
    riskgen(folder, "fit", "bank.parquet", *words)
    riskgen(folder, "response", *STRESS, "--budget", "300", "-q")
    return folder


@pytest.fixture(scope="module")
def told(folder: Path) -> dict:
    return json.loads((run_of(folder) / "responses.json").read_text())


def run_of(folder: Path) -> Path:
    return next((folder / "runs").glob("0001-*"))


def test_every_scenario_is_answered_and_kept_in_the_run(folder: Path, told: dict) -> None:
    assert [item["scenario"] for item in told["scenarios"]] == [STRESS[1], STRESS[3]]
    assert told["budget"] == 300
    assert told["stated"]["budget"]["value"] == 50
    for item in told["scenarios"]:
        assert item["answer"] in ("RECOMMENDED", "NOT SURE", "NONE HELPS", "TOO FEW CASES")
        assert item["warnings"][-1]["indicator"] == "chance"
    riskgen(folder, "verify", str(run_of(folder)))


def test_the_screen_says_what_the_file_says(folder: Path, told: dict) -> None:
    before = (run_of(folder) / "responses.json").read_bytes()
    said = riskgen(folder, "response", *STRESS, "--budget", "300", "-q")
    assert (run_of(folder) / "responses.json").read_bytes() == before
    for item in told["scenarios"]:
        assert item["sentence"] in said


def test_the_shipped_file_can_be_printed_changed_and_used(folder: Path) -> None:
    assert riskgen(folder, "response", "--show") == shipped_text()
    mine = shipped_text().replace("review_h", "reviw_h")
    (folder / "mine.yaml").write_text(mine)
    said = riskgen(folder, "response", *STRESS, "--responses", "mine.yaml", "-q", code=2)
    assert "Did you mean 'review_h'" in said


def test_a_scenario_of_another_domain_is_refused(folder: Path) -> None:
    said = riskgen(folder, "response", "--stress", "gfc_2008", "-q", code=2)
    assert "not for a run of transactions" in said


def test_the_report_tells_answers_curves_and_who_says_so(told: dict) -> None:
    empty = Results([], [], {}).to_json()
    part = next(
        part
        for part in build_document(empty, {}, responses=told).sections
        if part.id == "responses"
    )
    assert "dial" in next(b.text for b in part.blocks if isinstance(b, Prose))
    table = next(b for b in part.blocks if isinstance(b, Table))
    chips = [cell for row in table.rows for cell in row if isinstance(cell, Chip)]
    assert [chip.word.upper() for chip in chips] == [i["answer"] for i in told["scenarios"]]
    gallery = next(b for b in part.blocks if isinstance(b, Gallery))
    assert all(chart.form == "lines" for chart in gallery.charts)
    assert {"efficient set", "budget"} <= {item.name for item in gallery.charts[0].series}
    groups = [b for b in part.blocks if isinstance(b, Group)]
    assert len(groups) == len(told["scenarios"])
    stated = [b for b in part.blocks if isinstance(b, Facts)][-1]
    assert (
        "review h",
        "24 (judgement, an account stays frozen until the next day)",
    ) in stated.items
    assert "What to do about it" in render(build_document(empty, {}, responses=told))


def test_without_responses_there_is_no_section() -> None:
    empty = build_document(Results([], [], {}).to_json(), {})
    assert "responses" not in [part.id for part in empty.sections]
