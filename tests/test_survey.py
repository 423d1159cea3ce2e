"""A table that is too large to hold is counted in passes over all its rows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema, tiny_table

from riskgen.data.schema import Channel
from riskgen.data.size.preview import PLACES, ROWS, preview
from riskgen.data.size.survey import Survey, count_columns, count_events, estimate_distinct, survey
from riskgen.errors import DataError


def surveyed(table: pl.DataFrame) -> Survey:
    rows = table.lazy()
    return survey(rows, count_columns(rows), count_events(rows, "customer"), tiny_schema())


def test_a_survey_counts_what_polars_counts_in_memory() -> None:
    table = tiny_table(300)
    gone = pl.when(pl.col("amount") > 50).then(None).otherwise(pl.col("amount"))
    table = table.with_columns(amount=gone)
    found = surveyed(table)
    lengths = table["customer"].value_counts()["count"]
    assert (found.rows, found.entities) == (table.height, 300)
    assert found.single_event == int((lengths == 1).sum())
    assert found.nulls == {"amount": table["amount"].null_count()}
    assert found.length_quantiles["50%"] == np.quantile(lengths, 0.5, method="nearest")
    months = table.group_by(pl.col("when").dt.strftime("%Y-%m")).agg(
        pl.len(), pl.col("fraud").sum()
    )
    counted = {month: (rows, labelled) for month, rows, labelled in months.iter_rows()}
    assert {m.month: (m.rows, m.labelled) for m in found.months} == counted


def test_a_survey_is_plain_data() -> None:
    found = surveyed(tiny_table(50)).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_nan_counts_as_missing() -> None:
    rows = pl.DataFrame({"x": [1.0, float("nan"), None], "y": [1, None, 3]}).lazy()
    assert count_columns(rows).nulls == {"x": 2, "y": 1}


def test_a_column_named_rows_is_counted() -> None:
    found = count_columns(pl.DataFrame({"rows": [1, None], "rows_": [None, None]}).lazy())
    assert (found.rows, found.nulls) == (2, {"rows": 1, "rows_": 2})


def test_the_longest_history_is_nowhere_in_a_survey() -> None:
    giant = tiny_table(1).with_columns(customer=pl.lit("giant"))
    table = pl.concat([tiny_table(60), *[giant] * 777])
    longest = giant.height * 777
    assert table["customer"].value_counts()["count"].max() == longest
    assert longest not in surveyed(table).length_quantiles.values()


def test_a_month_of_ten_entities_is_left_out_however_many_rows_they_have() -> None:
    table = tiny_table(60)
    late = table.with_columns(when=pl.lit(datetime(2031, 5, 5)).cast(pl.Datetime("us")))
    ten = late.filter(pl.col("customer") < "c0010")
    assert ten.height > 50
    assert "2031-05" not in [m.month for m in surveyed(pl.concat([table, ten])).months]
    eleven = late.filter(pl.col("customer") < "c0011")
    assert surveyed(pl.concat([table, eleven])).months[-1].month == "2031-05"


def test_too_many_rows_without_a_time_are_refused_although_the_sample_has_none() -> None:
    table = tiny_table(60)
    gone = table.head(table.height // 20).with_columns(when=None)
    with pytest.raises(DataError, match="'when' is missing in"):
        surveyed(pl.concat([table, gone], how="vertical_relaxed"))


def test_a_label_with_gaps_is_refused() -> None:
    gone = pl.when(pl.int_range(pl.len()) == 7).then(None).otherwise(pl.col("fraud"))
    with pytest.raises(DataError, match="'fraud' is missing in 1 of"):
        surveyed(tiny_table(60).with_columns(fraud=gone))


def test_a_value_that_the_sample_lacks_is_said() -> None:
    table = tiny_table(60).with_columns(
        rare=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("b")).otherwise(pl.lit("a")),
        once=pl.when(pl.int_range(pl.len()) == 9).then(1.0),
        same=pl.lit("a"),
        empty=pl.lit(None, dtype=pl.Float64),
    )
    reasons = {"rare": "the same in every row", "once": "empty in every row"}
    reasons |= {"same": "the same in every row", "empty": "empty in every row"}
    channels = [
        Channel(name=name, dtype="String", kind="category", role="dropped", reason=reason)
        for name, reason in reasons.items()
    ]
    schema = tiny_schema()
    schema = schema.model_copy(update={"channels": (*schema.channels, *channels)})
    rows = table.lazy()
    found = survey(rows, count_columns(rows), count_events(rows, "customer"), schema)
    assert found.rare == ("rare", "once")
    assert sum("that the sample lacks" in sentence for sentence in found.sentences()) == 2


def test_the_time_of_a_zone_is_its_clock() -> None:
    table = tiny_table(60).with_columns(pl.lit(datetime(2024, 1, 31, 23, 30)).alias("when"))
    zoned = table.with_columns(pl.col("when").dt.replace_time_zone("America/New_York"))
    assert [m.month for m in surveyed(zoned).months] == ["2024-01"]


def test_the_sentences_say_of_which_rows_they_are() -> None:
    table = tiny_table(60).with_columns(amount=None)
    for sentence in surveyed(table).sentences():
        assert sentence.startswith(f"All {table.height:,} rows: ")


def test_distinct_values_are_estimated_within_a_tenth() -> None:
    rows = pl.DataFrame({"x": np.arange(200_000) % 30_000, "y": np.arange(200_000) % 2}).lazy()
    found = estimate_distinct(rows, ["x", "y"])
    assert abs(found["x"] - 30_000) < 3_000
    assert found["y"] == 2


def test_a_preview_looks_at_the_whole_length_of_a_table() -> None:
    moments = [datetime(2020, 1, 1) + timedelta(minutes=i) for i in range(300_000)]
    seen = preview(pl.DataFrame({"at": moments, "row": range(300_000)}).lazy(), 300_000)
    assert seen.height == PLACES * ROWS
    assert int(seen["row"].max()) >= 285_000  # type: ignore[call-overload]
    assert seen["row"].is_unique().all()


@pytest.mark.parametrize("n", [1, 7, 20, 21, 99, 100_001])
def test_a_preview_reads_no_row_twice(n: int) -> None:
    seen = preview(pl.DataFrame({"row": range(n)}).lazy(), n)["row"]
    assert seen.is_unique().all()
    assert 1 <= len(seen) <= n
