"""Files that banks really send: read them, or say in one line why not."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whole_table import read_table, table_hash

from riskgen.data.dtypes import cast_back, dtype_name, dtype_of
from riskgen.data.times.dates import is_ambiguous, parse_dates
from riskgen.errors import DataError, SchemaError


def write(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_recognised(tmp_path: Path, delimiter: str) -> None:
    text = "id,when,amount\nA1,2024-03-28,1.50\nA2,2024-03-29,-2\n".replace(",", delimiter)
    table = read_table(write(tmp_path, text))
    assert table.schema == {"id": pl.String, "when": pl.Date, "amount": pl.Float64}


def test_parquet_comes_back_as_it_was(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": [1, None], "b": ["x", "<script>"], "c": [date(2024, 1, 1)] * 2})
    table.write_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").equals(table)


def test_keys_with_leading_zeros_stay_text(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "id,n\n007,7\n008,8\n"))
    assert table["id"].to_list() == ["007", "008"]
    assert table["n"].to_list() == [7, 8]


def test_keys_longer_than_64_bits_stay_text(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, f"id\n{'9' * 25}\n"))
    assert table["id"].to_list() == ["9" * 25]


def test_decimal_commas_are_numbers(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'a;b\n1,50;"1.234,56"\n-2,00;0,99\n'))
    assert table["a"].to_list() == [1.5, -2.0]
    assert table["b"].to_list() == [1234.56, 0.99]


def test_the_country_namibia_is_not_a_missing_value(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "country,n\nNA,NA\nDE,2\n,\n"))
    assert table["country"].to_list() == ["NA", "DE", None]
    assert table["n"].to_list() == [None, 2, None]


def test_truth_values_and_quoted_text_are_read(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'ok,text\nTrue,"a, ""b"""\nfalse,c\n'))
    assert table["ok"].to_list() == [True, False]
    assert table["text"].to_list() == ['a, "b"', "c"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "\ufeffid,n\n1,2\n")).columns == ["id", "n"]


def test_the_nameless_row_numbers_of_pandas_get_a_name(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, ",column_1\n0,5\n1,6\n")).columns == ["column_1_", "column_1"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2024-03-28", date(2024, 3, 28)),
        ("28.03.2024", date(2024, 3, 28)),
        ("2024/03/28", date(2024, 3, 28)),
        ("28/03/2024", date(2024, 3, 28)),
        ("03/28/2024", date(2024, 3, 28)),
        ("2024-03-28 14:05:06", datetime(2024, 3, 28, 14, 5, 6)),
        ("2024-03-28T14:05:06.250", datetime(2024, 3, 28, 14, 5, 6, 250_000)),
        ("2024-03-28T14:05:06Z", datetime(2024, 3, 28, 14, 5, 6)),
        ("2024-03-28T14:05:06+02:00", datetime(2024, 3, 28, 12, 5, 6)),
        ("28.03.2024 14:05", datetime(2024, 3, 28, 14, 5)),
    ],
)
def test_usual_forms_of_dates_are_read(text: str, wanted: date) -> None:
    found = parse_dates(pl.Series("when", [text, None, text]))
    assert found is not None
    assert found.to_list() == [wanted, None, wanted]


def test_a_date_that_reads_two_ways_stays_text() -> None:
    column = pl.Series("when", ["03/04/2024", "05/06/2024"])
    assert parse_dates(column) is None
    assert is_ambiguous(column)


def test_text_that_is_no_date_stays_text() -> None:
    for values in (["1.2.3", "x"], ["10-11-12-13"], ["2024-13-45"], ["a"], [None]):
        assert parse_dates(pl.Series("c", values, dtype=pl.String)) is None


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "a\n1\n", "transactions.csv")
    message = refusal(tmp_path / "transaction.csv")
    assert "'transactions.csv'" in message
    assert "does not exist either" in refusal(tmp_path / "no" / "t.csv")


def test_a_folder_an_empty_file_and_a_table_without_rows_are_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)
    assert "is empty" in refusal(write(tmp_path, ""))
    assert "no rows" in refusal(write(tmp_path, "a,b\n"))
    pl.DataFrame({"a": []}).write_parquet(tmp_path / "t.parquet")
    assert "no rows" in refusal(tmp_path / "t.parquet")


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    assert "'.xlsx'" in refusal(write(tmp_path, "x", "t.xlsx"))


