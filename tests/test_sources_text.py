"""CSV as it leaves a bank: packed, in another encoding, with odd lines, larger than memory."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whole_table import read_table

from riskgen.data.sources import textfile
from riskgen.data.sources.address import Address
from riskgen.data.sources.source import open_source
from riskgen.data.sources.written import typed
from riskgen.errors import DataError

TEXT = "\ufeffid;when;amount\nä1;28.03.2024 14:05;1.234,56\n'x\";29.03.2024 00:00;-0,5\n".replace(
    "'x\"", '"a;""b"""'
)


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


def test_packed_files_read_as_the_plain_one(tmp_path: Path) -> None:
    raw = TEXT.encode()
    (tmp_path / "plain.csv").write_bytes(raw)
    # Two members, as tools that append to a packed file leave them.
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(raw[:60]) + gzip.compress(raw[60:]))
    with pa.output_stream(str(tmp_path / "t.csv.zst"), compression="zstd") as file:
        file.write(raw)
    plain = read_table(tmp_path / "plain.csv")
    assert plain["amount"].to_list() == [1234.56, -0.5]
    assert plain["id"].to_list() == ["ä1", 'a;"b"']
    assert read_table(tmp_path / "t.csv.gz").equals(plain)
    assert read_table(tmp_path / "t.csv.zst").equals(plain)
    assert open_source(Address(str(tmp_path / "t.csv.gz"))).stem == "t"


@pytest.mark.parametrize("ending", ["csv.gz", "csv.zst"])
def test_a_cut_off_or_wrongly_named_packed_file_is_refused(tmp_path: Path, ending: str) -> None:
    packing = "gzip" if ending.endswith("gz") else "zstd"
    path = tmp_path / f"t.{ending}"
    with pa.output_stream(str(path), compression=packing) as file:
        file.write(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(20_000)))
    path.write_bytes(path.read_bytes()[:-2_000])
    assert "cut off" in refusal(path)
    path.write_bytes(b"a,b\n1,2\n")
    assert "cut off or no" in refusal(path)


@pytest.mark.parametrize(
    ("encoding", "looks"),
    [("latin-1", "ISO-8859-1"), ("cp1252", "WINDOWS-1252"), ("utf-16", "UTF-16")],
)
def test_another_encoding_is_named_with_the_way_out(
    tmp_path: Path, encoding: str, looks: str
) -> None:
    words = "café" if encoding == "latin-1" else "café €"
    (tmp_path / "t.csv").write_bytes(f"a,b\n1,{words}\n".encode(encoding))
    assert f"iconv -f {looks} -t UTF-8" in refusal(tmp_path / "t.csv")


def test_utf_16_without_a_mark_is_told_from_binary_data(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(("name,n\n" + "abc,1\n" * 20).encode("utf-16-le"))
    assert "UTF-16" in refusal(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"MZ\x01\x00" + b"\x02\x00\x05" * 40)
    assert "binary data" in refusal(tmp_path / "t.csv")


@pytest.mark.parametrize("block", [3, 5, 7])
def test_a_letter_that_two_blocks_share_is_read(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfile, "_BLOCK", block)
    path = tmp_path / "t.csv"
    path.write_bytes("a\n€€€\nä\n".encode())
    textfile.read_head(path)
    path.write_bytes("a\n€€€\nä\n".encode() + b"x\xe9\n")
    with pytest.raises(DataError, match=r"byte 16, line 4\."):
        textfile.read_head(path)
    path.write_bytes("a\n€€€\nä".encode()[:-1])
    with pytest.raises(DataError, match="middle of a letter"):
        textfile.read_head(path)


def test_one_late_value_decides_a_column(tmp_path: Path) -> None:
    rows = [f"{n},{n},2024-01-{n % 28 + 1:02}" for n in range(5_000)]
    rows.append("007,1.5,tomorrow")
    (tmp_path / "t.csv").write_text("\n".join(["id,n,when", *rows]))
    table = read_table(tmp_path / "t.csv")
    assert table.schema == {"id": pl.String, "n": pl.Float64, "when": pl.String}
    (tmp_path / "t.csv").write_text("\n".join(["id,n,when", *rows[:-1]]))
    assert read_table(tmp_path / "t.csv").schema == {"id": pl.Int64, "n": pl.Int64, "when": pl.Date}


def test_dates_that_only_a_late_row_makes_plain_are_read(tmp_path: Path) -> None:
    rows = [f"{n % 12 + 1:02}/{n % 12 + 1:02}/2024" for n in range(500)]
    (tmp_path / "t.csv").write_text("\n".join(["when", *rows, "03/04/2024"]))
    assert read_table(tmp_path / "t.csv").schema == {"when": pl.String}
    (tmp_path / "t.csv").write_text("\n".join(["when", *rows, "28/04/2024"]))
    assert read_table(tmp_path / "t.csv").schema == {"when": pl.Date}


def test_a_csv_file_is_scanned_and_not_held(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "1,x\n" * 1_000)
    plan = open_source(Address(str(tmp_path / "t.csv"))).scan().explain()
    assert "Csv SCAN" in plan
    assert "DF [" not in plan


NUMBERS = st.lists(st.none() | st.integers(-(10**17), 10**17) | st.just("n/a"), min_size=1)


@given(NUMBERS)
def test_whole_numbers_come_back_from_text(values: list[int | str | None]) -> None:
    text = [None if v is None else str(v) for v in values]
    found = typed(pl.LazyFrame({"a\0key": text}, schema={"a\0key": pl.String}), ["a\0key"])
    numbers = [v if isinstance(v, int) else None for v in values]
    column = found.collect().to_series()
    assert column.to_list() == (numbers if any(v is not None for v in numbers) else text)
