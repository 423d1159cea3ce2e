"""Simulated tables on disk: the user's columns, provenance, the same bytes twice."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from conftest import tiny_schema
from test_engine import path_simulator, simulator

from riskgen.data.market.paths import PathStart
from riskgen.data.schema import Channel, Schema
from riskgen.errors import RiskgenError
from riskgen.simulate import catalogue, stream
from riskgen.simulate.stream import (
    PROVENANCE,
    Provenance,
    join_parts,
    write_events,
    write_paths,
)
from riskgen.simulate.stress import Stress

BASE = Provenance(run="0001-tiny", seed=1)
STRESSED = Provenance(
    "0001-tiny", 1, stress="card_testing_burst", mechanism="transform", severity=1
)


def written(
    target: Path, n: int = 40, stress: bool = False, chunks: range | None = None
) -> dict[str, object]:
    scenario = catalogue.load("card_testing_burst") if stress else None
    parts = simulator().parts(n, seed=1, scenario=scenario, severity=1.0, chunks=chunks)
    return write_events(parts, target, tiny_schema(), STRESSED if stress else BASE)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_has_the_users_columns_and_types_and_then_provenance(tmp_path: Path) -> None:
    facts = written(tmp_path / "out.parquet")
    table = pl.read_parquet(tmp_path / "out.parquet")
    names = [channel.name for channel in tiny_schema().channels]
    assert table.columns == [*names, *PROVENANCE]
    assert table["fraud"].dtype == pl.Int8
    assert table["when"].dtype == pl.Datetime("us")
    assert table["scenario_id"].unique().sort().to_list() == list(range(40))
    assert table["scenario_id"].n_unique() == table["customer"].n_unique()
    assert table.select("mechanism", "stress", "severity", "weight").unique().rows() == [
        ("none", "base", 0.0, 1.0)
    ]
    assert facts["n_scenarios"] == 40
    assert facts["n_rows"] == table.height
    assert facts["sha256"] == digest(tmp_path / "out.parquet")


def test_only_touched_sequences_say_that_they_are_stressed(tmp_path: Path) -> None:
    scenario = catalogue.load("card_testing_burst")
    scenario = scenario.model_copy(
        update={"population": scenario.population.model_copy(update={"share": 0.5})}
    )
    parts = list(simulator().parts(40, seed=1, scenario=scenario, severity=1.0))
    write_events(parts, tmp_path / "x.parquet", tiny_schema(), STRESSED)
    table = pl.read_parquet(tmp_path / "x.parquet")
    touched = np.concatenate([part.stressed.touched for part in parts])
    stressed = table.filter(pl.col("stress") == "card_testing_burst")
    assert stressed["scenario_id"].unique().sort().to_list() == np.flatnonzero(touched).tolist()
    assert set(stressed["severity"]) == {1.0}
    assert set(table.filter(pl.col("stress") == "base")["mechanism"]) == {"none"}


def test_the_file_says_that_it_is_synthetic_and_not_audited(tmp_path: Path) -> None:
    written(tmp_path / "out.parquet", stress=True)
    note = pq.read_schema(tmp_path / "out.parquet").metadata[b"riskgen"].decode()
    for said in ('"synthetic": true', '"not audited"', '"card_testing_burst"', '"seed": 1'):
        assert said in note


@pytest.mark.parametrize("stress", [False, True])
def test_the_same_simulation_gives_the_same_bytes(tmp_path: Path, stress: bool) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    written(one, stress=stress)
    written(two, stress=stress)
    assert digest(one) == digest(two)
    assert sorted(path.name for path in tmp_path.iterdir()) == [one.name, two.name]


@pytest.mark.parametrize("stress", [False, True])
def test_parts_put_together_are_the_single_file(tmp_path: Path, stress: bool) -> None:
    written(tmp_path / "one.parquet", stress=stress)
    parts = [tmp_path / f"part-{n}.parquet" for n in range(2)]
    facts = [
        written(path, stress=stress, chunks=range(first, first + 2))
        for path, first in zip(parts, (0, 2), strict=True)
    ]
    assert [told["n_scenarios"] for told in facts] == [32, 8]
    whole = pl.read_parquet(tmp_path / "one.parquet")
    assert pl.concat([pl.read_parquet(path) for path in parts]).equals(whole)
    note = STRESSED if stress else BASE
    join_parts(parts, tmp_path / "joined.parquet", note)
    assert pl.read_parquet(tmp_path / "joined.parquet").equals(whole)
    schemas = [pq.read_schema(tmp_path / f"{name}.parquet") for name in ("one", "joined")]
    assert schemas[0].equals(schemas[1], check_metadata=True)
    join_parts(parts, tmp_path / "joined.csv", note)
    stream._write_csv([whole], tmp_path / "one.csv")
    assert digest(tmp_path / "joined.csv") == digest(tmp_path / "one.csv")


def test_memory_follows_cells_not_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written(tmp_path / "whole.parquet")
    monkeypatch.setattr(stream, "MOST_CELLS", 1_100)
    written(tmp_path / "groups.parquet")
    with pq.ParquetFile(tmp_path / "groups.parquet") as file:
        sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert set(sizes[:-1]) == {100}
    assert sum(sizes) == whole["n_rows"]
    tables = [pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "groups")]
    assert tables[0].equals(tables[1])


def test_stress_at_severity_zero_writes_the_rows_of_the_base(tmp_path: Path) -> None:
    scenario = catalogue.load("ato_drain")
    parts = simulator().parts(20, seed=1, scenario=scenario, severity=0.0)
    write_events(parts, tmp_path / "zero.parquet", tiny_schema(), BASE)
    written(tmp_path / "base.parquet", n=20)
    assert digest(tmp_path / "zero.parquet") == digest(tmp_path / "base.parquet")


def test_a_csv_cell_that_a_spreadsheet_would_run_is_quoted(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": ["=1+1", "@x", "plain", None], "n": [-1, 2, 3, 4]})
    stream._write_csv([frame], tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines == ["text,n", "'=1+1,-1", "'@x,2", "plain,3", ",4"]


def test_a_failed_simulation_leaves_nothing(tmp_path: Path) -> None:
    def failing():  # type: ignore[no-untyped-def]
        yield next(simulator().parts(16, seed=1))
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="luck"):
        write_events(failing(), tmp_path / "out.parquet", tiny_schema(), BASE)
    assert list(tmp_path.iterdir()) == []


def test_a_column_with_a_name_that_provenance_needs_is_refused(tmp_path: Path) -> None:
    channels = tiny_schema().channels
    taken = channels[2].model_copy(update={"name": "weight"})
    schema = tiny_schema().model_copy(update={"channels": (*channels[:2], taken, *channels[3:])})
    with pytest.raises(RiskgenError, match="'weight'"):
        write_events(simulator().parts(1, seed=1), tmp_path / "x.parquet", schema, BASE)


def numbered(dtype: pl.DataType, severity: float, chunks: range | None = None):  # type: ignore[no-untyped-def]
    """Yield parts with a column that numbers the rows."""
    scenario = catalogue.load("card_testing_burst")
    parts = simulator().parts(40, seed=1, scenario=scenario, severity=severity, chunks=chunks)
    for part in parts:
        frame = part.stressed.events.frame.with_columns(pl.lit(7).cast(dtype).alias("row"))
        object.__setattr__(part.stressed.events, "frame", frame)
        yield part


def numbered_schema(dtype: str) -> Schema:
    row = Channel(name="row", dtype=dtype, kind="identifier", role="row_id")
    return tiny_schema().model_copy(update={"channels": (row, *tiny_schema().channels)})


def test_stressed_rows_have_numbers_of_their_own_in_every_part(tmp_path: Path) -> None:
    schema = numbered_schema("String")
    write_events(numbered(pl.String, 1.0), tmp_path / "x.parquet", schema, STRESSED)
    rows = pl.read_parquet(tmp_path / "x.parquet")["row"]
    assert rows.n_unique() == len(rows)
    assert rows[0] == "R000000000000"
    chunks = range(1, 2)
    write_events(numbered(pl.String, 1.0, chunks), tmp_path / "y.parquet", schema, STRESSED)
    part = pl.read_parquet(tmp_path / "y.parquet")
    whole = pl.read_parquet(tmp_path / "x.parquet")
    assert part.equals(whole.filter(pl.col("scenario_id").is_between(16, 31)))


def test_row_numbers_of_severity_zero_are_those_of_the_base(tmp_path: Path) -> None:
    schema = numbered_schema("Int64")
    write_events(numbered(pl.Int64, 0.0), tmp_path / "x.parquet", schema, BASE)
    assert set(pl.read_parquet(tmp_path / "x.parquet")["row"]) == {7}


def test_row_numbers_that_do_not_fit_their_column_are_told(tmp_path: Path) -> None:
    schema = numbered_schema("Int16")
    parts = numbered(pl.Int16, 1.0, range(2, 3))
    with pytest.raises(RiskgenError, match=r"do not fit a column of type Int16.*--drop"):
        write_events(parts, tmp_path / "x.parquet", schema, STRESSED, longest=100)


def market_start() -> PathStart:
    assets = tuple(
        Channel(
            name=name, dtype="Float64", kind="amount", role="channel", meaning="price", decimals=2
        )
        for name in ("AA", "BB", "CC")
    )
    date = Channel(name="date", dtype="Date", kind="timestamp", role="time")
    schema = Schema(domain="market", channels=(date, *assets), resolution="day")
    return PathStart(schema, np.datetime64("2024-01-05"), np.array([100.0, 50.0, 10.0]), "business")


def test_market_paths_go_on_from_the_last_real_prices(tmp_path: Path) -> None:
    parts = path_simulator().parts(20, seed=1, horizon=60)
    facts = write_paths(parts, tmp_path / "paths.parquet", market_start(), BASE)
    table = pl.read_parquet(tmp_path / "paths.parquet")
    assert table.columns == ["date", "AA", "BB", "CC", *PROVENANCE]
    assert (facts["n_scenarios"], facts["n_rows"]) == (20, 20 * 60)
    first = table.filter(pl.col("date") == pl.col("date").min())
    assert first["scenario_id"].to_list() == list(range(20))
    assert str(first["date"][0]) == "2024-01-08"
    returns = path_simulator().draw(20, seed=1, horizon=60)
    assert np.allclose(first["AA"].to_numpy(), 100 * np.exp(returns[:, 0, 0]), atol=0.0051)


def test_only_the_assets_that_are_asked_for_are_written_as_within_all(tmp_path: Path) -> None:
    parts = list(path_simulator().parts(20, seed=1, horizon=60))
    write_paths(parts, tmp_path / "all.parquet", market_start(), BASE)
    write_paths(parts, tmp_path / "two.parquet", market_start(), BASE, assets=("CC", "AA"))
    two = pl.read_parquet(tmp_path / "two.parquet")
    assert two.columns == ["date", "AA", "CC", *PROVENANCE]
    assert two.equals(pl.read_parquet(tmp_path / "all.parquet").drop("BB"))


@pytest.mark.parametrize("name", ["ato_drain", "card_testing_burst"])
def test_every_shipped_fraud_scenario_stresses_three_sequences(tmp_path: Path, name: str) -> None:
    parts = simulator().parts(3, seed=1, scenario=catalogue.load(name), severity=1.0)
    facts = write_events(parts, tmp_path / "x.parquet", tiny_schema(), STRESSED)
    assert facts["n_scenarios"] == 3


def test_the_shipped_market_scenario_stresses_three_paths(tmp_path: Path) -> None:
    scenario = catalogue.load("gfc_2008")
    parts = path_simulator().parts(3, seed=1, horizon=60, stress=Stress.of(scenario, 1.0))
    assert write_paths(parts, tmp_path / "x.parquet", market_start(), STRESSED)["n_rows"] == 180


def test_the_weight_of_a_path_stands_on_each_of_its_days(tmp_path: Path) -> None:
    drawn = path_simulator().parts(20, seed=1, horizon=60)
    parts = (replace(part, weight=1.0 + part.first + np.arange(len(part))) for part in drawn)
    write_paths(parts, tmp_path / "paths.parquet", market_start(), STRESSED)
    table = pl.read_parquet(tmp_path / "paths.parquet")
    assert table["weight"].to_list() == (table["scenario_id"] + 1.0).to_list()
