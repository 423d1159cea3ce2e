"""What an address may show, and where it leads."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskgen.data.sources import stores
from riskgen.data.sources.address import Address
from riskgen.data.sources.query import QuerySource
from riskgen.data.sources.source import open_source
from riskgen.data.sources.stores import StoreTable
from riskgen.data.sources.uri import public, secrets_in
from riskgen.errors import DataError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ana:geheim@db/bank", "postgresql://ana@db/bank"),
        ("postgres://:geheim@db:5433/bank", "postgres://@db:5433/bank"),
        ("postgresql:/ana:geheim@db/bank", "postgresql:/ana@db/bank"),
        ("postgresql://ana:ge@heim@db/bank", "postgresql://ana@db/bank"),
        ("postgresql://ana:ge?heim@db/bank", "postgresql://ana@db/bank"),
        ("postgresql://ana:ge#heim@db/bank", "postgresql://ana@db/bank"),
        ("postgresql://db/b?user=a&password=geheim", "postgresql://db/b?user=a"),
        ("postgresql://db/b?sslpassword=geheim&sslmode=prefer", "postgresql://db/b?sslmode=prefer"),
        ("postgresql://db/b?options=-c%20my.secret%3Dgeheim", "postgresql://db/b"),
        ("mysql://ana:geheim@db/bank", "mysql://ana@db/bank"),
        ("https://h/t.parquet?sig=geheim&sv=1", "https://h/t.parquet"),
        ("s3://bucket/t/*.parquet", "s3://bucket/t/*.parquet"),
        ("host=db password=geheim", "host=db password=***"),
        ("C:/bank/t.parquet", "C:/bank/t.parquet"),
        ("a:b@c.csv", "a:b@c.csv"),
    ],
)
def test_an_address_shows_where_and_no_secret(text: str, shown: str) -> None:
    assert public(text) == shown
    assert "geheim" not in repr(Address(text))


WORDS = st.text(st.characters(codec="ascii", exclude_characters=":/?#@&= \n"), min_size=8)


@given(WORDS)
def test_no_password_of_a_uri_is_shown(word: str) -> None:
    for text in (f"postgresql://u:{word}@h/d", f"postgresql://h/d?password={word}&user=u"):
        assert word not in public(text)
        assert word in secrets_in(text)


@pytest.mark.parametrize(
    "text",
    ["s3://b/t.parquet", "gs://b/t/", "az://c/t", "abfss://c@a/t", "https://h/t.parquet"],
)
def test_object_stores_go_to_polars(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    table = pl.DataFrame({"a": [1, 2]})

    def scan(place: str) -> pl.LazyFrame:
        asked.append(place)
        return table.lazy()

    monkeypatch.setattr(pl, "scan_parquet", scan)
    source = open_source(Address(text + "?sig=geheim"))
    assert isinstance(source, StoreTable)
    assert source.scan().collect().equals(table)
    assert asked == [text + "?sig=geheim"]
    assert source.record() == {"source": text}
    assert source.digest() == open_source(Address(text)).digest()


def test_what_a_store_says_is_shown_without_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(place: str) -> pl.LazyFrame:
        raise pl.exceptions.ComputeError(f"403 Forbidden: {place}\nlong body")

    monkeypatch.setattr(pl, "scan_parquet", scan)
    source = open_source(Address("https://h/t.parquet?sig=geheim"))
    for read in (source.scan, source.digest):
        with pytest.raises(DataError, match="403 Forbidden") as caught:
            read()
        assert "geheim" not in str(caught.value)
        assert caught.value.__context__ is None


def test_a_delta_table_reads_as_its_rows(tmp_path: Path) -> None:
    pytest.importorskip("deltalake", reason="the extra riskgen[delta] is not installed")
    table = pl.DataFrame({"a": [1, 2], "d": [date(2024, 1, 1)] * 2})
    table.write_delta(str(tmp_path / "t"))
    table.write_delta(str(tmp_path / "t"), mode="append")
    source = open_source(Address(str(tmp_path / "t")))
    assert sorted(source.scan().collect()["a"].to_list()) == [1, 1, 2, 2]
    before = source.digest()
    assert source.record() == {"source": str(tmp_path / "t")}
    table.write_delta(str(tmp_path / "t"), mode="overwrite")
    assert open_source(Address(str(tmp_path / "t"))).scan().collect().height == 2
    assert open_source(Address(str(tmp_path / "t"))).digest() != before


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t" / "_delta_log").mkdir(parents=True)
    monkeypatch.setattr(stores.importlib.util, "find_spec", lambda name: None)
    for text in (str(tmp_path / "t"), "delta+s3://bucket/t"):
        with pytest.raises(DataError, match=r'pip install "riskgen\[delta\]"'):
            open_source(Address(text)).scan()


def test_a_damaged_delta_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t" / "_delta_log").mkdir(parents=True)
    (tmp_path / "t" / "_delta_log" / "00000000000000000000.json").write_text("{broken")
    with pytest.raises(DataError, match="cannot be read"):
        open_source(Address(str(tmp_path / "t"))).scan()


def test_an_unknown_address_lists_what_is_read() -> None:
    with pytest.raises(DataError, match=r"Did you mean 'postgresql://'.*\.parquet") as caught:
        open_source(Address("postgresqll://u:geheim@h/d"))
    assert "geheim" not in str(caught.value)
    with pytest.raises(DataError, match="'oracle://' is not read"):
        open_source(Address("oracle://h/d"))


def test_a_database_is_not_reached_before_it_is_scanned() -> None:
    source = open_source(Address("postgresql://nobody@host.invalid/d", "select 1"))
    assert isinstance(source, QuerySource)
    assert source.record()["query"] == "select 1"
