"""Simulations on real sequences: what is written, what it says of itself, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from conftest import tiny_schema, tiny_table
from in_process import riskgen
from test_main_job import digest, run_of

from riskgen.data.events import Events
from riskgen.data.split import split_events

REAL = ("simulate", "--base", "real", "--scenarios", "40")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("real")
    tiny_table(120).write_parquet(place / "t.parquet")
    riskgen(place, "fit", "t.parquet", "--generator", "bootstrap", "--schema", schema(place))
    return place


def schema(place: Path) -> str:
    (place / "schema.json").write_text(tiny_schema().model_dump_json())
    return "schema.json"


def test_real_sequences_come_from_the_generators_partition_only(folder: Path) -> None:
    riskgen(folder, *REAL, "--out", "real.parquet")
    out = pl.read_parquet(folder / "real.parquet")
    own = split_events(Events.build(tiny_table(120), tiny_schema())).generator
    assert out["scenario_id"].n_unique() == 40
    rows = ["when", "amount", "category", "country", "fraud"]
    assert out.select(rows).join(own.frame, on=rows, how="anti").is_empty()
    assert not set(out["customer"]) & set(own.frame["customer"])
    assert set(out["stress"]) == {"real base"}


def test_a_file_of_real_sequences_does_not_call_itself_synthetic(folder: Path) -> None:
    riskgen(folder, *REAL, "--out", "said.parquet", "--stress", "ato_drain")
    told = json.loads(pq.read_metadata(folder / "said.parquet").metadata[b"riskgen"])
    assert told["synthetic"] is False
    assert told["base"] == "real"
    assert "never" in told["release"]
    facts = run_of(folder) / "simulations" / "ato_drain-to-said.parquet" / "simulation.json"
    assert json.loads(facts.read_text())["base"] == "real"
    assert [p.name for p in facts.parent.iterdir()] == ["simulation.json"]


def test_the_same_command_gives_the_same_bytes_and_severity_0_is_the_base(folder: Path) -> None:
    riskgen(folder, *REAL, "--out", "one.parquet")
    riskgen(folder, *REAL, "--out", "two.parquet")
    calm = ("--stress", "ato_drain", "--severity", "0")
    riskgen(folder, *REAL, *calm, "--out", "calm.parquet")
    assert len({digest(folder / f"{n}.parquet") for n in ("one", "two", "calm")}) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "keeps no copy of the table"),
        (("--scenarios", "4000", "--out", "x.parquet"), "none is drawn twice"),
        (("--data", "gone.parquet", "--out", "x.parquet"), "Name it with --data"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_no_file(
    folder: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in " ".join(riskgen(folder, *REAL, *words, code=2).split())
    assert not (folder / "x.parquet").exists()
