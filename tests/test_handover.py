"""Cases are handed out, scored elsewhere and handed back, by the command line."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import shutil
from pathlib import Path

import click
import polars as pl
import pytest
from in_process import riskgen
from small_bank import small_bank

from riskgen.cli.options import password_file_option, quiet_option, run_options, seed_option
from riskgen.cli.own_detector import meets_own_detector
from riskgen.data.toybank import simulate_bank
from riskgen.errors import RiskgenError

GRID = ("--severity", "0.5..1:2")
STRESS = ("--stress", "ato_drain", "--stress", "app_scam")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an export in ``cases`` and honest scores in ``scores.parquet``."""
    folder = tmp_path_factory.mktemp("handover")
    simulate_bank(700, days=90, seed=3, fraud_share=0.3).write_parquet(folder / "table.parquet")
    riskgen(folder, "fit", "table.parquet", "--generator", "injector", "--drop", "fraud_typology")
    said = riskgen(folder, "breaking-point", *STRESS, *GRID, "--export", "cases")
    assert "personal data" in said
    by_amount(folder).write_parquet(folder / "scores.parquet")
    return folder


def files(folder: Path) -> list[Path]:
    return sorted((folder / "cases").rglob("*.parquet"))


def by_amount(folder: Path) -> pl.DataFrame:
    parts = [pl.read_parquet(path) for path in files(folder)]
    return pl.concat(p.select("riskgen_id", score=-pl.col("signed_amount")) for p in parts)


def run_of(folder: Path) -> Path:
    return next((folder / "runs").iterdir())


def test_what_is_handed_out_has_the_banks_columns_and_no_label(bank: Path) -> None:
    table = pl.read_parquet(bank / "table.parquet")
    names = {path.relative_to(bank / "cases").as_posix() for path in files(bank)}
    assert {
        "real/test.parquet",
        "ato_drain/severity-0.5.parquet",
        "ato_drain/sham.parquet",
    } <= names
    for path in files(bank):
        part = pl.read_parquet(path)
        assert part.columns == ["riskgen_id", *(c for c in table.columns if c != "is_fraud")]
        assert all(part.schema[c] == table.schema[c] for c in part.columns[1:])
    everything = pl.concat(pl.read_parquet(path)["riskgen_id"] for path in files(bank))
    assert everything.n_unique() == len(everything)


def test_the_same_command_hands_out_the_same_bytes(bank: Path) -> None:
    riskgen(bank, "breaking-point", *STRESS, *GRID, "--export", "again")
    for path in [*files(bank), bank / "cases" / "manifest.json"]:
        other = bank / "again" / path.relative_to(bank / "cases")
        assert (
            hashlib.sha256(path.read_bytes()).digest()
            == hashlib.sha256(other.read_bytes()).digest()
        )
    shutil.rmtree(bank / "again")


def test_scores_alone_give_the_breaking_points_of_all_that_was_exported(bank: Path) -> None:
    said = riskgen(bank, "breaking-point", "--scores", "scores.parquet")
    assert "ato_drain" in said
    assert "app_scam" in said
    kept = sorted((run_of(bank) / "breaking_points").glob("*@scores-*.json"))
    assert [path.name.split("@")[0] for path in kept] == ["app_scam", "ato_drain"]
    facts = json.loads(kept[1].read_text())
    assert facts["severity"] == [0.5, 1.0]
    assert "given scores" in facts["detector"]
    table = json.loads((run_of(bank) / "breaking_points.json").read_text())["rows"]
    rows = [row for row in table if row["detector"] == facts["detector"]]
    assert [row["scenario"] for row in rows] == ["app_scam", "ato_drain"]
    assert rows[1]["breaks"] == facts["breaks"]
    assert rows[1]["severest"]["recall"] == facts["recall"][-1]
    assert rows[1]["severest"]["lost_share"] == facts["toll"][-1]["lost_share"]


def test_one_scenario_needs_the_scores_of_that_one_only(bank: Path) -> None:
    manifest = json.loads((bank / "cases" / "manifest.json").read_text())
    count = sum(f["ids"] for f in manifest["files"] if f["scenario"] != "app_scam")
    scores = pl.read_parquet(bank / "scores.parquet").sort("riskgen_id").with_row_index()
    kept = scores.filter(pl.col("index") < count).drop("index")
    kept.write_parquet(bank / "some.parquet")
    riskgen(bank, "breaking-point", "--scores", "some.parquet", "--stress", "ato_drain")
    said = riskgen(bank, "breaking-point", "--scores", "some.parquet", code=2)
    assert "scores are missing, first that of row 1 of 'app_scam/severity-0.5.parquet'" in said


