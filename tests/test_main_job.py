"""The main job by the commands of the README, small, on both kinds of table."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import tiny_table

from riskgen.data.market.sp500 import sp500_prices
from riskgen.data.toybank import simulate_bank

FIT = ["--steps", "6", "--origin", "simulated"]


def riskgen(folder: Path, *words: str, code: int = 0) -> str:
    """Run a command in ``folder`` as a user would; return what it said."""
    done = subprocess.run(
        [sys.executable, "-c", "from riskgen.cli import main; main()", *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout + done.stderr


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def whole_job(folder: Path, table: pl.DataFrame, stress: str) -> Path:
    folder.mkdir()
    table.write_parquet(folder / "table.parquet")
    riskgen(folder, "fit", "table.parquet", *FIT)
    riskgen(folder, "simulate", "--scenarios", "60")
    riskgen(folder, "simulate", "--scenarios", "60", "--stress", stress)
    riskgen(folder, "evaluate", "--quick")
    riskgen(folder, "report")
    return folder


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = simulate_bank(n_customers=300, days=90, seed=3, fraud_share=0.3)
    return whole_job(tmp_path_factory.mktemp("job") / "bank", table, "ato_drain")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_job(tmp_path_factory.mktemp("job") / "market", sp500_prices(), "gfc_2008")


def run_of(folder: Path) -> Path:
    (run,) = (folder / "runs").glob("0001-*")
    return run


def simulated(folder: Path, name: str = "base") -> pl.DataFrame:
    return pl.read_parquet(run_of(folder) / "simulations" / name / "*.parquet")


@pytest.mark.parametrize("kind", ["bank", "market"])
def test_four_commands_end_in_a_report(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    report = (folder / "reports" / f"{run_of(folder).name}.html").read_text()
    assert "Content-Security-Policy" in report
    assert "No differential-privacy guarantee is claimed" in report


def test_simulated_tables_have_the_columns_and_types_of_the_input(bank: Path) -> None:
    table, drawn = pl.read_parquet(bank / "table.parquet"), simulated(bank)
    assert drawn.columns[: table.width] == table.columns
    assert drawn.columns[table.width :] == [
        "scenario_id",
        "mechanism",
        "stress",
        "severity",
        "weight",
    ]
    assert [drawn.schema[name] for name in table.columns] == list(table.schema.values())
    assert drawn["scenario_id"].n_unique() == 60


def test_simulated_customers_are_new_ordered_and_exact_to_the_cent(bank: Path) -> None:
    table, drawn = pl.read_parquet(bank / "table.parquet"), simulated(bank)
    assert not set(drawn["customer_id"]) & set(table["customer_id"])
    assert drawn.group_by("customer_id").agg(pl.col("timestamp").is_sorted())["timestamp"].all()
    cents = (drawn["signed_amount"] * 100).round()
    assert (cents - drawn["signed_amount"] * 100).abs().max() < 1e-6
    balances = drawn.with_columns(
        gap=(pl.col("balance") - pl.col("balance").shift(1) - pl.col("signed_amount")).over(
            "customer_id"
        )
    )
    assert balances["gap"].abs().max() < 0.005


def test_severity_0_is_the_base_byte_for_byte(bank: Path) -> None:
    riskgen(bank, "simulate", "--scenarios", "60", "--out", "base.parquet")
    riskgen(
        bank,
        *("simulate", "--scenarios", "60", "--out", "calm.parquet"),
        *("--stress", "ato_drain", "--severity", "0"),
    )
    assert digest(bank / "base.parquet") == digest(bank / "calm.parquet")


def test_fewer_scenarios_are_the_beginning_of_more(bank: Path) -> None:
    riskgen(bank, "simulate", "--scenarios", "25", "--out", "few.parquet")
    few = pl.read_parquet(bank / "few.parquet")
    assert few.equals(simulated(bank).filter(pl.col("scenario_id") < 25))


def test_the_same_commands_give_the_same_bytes(bank: Path) -> None:
    riskgen(bank, "report")  # other tests have simulated into this run
    first = {
        path: digest(path)
        for path in [*run_of(bank).glob("simulations/base/*"), *(bank / "reports").glob("*.html")]
    }
    results = digest(run_of(bank) / "results.json")
    riskgen(bank, "fit", "table.parquet", *FIT, "--runs", "again")
    (again,) = (bank / "again").glob("0001-*")
    assert digest(again / "generator.safetensors") == digest(run_of(bank) / "generator.safetensors")
    riskgen(bank, "simulate", "--scenarios", "60")
    riskgen(bank, "evaluate", "--quick")
    riskgen(bank, "report")
    assert results == digest(run_of(bank) / "results.json")
    assert first == {path: digest(path) for path in first}


def test_a_simulated_bank_never_earns_a_green_utility_verdict(bank: Path) -> None:
    results = json.loads((run_of(bank) / "results.json").read_text())
    (utility,) = [v for v in results["verdicts"] if v["question"] == "utility"]
    assert utility["status"] != "PASS"
    assert "circular" in utility["sentence"]


def test_market_paths_go_on_from_the_last_real_prices(market: Path) -> None:
    table, drawn = pl.read_parquet(market / "table.parquet"), simulated(market)
    assert drawn.columns[:3] == ["date", "SP500", "NASDAQ"]
    assert drawn["date"].min() > table["date"].max()
    first = drawn.group_by("scenario_id", maintain_order=True).first()["SP500"]
    assert ((first / table["SP500"][-1]).log().abs() < 0.3).all()
    assert (drawn["SP500"] > 0).all()


def test_a_table_that_changed_since_the_fit_is_refused(tmp_path: Path) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    riskgen(tmp_path, "fit", "t.parquet", "--generator", "bootstrap")
    tiny_table(80, seed=1).write_parquet(tmp_path / "t.parquet")
    said = riskgen(tmp_path, "evaluate", code=2)
    assert "not the table" in said


def test_a_scenario_of_the_other_domain_is_refused(market: Path) -> None:
    said = riskgen(market, "simulate", "--stress", "ato_drain", code=2)
    assert "gfc_2008" in said


def test_an_existing_file_is_replaced_only_by_force(bank: Path) -> None:
    (bank / "there.parquet").write_bytes(b"mine")
    said = riskgen(bank, "simulate", "--scenarios", "3", "--out", "there.parquet", code=2)
    assert "--force" in said
    assert (bank / "there.parquet").read_bytes() == b"mine"


def test_every_command_of_the_readme_exists_and_has_help() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    named = set(re.findall(r"riskgen ([a-z][a-z-]*)\b", "\n".join(_code_lines(readme))))
    for command in sorted(named):
        riskgen(Path.cwd(), command, "--help")


def _code_lines(text: str) -> list[str]:
    ticked = re.findall(r"`(riskgen [^`]+)`", text)
    return [*(line for line in text.splitlines() if line.startswith("    riskgen")), *ticked]


def test_the_breaking_point_of_a_detector_is_told_and_kept(bank: Path) -> None:
    words = ("breaking-point", "--stress", "card_testing_burst", "--severity", "0.5..1:2")
    said = riskgen(bank, *words)
    assert re.search(r"severity +found +by chance +hours +lost", said)
    facts = json.loads((run_of(bank) / "breaking_points" / "card_testing_burst.json").read_text())
    assert facts["severity"] == [0.5, 1.0]
    assert facts["sentence"] in said
    riskgen(bank, "verify", str(run_of(bank)))
    assert "Give one above 0" in riskgen(bank, *words[:-1], "0", code=2)
