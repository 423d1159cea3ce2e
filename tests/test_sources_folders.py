"""Folders of parts: Hive partitions, drift between parts, foreign files, digests."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from whole_table import read_table

from riskgen.data.sources.address import Address
from riskgen.data.sources.source import open_source
from riskgen.errors import DataError


def part(path: Path, **columns: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_parquet(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


def digest(path: Path) -> str:
    return open_source(Address(str(path))).digest()


def test_parts_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in (2, 0, 1):
        part(tmp_path / "t" / f"part-{number}.parquet", n=[number, number + 10])
    (tmp_path / "t" / "_SUCCESS").touch()
    (tmp_path / "t" / ".part-0.parquet.crc").write_bytes(b"x")
    assert read_table(tmp_path / "t")["n"].to_list() == [0, 10, 1, 11, 2, 12]


def test_partitions_become_columns_and_keys_keep_their_zeros(tmp_path: Path) -> None:
    for day, branch, n in (("2024-01-01", "007", 1), ("2024-01-02", "a%20b", 2)):
        part(tmp_path / "env=prod" / "t" / f"day={day}" / f"branch={branch}" / "p.parquet", n=[n])
    nothing = "branch=__HIVE_DEFAULT_PARTITION__"
    part(tmp_path / "env=prod" / "t" / "day=2024-01-03" / nothing / "p.parquet", n=[3])
    assert read_table(tmp_path / "env=prod" / "t").to_dict(as_series=False) == {
        "n": [1, 2, 3],
        "day": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)],
        "branch": ["007", "a b", None],
    }


def test_a_filter_on_a_partition_leaves_the_other_parts_unread(tmp_path: Path) -> None:
    part(tmp_path / "t" / "year=2023" / "p.parquet", n=[1])
    spoilt = part(tmp_path / "t" / "year=2024" / "p.parquet", n=list(range(5_000)))
    scanned = open_source(Address(str(tmp_path / "t"))).scan()
    spoilt.write_bytes(b"")
    assert scanned.filter(pl.col("year") == 2023).collect()["n"].to_list() == [1]


def test_odd_names_are_names_and_no_patterns(tmp_path: Path) -> None:
    part(tmp_path / "t[1]" / "a*.parquet", n=[1])
    part(tmp_path / "t[1]" / "b?.parquet", n=[2])
    assert read_table(tmp_path / "t[1]")["n"].to_list() == [1, 2]
    assert read_table(tmp_path / "t[1]" / "a*.parquet")["n"].to_list() == [1]


def test_narrow_numbers_are_widened_to_the_widest_part(tmp_path: Path) -> None:
    part(tmp_path / "t" / "a.parquet", n=pl.Series([1], dtype=pl.Int32), x=pl.Series([0.5]))
    part(tmp_path / "t" / "b.parquet", x=pl.Series([0.25], dtype=pl.Float32), n=[2**40])
    table = read_table(tmp_path / "t")
    assert table.schema == {"n": pl.Int64, "x": pl.Float64}
    assert table.rows() == [(1, 0.5), (2**40, 0.25)]


def test_a_part_with_another_type_or_column_is_named(tmp_path: Path) -> None:
    part(tmp_path / "t" / "a.parquet", n=[1], s=["x"])
    part(tmp_path / "t" / "b.parquet", n=["1"], s=["x"])
    message = refusal(tmp_path / "t")
    assert "'n' is String in" in message
    assert "b.parquet' but Int64" in message
    part(tmp_path / "t" / "b.parquet", n=[1])
    assert "'s' is in" in refusal(tmp_path / "t")


def test_a_foreign_or_cut_off_part_is_named(tmp_path: Path) -> None:
    part(tmp_path / "t" / "a.parquet", n=[1])
    (tmp_path / "t" / "notes.docx").write_bytes(b"x")
    assert "notes.docx' is no Parquet file" in refusal(tmp_path / "t")
    (tmp_path / "t" / "notes.docx").unlink()
    whole = part(tmp_path / "t" / "b.parquet", n=[1])
    whole.write_bytes(whole.read_bytes()[:-3])
    assert "b.parquet' is cut off" in refusal(tmp_path / "t")
    whole.write_bytes(b"")
    assert "b.parquet' is empty" in refusal(tmp_path / "t")


def test_parts_that_are_partitioned_in_two_ways_are_refused(tmp_path: Path) -> None:
    part(tmp_path / "t" / "a=1" / "p.parquet", n=[1])
    part(tmp_path / "t" / "b=1" / "p.parquet", n=[1])
    assert "two ways: ['a'] and ['b']" in refusal(tmp_path / "t")


def test_a_type_that_cannot_be_modelled_is_told_without_reading_rows(tmp_path: Path) -> None:
    path = part(tmp_path / "t" / "a.parquet", n=list(range(10_000)), nested=[[1]] * 10_000)
    raw = bytearray(path.read_bytes())
    raw[4:40] = bytes(36)  # rows are damaged, the footer is whole
    path.write_bytes(raw)
    assert "'nested'" in refusal(tmp_path / "t")


def test_the_digest_knows_bytes_and_names_but_not_the_place(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        part(tmp_path / folder / "k=1" / "a.parquet", n=[1])
        part(tmp_path / folder / "k=2" / "a.parquet", n=[2])
    before = digest(tmp_path / "one")
    lines = "".join(
        f"k={k}/a.parquet\0"
        + hashlib.sha256((tmp_path / "one" / f"k={k}" / "a.parquet").read_bytes()).hexdigest()
        + "\n"
        for k in (1, 2)
    )
    assert before == hashlib.sha256(lines.encode()).hexdigest() == digest(tmp_path / "two")
    part(tmp_path / "two" / "k=2" / "a.parquet", n=[3])
    assert digest(tmp_path / "two") != before
    (tmp_path / "one" / "k=2").rename(tmp_path / "one" / "k=3")
    assert digest(tmp_path / "one") != before


def test_csv_parts_with_one_header_are_typed_by_all_their_values(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.csv").write_text("id,n\n1,5\n2,6\n")
    (folder / "b.csv").write_text("id;n\n007;7,5\n")
    table = read_table(folder)
    assert table["id"].to_list() == ["1", "2", "007"]
    assert table["n"].to_list() == [5.0, 6.0, 7.5]
    (folder / "b.csv").write_text("id,m\n1,2\n")
    assert "'m' is only in one" in refusal(folder)