def test_scores_of_another_export_or_another_table_are_refused(bank: Path) -> None:
    other = pl.read_parquet(bank / "scores.parquet").with_columns(
        riskgen_id="f00dfacecafe" + pl.col("riskgen_id").str.slice(12)
    )
    other.write_parquet(bank / "other.parquet")
    said = riskgen(bank, "breaking-point", "--scores", "other.parquet", code=2)
    assert "for export f00dfacecafe" in said
    assert "did not make" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts: facts["scenarios"].update(ato_drain=steeper(facts)), "no longer what was"),
        (lambda facts: facts["sheets"].pop(), "no longer what was"),
        (lambda facts: facts["sheets"][0].update(digest="0" * 64), "no longer what was"),
        (lambda facts: facts.pop("severities"), "is damaged. Export again"),
        (lambda facts: facts["sheets"][0].pop("rounds"), "is damaged. Export again"),
        (lambda facts: facts.update(schema="riskgen.cases/v0"), "another version of riskgen"),
    ],
)
def test_an_export_that_no_longer_follows_from_the_run_is_refused(bank: Path, change, said) -> None:  # type: ignore[no-untyped-def]
    path = next((run_of(bank) / "exports").glob("*.json"))
    kept = path.read_text()
    facts = json.loads(kept)
    change(facts)
    path.write_text(json.dumps(facts))
    few = pl.read_parquet(bank / "scores.parquet").sort("riskgen_id")
    n = sum(sum(s["rounds"]) for s in facts["sheets"] if "rounds" in s)
    few.head(n).write_parquet(bank / "few.parquet")
    try:
        assert said in riskgen(bank, "breaking-point", "--scores", "few.parquet", code=2)
    finally:
        path.write_text(kept)


def steeper(facts: dict[str, dict[str, str]]) -> str:
    return facts["scenarios"]["ato_drain"].replace("at1: 6.0", "at1: 9.0")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scores", "scores.parquet", "--budget", "0.01"), "--budget is that of the export"),
        (("--scores", "scores.parquet", "--seed", "1"), "--seed is that of the export"),
        (("--scores", "scores.parquet", "--stress", "bust_out"), "is not in export"),
        (("--scores", "scores.parquet", "--detector", "m.onnx"), "Give one"),
        (("--stress", "ato_drain", "--export", "cases"), "exists"),
        ((), "Which scenario?"),
        (("--stress", "all", "--stress", "ato_drain"), "Leave the others out"),
    ],
)
def test_contradictions_are_refused(bank: Path, words: tuple[str, ...], said: str) -> None:
    assert said in riskgen(bank, "breaking-point", *words, code=2)


def evaluated(folder: Path, *words: str, code: int = 0) -> str:
    """Call what ``riskgen evaluate`` becomes with a detector of one's own."""

    @click.command("evaluate")
    @click.option("--stress", multiple=True)
    @click.option("--quick", is_flag=True)
    @click.option("--data")
    @click.option("--context")
    @password_file_option
    @seed_option
    @run_options
    @quiet_option
    @meets_own_detector
    def command(**_: object) -> None:
        click.echo("the generator was evaluated")

    said, group = io.StringIO(), click.Group(commands={"evaluate": command})
    with contextlib.chdir(folder), contextlib.redirect_stdout(said):
        if code:
            with pytest.raises(RiskgenError) as told:
                group(["evaluate", *words], standalone_mode=False)
            return str(told.value)
        group(["evaluate", *words], standalone_mode=False)
    return said.getvalue()


def test_evaluate_meets_the_real_test_and_every_scenario_with_the_scores(bank: Path) -> None:
    said = evaluated(bank, "--scores", "scores.parquet")
    assert "On the real test (" in said
    assert "Too few to say more" in said
    assert "ato_drain" in said
    kept = next((run_of(bank) / "breaking_points").glob("real-test@scores-*.json"))
    facts = json.loads(kept.read_text())
    assert facts["kind"] == "real test"
    assert 0 <= facts["recall"]["lower"] <= facts["recall"]["value"] <= 1
    assert evaluated(bank) == "the generator was evaluated\n"


def test_evaluate_needs_the_scores_of_the_test(bank: Path) -> None:
    validation = pl.read_parquet(bank / "cases" / "real" / "validation.parquet")["riskgen_id"]
    every = pl.read_parquet(bank / "scores.parquet")
    some = every.filter(pl.col("riskgen_id").is_in(validation.implode()))
    some.write_parquet(bank / "validation.parquet")
    said = evaluated(bank, "--scores", "validation.parquet", code=2)
    assert "first that of row 1 of 'real/test.parquet'" in said


def test_a_label_of_customers_asks_for_one_score_a_customer(tmp_path: Path) -> None:
    events = small_bank(400, seed=4, fraud_share=0.3).frame
    label = pl.col("fraud").max().over("customer")
    events.with_columns(label).write_parquet(tmp_path / "table.parquet")
    riskgen(tmp_path, "fit", "table.parquet", "--generator", "injector")
    riskgen(tmp_path, "breaking-point", "--export", "cases")
    parts = [pl.read_parquet(path) for path in files(tmp_path)]
    assert all(p["riskgen_id"].n_unique() == p["customer"].n_unique() for p in parts)
    known = events.with_columns(score=label).group_by("customer").agg(pl.col("score").max())
    whole = pl.concat(p.select("riskgen_id", "customer").unique() for p in parts)
    scores = whole.join(known, on="customer").select("riskgen_id", "score")
    scores.write_parquet(tmp_path / "scores.parquet")
    said = evaluated(tmp_path, "--scores", "scores.parquet")
    found = float(re.search(r"it finds ([\d.]+)", said)[1])
    facts = json.loads(next((run_of(tmp_path) / "breaking_points").glob("real*")).read_text())
    at_most = min(1.0, facts["budget"] * facts["n_entities"] / facts["n_fraud"])
    assert found == pytest.approx(at_most, abs=0.05)  # an oracle, as far as alerts go
    assert facts["precision"]["value"] == 1.0
    assert "real histories alone" in riskgen(
        tmp_path, "breaking-point", "--scores", "scores.parquet", code=2
    )


def test_a_run_stays_whole_with_its_exports(bank: Path) -> None:
    riskgen(bank, "verify", str(run_of(bank)))
