"""Arrow files and DuckDB databases: read whole, read only, told by their bytes."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whole_table import read_table

from riskgen.data.sources.address import Address
from riskgen.data.sources.query import QuerySource
from riskgen.data.sources.rowdigest import RowDigest
from riskgen.data.sources.source import open_source
from riskgen.errors import DataError

TABLE = pl.DataFrame({"id": ["a", None], "n": [1, 2], "day": [date(2024, 1, 1)] * 2})


def database(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def rows(path: Path, query: str | None = None) -> pl.DataFrame:
    return open_source(Address(str(path), query)).scan().collect()


def refusal(path: Path, query: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, query)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("ending", ["arrow", "feather", "ipc"])
def test_both_forms_of_arrow_files_come_back_as_they_were(tmp_path: Path, ending: str) -> None:
    TABLE.write_ipc(tmp_path / f"file.{ending}", compression="lz4")
    TABLE.write_ipc_stream(tmp_path / f"stream.{ending}")
    for name in ("file", "stream"):
        assert read_table(tmp_path / f"{name}.{ending}").equals(TABLE)


def test_a_cut_off_or_foreign_arrow_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    for write in (TABLE.write_ipc, TABLE.write_ipc_stream):
        write(path)
        path.write_bytes(path.read_bytes()[:60])
        assert "cut off" in refusal(path)
    path.write_bytes(b"a,b\n1,2\n")
    assert "no Arrow IPC file" in refusal(path)
    path.write_bytes(b"FEA1xxxx")
    assert "version 1" in refusal(path)


def test_the_only_table_needs_no_query(tmp_path: Path) -> None:
    path = database(tmp_path / "b.duckdb", 'create table "Odd ""name" as select 1 a, 2.50 m')
    assert rows(path).to_dict(as_series=False)["a"] == [1]
    assert rows(path).schema["m"] == pl.Decimal(3, 2)
    path.rename(tmp_path / "b.db")
    assert rows(tmp_path / "b.db")["a"].to_list() == [1]


def test_more_tables_are_listed(tmp_path: Path) -> None:
    path = database(
        tmp_path / "b.duckdb",
        "create table cards as select 1 a",
        "create schema s",
        "create table s.loans as select 7 b, 'x'::enum('x') c, uuid() u, 5::hugeint h",
    )
    assert "It holds: cards, s.loans." in refusal(path)
    assert rows(path, "select b, c, h from s.loans;").rows() == [(7, "x", 5)]
    assert rows(path, "from s.loans select u").schema == {"u": pl.String}


@pytest.mark.parametrize(
    "query",
    [
        "create table x(a int)",
        "attach 'other.db'",
        "install httpfs",
        "select 1; drop table cards",
        "copy cards to 'out.csv'",
        "set enable_external_access = true",
        "",
    ],
)
def test_a_query_that_is_no_single_select_is_refused(tmp_path: Path, query: str) -> None:
    path = database(tmp_path / "b.duckdb", "create table cards as select 1 a")
    before = path.read_bytes()
    assert "one SELECT" in refusal(path, query)
    assert path.read_bytes() == before


def test_a_query_sees_no_other_file(tmp_path: Path) -> None:
    path = database(tmp_path / "b.duckdb", "create table cards as select 1 a")
    (tmp_path / "o.csv").write_text("a\n1\n")
    assert "disabled" in refusal(path, f"select * from read_csv('{tmp_path}/o.csv')")


def test_errors_name_names_but_no_values(tmp_path: Path) -> None:
    path = database(tmp_path / "b.duckdb", "create table cards as select 'Anna Muster' a")
    assert "nope" in refusal(path, "select * from nope")
    message = refusal(path, "select a::int from cards")
    assert "Muster" not in message
    assert "ConversionException" in message
    assert "'l' in" in refusal(path, "select [1] l")
    assert "no rows" in refusal(path, "select a from cards where false")
    assert "2 times" in refusal(path, "select a, a from cards").replace("'a_1'", "2 times")


def test_a_file_without_the_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.duckdb").write_bytes(b"x" * 100)
    assert "not a DuckDB" in refusal(tmp_path / "b.duckdb")
    (tmp_path / "b.db").write_bytes(b"SQLite format 3\0" + bytes(100))
    assert "SQLite" in refusal(tmp_path / "b.db")


def test_options_of_databases_are_refused_for_files(tmp_path: Path) -> None:
    TABLE.write_parquet(tmp_path / "t.parquet")
    assert "--query is for databases" in refusal(tmp_path / "t.parquet", "select 1")
    with pytest.raises(DataError, match="--password-file is for databases"):
        open_source(Address(str(tmp_path / "t.parquet"), None, tmp_path / "word"))


def test_fetched_rows_lie_in_a_private_folder(tmp_path: Path) -> None:
    path = database(tmp_path / "b.duckdb", "create table cards as select 1 a")
    source = open_source(Address(str(path)))
    assert isinstance(source, QuerySource)
    folder = source._spool.path.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_digest_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    path = database(tmp_path / "b.duckdb", "create table t as from range(1000) r(a)")
    first, last, other = (
        open_source(Address(str(path), f"select a from t where a <> {out} order by a {way}"))
        for out, way in ((-1, "asc"), (-1, "desc"), (5, "asc"))
    )
    assert first.digest() == last.digest() != other.digest()


VALUES = st.none() | st.text(max_size=3)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6), st.randoms())
def test_rows_have_one_digest_in_any_order_and_any_batches(
    table: list[tuple[str | None, str | None]], random: object
) -> None:
    def digest(parts: list[list[tuple[str | None, str | None]]]) -> str:
        total = RowDigest(pa.schema([("a", pa.string()), ("b", pa.string())]))
        for rows in parts:
            total.update(pl.DataFrame(rows, {"a": pl.String, "b": pl.String}, orient="row"))
        return total.hexdigest()

    whole = digest([table])
    mixed = table.copy()
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert digest([[row] for row in mixed]) == whole
    assert digest([[*table, table[0]]]) != whole
    swapped = [(b, a) for a, b in table]
    assert (digest([swapped]) == whole) == (sorted(map(repr, swapped)) == sorted(map(repr, table)))
