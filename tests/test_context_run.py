"""A context table and SDV metadata from the command line to the simulated file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from conftest import tiny_table

import riskgen.cli
from riskgen.data.sdv.metadata import read_metadata
from riskgen.errors import RiskgenError

N = 60
METADATA = {
    "columns": {
        "customer": {"sdtype": "id"},
        "when": {"sdtype": "datetime"},
        "amount": {"sdtype": "numerical"},
        "category": {"sdtype": "categorical"},
        "country": {"sdtype": "country_code", "pii": True},
        "fraud": {"sdtype": "boolean"},
    },
    **{"sequence_key": "customer", "sequence_index": "when"},
    "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1",
}


def run(*words: object) -> str:
    done = CliRunner().invoke(
        riskgen.cli.group, [str(word) for word in words], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def refused(*words: object) -> str:
    with pytest.raises(RiskgenError) as error:
        run(*words)
    return str(error.value)


def bank() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    table = tiny_table(N)
    return table.with_columns(country=pl.Series(rng.choice(["DE", "FR", "IT"], table.height)))


def customers() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "cust_ref": [f"c{i:04d}" for i in range(N)],
            "segment": ["young", "old"] * (N // 2),
            "income": (rng.lognormal(7, 0.4, N)).round(2),
            "email": [f"person.{i}@bank.example" for i in range(N)],
            "country": rng.choice(["DE", "AT"], N),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("context")
    bank().write_parquet(place / "events.parquet")
    customers().write_csv(place / "customers.csv")
    (place / "metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    asked = ["--context", place / "customers.csv", "--steps", 3, "--runs", place / "runs"]
    run("fit", place / "events.parquet", *asked)
    out = place / "simulated.parquet"
    run("simulate", "--scenarios", 40, "--runs", place / "runs", "--out", out)
    return place


def manifest(folder: Path) -> dict[str, object]:
    (path,) = (folder / "runs").glob("*/manifest.json")
    return json.loads(path.read_text())


def test_the_columns_of_the_context_come_out_constant_within_each_customer(folder: Path) -> None:
    table = pl.read_parquet(folder / "simulated.parquet")
    assert [n for n in table.columns if n in ("segment", "income", "country_context")] == [
        *("segment", "income", "country_context"),
    ]
    owned = table.group_by("customer").agg(
        pl.col("segment", "income", "country_context").n_unique(), n=pl.len()
    )
    assert owned.height == 40
    assert owned["n"].max() > 1
    for name in ("segment", "income", "country_context"):
        assert owned[name].max() == 1
    assert set(table["segment"].unique()) <= {"young", "old"}
    assert table["income"].n_unique() > 5


def test_the_context_is_learned_as_context_and_its_personal_columns_are_not(folder: Path) -> None:
    (path,) = (folder / "runs").glob("*/encoder.json")
    assert "segment" in path.read_text()
    table = pl.read_parquet(folder / "simulated.parquet")
    assert table["email"].null_count() == table.height
    for file in path.parent.rglob("*"):
        assert not file.is_file() or b"bank.example" not in file.read_bytes()


def test_the_run_keeps_both_places_and_one_digest(folder: Path) -> None:
    data = manifest(folder)["data"]
    assert isinstance(data, dict)
    assert data["source"] == str((folder / "events.parquet").resolve())
    assert data["context"]["source"] == str((folder / "customers.csv").resolve())
    notes = manifest(folder)["notes"]
    assert any("'customer' = 'cust_ref' (the same values)" in str(note) for note in notes)


def test_a_context_that_changed_or_went_is_refused_and_a_moved_one_is_found(folder: Path) -> None:
    moved = folder / "elsewhere.csv"
    place = folder / "customers.csv"
    place.rename(moved)
    words = ["evaluate", "--quick", "--runs", folder / "runs"]
    try:
        assert "Name it with --context" in refused(*words)
        text = moved.read_text().replace("young", "youth")
        place.write_text(text, encoding="utf-8")
        assert "is not the table that this run learned" in refused(*words)
    finally:
        place.unlink(missing_ok=True)
        moved.rename(place)


def test_metadata_lead_the_proposal_and_are_given_back(folder: Path) -> None:
    asked = ["--metadata", folder / "metadata.json", "--to-sdv", folder / "back.json"]
    said = run("inspect", folder / "events.parquet", "--json", *asked)
    assert "SDV metadata says so" in said
    given, back = read_metadata(folder / "metadata.json"), read_metadata(folder / "back.json")
    assert back.columns == given.columns
    assert (back.sequence_key, back.sequence_index) == ("customer", "when")
    out = ["--out", folder / "schema.yaml", "--context", folder / "customers.csv"]
    run("inspect", folder / "events.parquet", *asked[:2], *out)
    assert "role: context" in (folder / "schema.yaml").read_text()


def test_options_that_contradict_each_other_are_refused(folder: Path) -> None:
    table, metadata = folder / "events.parquet", folder / "metadata.json"
    (folder / "empty.yaml").touch()
    both = refused("fit", table, "--metadata", metadata, "--schema", folder / "empty.yaml")
    assert "Give one" in both
    assert "--context" in refused("inspect", table, "--context-key", "cust_ref")
    metadata_of_nothing = folder / "wrong.json"
    metadata_of_nothing.write_text("{}", encoding="utf-8")
    assert "describes no table" in refused("inspect", table, "--metadata", metadata_of_nothing)