@pytest.mark.parametrize("keep", [5, 100, -1, -8])
def test_a_cut_off_parquet_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": range(1000)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    assert "cut off" in refusal(path)


def test_a_damaged_parquet_footer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": range(1000)}).write_parquet(path)
    raw = path.read_bytes()
    footer = int.from_bytes(raw[-8:-4], "little")
    path.write_bytes(raw[: -8 - footer] + b"\xff" * footer + raw[-8:])
    assert "damaged" in refusal(path)


def test_text_named_parquet_is_refused(tmp_path: Path) -> None:
    assert "not a Parquet file" in refusal(write(tmp_path, "a,b\n1,2\n", "t.parquet"))


def test_a_csv_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, "name\nab\ncafé\n", encoding="latin-1"))
    assert "byte 11, line 3" in message


def test_a_csv_file_in_utf_16_is_refused(tmp_path: Path) -> None:
    assert "UTF-8" in refusal(write(tmp_path, "a,b\n1,2\n", encoding="utf-16"))


def test_repeated_column_names_are_refused(tmp_path: Path) -> None:
    assert "'a' 2 times" in refusal(write(tmp_path, "a,b,a\n1,2,3\n"))


def test_a_line_with_too_many_fields_is_refused(tmp_path: Path) -> None:
    assert "do not fit its header" in refusal(write(tmp_path, "a,b\n1,2\n1,2,3,4\n"))


def test_nested_columns_and_durations_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"a": [[1, 2]]}).write_parquet(tmp_path / "t.parquet")
    assert "'a'" in refusal(tmp_path / "t.parquet")
    moments = pl.Series("wait", [datetime(2024, 1, 1, 3, 4), datetime(2024, 1, 2)])
    moments.diff().to_frame().write_parquet(tmp_path / "t.parquet")
    assert "number of seconds" in refusal(tmp_path / "t.parquet")


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    import hashlib

    path = write(tmp_path, "a\n1\n")
    assert table_hash(path) == hashlib.sha256(b"a\n1\n").hexdigest()


@pytest.mark.parametrize(
    "dtype",
    [
        *(pl.Int8(), pl.UInt64(), pl.Float32(), pl.Boolean(), pl.String(), pl.Date(), pl.Null()),
        *(pl.Datetime("ms"), pl.Datetime("ns", "Europe/Prague"), pl.Decimal(12, 2)),
    ],
)
def test_type_names_name_their_type(dtype: pl.DataType) -> None:
    assert dtype_of(dtype_name(dtype)) == dtype


def test_an_unknown_type_name_lists_the_known_ones() -> None:
    with pytest.raises(SchemaError, match="Known types"):
        dtype_of("Money")


@given(st.lists(st.none() | st.integers(-1000, 1000)))
def test_whole_numbers_survive_floats_and_text(values: list[int | None]) -> None:
    column = pl.Series("n", values, dtype=pl.Int64)
    assert cast_back(column.cast(pl.Float64), "Int64").equals(column)
    assert cast_back(column.cast(pl.String), "Int64").equals(column)


def test_truth_values_survive_text() -> None:
    column = pl.Series("b", [True, None, False])
    assert cast_back(column.cast(pl.String), "Boolean").equals(column)
    assert cast_back(column.cast(pl.Int8), "Boolean").equals(column)


def test_clock_times_that_daylight_saving_skips_move_on_an_hour() -> None:
    clock = pl.Series([datetime(2025, 3, 30, 2, 30), datetime(2025, 10, 26, 2, 30), None])
    back = cast_back(clock, "Datetime(us, Europe/Berlin)")
    assert back.dt.replace_time_zone(None).dt.hour().to_list() == [3, 2, None]


def test_quotes_in_a_csv_header_come_back_single(tmp_path: Path) -> None:
    names = ['a "quoted" name, with comma', "<b>"]
    pl.DataFrame({names[0]: ["x", "y"], names[1]: [1, 2]}).write_csv(tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").columns == names
