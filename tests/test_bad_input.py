"""A user's mistake gets one plain line, exit code 2, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Outcome, Riskgen, tiny_table


def refused(outcome: Outcome, *words: str) -> str:
    code, _, err = outcome
    lines = err.strip().splitlines()
    message = lines[-1]
    assert code == 2, err
    assert message.startswith("Error: "), err
    assert "Traceback" not in err
    for word in words:
        assert word.lower() in message.lower(), f"{word!r} not in {message!r}"
    assert not list(Path("runs").glob("*")) if Path("runs").exists() else True
    return message


def save(table: pl.DataFrame, name: str = "table.parquet") -> str:
    table.write_parquet(name)
    return name


def test_a_missing_file_is_named(riskgen: Riskgen) -> None:
    refused(riskgen("fit", "nowhere.parquet"), "nowhere.parquet")


def test_a_folder_is_not_a_table(riskgen: Riskgen) -> None:
    Path("folder").mkdir()
    refused(riskgen("fit", "folder"), "folder")


def test_an_empty_table_is_refused(riskgen: Riskgen) -> None:
    refused(riskgen("fit", save(tiny_table().clear())), "no rows")


def test_a_truncated_parquet_file_is_refused(riskgen: Riskgen) -> None:
    whole = Path(save(tiny_table())).read_bytes()
    Path("cut.parquet").write_bytes(whole[: len(whole) // 2])
    refused(riskgen("fit", "cut.parquet"), "cut.parquet")


def test_a_csv_that_is_not_utf8_is_refused(riskgen: Riskgen) -> None:
    Path("latin.csv").write_bytes("customer,when,amount\nJos\xe9,2025-01-01,3\n".encode("latin-1"))
    refused(riskgen("fit", "latin.csv"), "utf-8")


def test_an_unknown_column_lists_the_known_ones(riskgen: Riskgen) -> None:
    message = refused(riskgen("fit", save(tiny_table()), "--entity", "custmer"), "custmer")
    assert message.index("customer") < message.index("amount")


def test_an_empty_column_name_is_no_column(riskgen: Riskgen) -> None:
    refused(riskgen("fit", save(tiny_table()), "--label", ""), "no column ''")


def test_missing_key_columns_say_which_flag_to_give(riskgen: Riskgen) -> None:
    table = pl.DataFrame({"x": [1.5, 2.5, 3.25], "y": ["a", "b", "a"]})
    refused(riskgen("fit", save(table)), "--")


def test_one_entity_only_is_refused(riskgen: Riskgen) -> None:
    one = tiny_table().with_columns(pl.lit("c1").alias("customer"))
    refused(riskgen("fit", save(one), "--entity", "customer", "--time", "when"), "1 ")


def test_one_event_per_entity_is_refused(riskgen: Riskgen) -> None:
    table = tiny_table().unique("customer", maintain_order=True)
    refused(riskgen("fit", save(table), "--entity", "customer", "--time", "when"), "customer")


def test_an_infinite_amount_is_counted_and_located_but_not_shown(riskgen: Riskgen) -> None:
    table = tiny_table()
    amounts = table["amount"].to_numpy().copy()
    amounts[[17, 40]] = np.inf
    message = refused(
        riskgen("fit", save(table.with_columns(pl.Series("amount", amounts)))), "amount", "2", "18"
    )
    assert "c000" not in message


def test_a_damaged_run_is_not_opened(riskgen: Riskgen) -> None:
    Path("runs/0001-x").mkdir(parents=True)
    Path("runs/0001-x/manifest.json").write_text('{"schema": "riskgen.run/v1", "files": {"a": ""}}')
    code, _, err = riskgen("simulate", "--scenarios", "3")
    assert code == 2
    assert "damaged" in err


def test_no_run_yet_says_how_to_start(riskgen: Riskgen) -> None:
    code, _, err = riskgen("simulate", "--scenarios", "3")
    assert code == 2
    assert "riskgen fit" in err


def test_an_unknown_generator_lists_the_known_ones(riskgen: Riskgen) -> None:
    refused(riskgen("fit", save(tiny_table()), "--generator", "timgan"), "timgan", "timegan")


def test_an_unknown_command_is_a_usage_error(riskgen: Riskgen) -> None:
    code, _, err = riskgen("fitt")
    assert code == 2
    assert "fitt" in err


@pytest.mark.parametrize("command", [["inspect"], ["fit"], ["inspect", "--max-events", "200"]])
@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_damage_inside_a_file_is_told_in_one_line(
    riskgen: Riskgen, tmp_path: Path, form: str, command: list[str]
) -> None:
    path = tmp_path / f"table.{form}"
    table = tiny_table(200)
    table.write_parquet(path) if form == "parquet" else table.write_ipc(path)
    raw = bytearray(path.read_bytes())
    for place in range(len(raw) // 4, 3 * len(raw) // 4):
        raw[place] ^= 0xA5
    path.write_bytes(raw)
    refused(riskgen(*command, str(path)), "damaged", "again")
