"""What is in all rows of a table that is too large to hold: counts, in passes over the rows.

Streams: memory grows with entities and months, never with rows. Holds no
single customer's value: lengths are quantiles with eleven entities at or
beyond them. Knows scans and schemas, not samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.codecs.disclosure import SMALLEST_GROUP
from riskgen.data.refusals import MOST_KEYLESS
from riskgen.data.schema import Schema
from riskgen.errors import DataError

EVENTS = "events of an entity"  # as a column: no table has such a name
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_FEW_EVENTS = 100  # a month below that has no rate worth reading [J], as in facts


@dataclass(frozen=True)
class Counts:
    """Rows and missing values of every column, over all rows.

    Attributes
    ----------
    rows : int
        Rows of the table.
    nulls : dict of str to int
        Rows without a value (NaN included), by column.
    """

    rows: int
    nulls: dict[str, int]


@dataclass(frozen=True)
class Month:
    """Rows of a month and how many of them carry the label (None without a label)."""

    month: str
    rows: int
    labelled: int | None


@dataclass(frozen=True)
class Survey:
    """Exact counts over all rows of a table.

    Attributes
    ----------
    rows, entities : int
        Rows and entities of the table; rows without an entity own none.
    single_event : int
        Entities with one event.
    length_quantiles : dict of str to int
        Events of an entity, for quantiles with 11 entities at or beyond them.
    nulls : dict of str to int
        Rows without a value, for columns that have such rows.
    rare : tuple of str
        Columns that are empty or constant in the sample but not in all rows.
    months : tuple of Month
        Months with at least 11 rows; empty where time is not a date.
    """

    rows: int
    entities: int
    single_event: int
    length_quantiles: dict[str, int]
    nulls: dict[str, int]
    rare: tuple[str, ...]
    months: tuple[Month, ...] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        lists = {"rare": list(self.rare), "months": [asdict(month) for month in self.months]}
        return asdict(self) | lists

    def sentences(self) -> list[str]:
        """Return what a reader should know of all rows."""
        told = [f"All {self.rows:,} rows: {self.entities:,} entities{self._span()}."]
        rate = self._rate()
        if rate:
            told.append(f"All {self.rows:,} rows: {rate}.")
        for name, count in self.nulls.items():
            share = 100 * count / self.rows
            told.append(f"All {self.rows:,} rows: '{name}' is missing in {share:.2g} % of them.")
        told += [
            f"All {self.rows:,} rows: '{name}' has values that the sample lacks; they are too rare "
            "to learn, and the column is not modelled."
            for name in self.rare
        ]
        return told

    def _span(self) -> str:
        if not self.months:
            return ""
        return f", {self.months[0].month} to {self.months[-1].month}"

    def _rate(self) -> str:
        counted = [(m.labelled, m.rows) for m in self.months if m.labelled is not None]
        rates = [labelled / rows for labelled, rows in counted if rows >= _FEW_EVENTS]
        if not rates:
            return ""
        total = sum(labelled for labelled, _ in counted) / sum(rows for _, rows in counted)
        return (
            f"{100 * total:.3g} % carry the label, by month between {100 * min(rates):.3g} % and "
            f"{100 * max(rates):.3g} %"
        )


def count_columns(rows: pl.LazyFrame) -> Counts:
    """Return rows and missing values of every column, in one pass."""
    schema = rows.collect_schema()
    missing = [_missing(name, dtype).alias(name) for name, dtype in schema.items()]
    # The number of rows stands under a name that no column has.
    total = "rows" + "_" * max(len(name) for name in schema)
    found = rows.select(*missing, pl.len().alias(total)).collect(engine="streaming")
    values = {name: int(found[name][0]) for name in found.columns}
    return Counts(values.pop(total), values)


def _missing(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_float():
        return (column.is_null() | column.is_nan()).sum()
    return column.null_count()


def estimate_distinct(rows: pl.LazyFrame, names: Sequence[str]) -> dict[str, int]:
    """Return about how many values each column has (HyperLogLog: a tenth off at most times)."""
    # One column at a time holds least.
    counted = {name: rows.select(pl.col(name).approx_n_unique()) for name in names}
    return {name: int(one.collect(engine="streaming").item()) for name, one in counted.items()}


def count_events(rows: pl.LazyFrame, entity: str) -> pl.DataFrame:
    """Return the key (as in the table) and the number of events of each entity, in no order."""
    present = rows.select(entity).filter(pl.col(entity).is_not_null())
    counted = present.group_by(entity).agg(pl.len().cast(pl.Int64).alias(EVENTS))
    return counted.collect(engine="streaming")


def survey(rows: pl.LazyFrame, counts: Counts, lengths: pl.DataFrame, schema: Schema) -> Survey:
    """Return the survey of a table whose columns have been found.

    Raises
    ------
    DataError
        When too many rows have no entity or time, or some have no label: a
        sample of whole histories would not show it.
    """
    _check_keys(counts, schema)
    events = lengths[EVENTS].to_numpy()
    return Survey(
        rows=counts.rows,
        entities=lengths.height,
        single_event=int((events == 1).sum()),
        length_quantiles=_quantiles(events),
        nulls={name: count for name, count in counts.nulls.items() if count},
        rare=_rare(rows, counts, schema),
        months=_months(rows, schema),
    )


def _check_keys(counts: Counts, schema: Schema) -> None:
    for name in (schema.entity, schema.time):
        if counts.nulls[name] > MOST_KEYLESS * counts.rows:
            raise DataError(
                f"Column '{name}' is missing in {counts.nulls[name]:,} of {counts.rows:,} rows. "
                "Every event needs an owner and a time; fill the column, or name another with "
                "--entity or --time."
            )
    label = schema.label
    if label is not None and counts.nulls[label]:
        raise DataError(
            f"Label '{label}' is missing in {counts.nulls[label]:,} of {counts.rows:,} rows. "
            "Remove unlabelled rows, write 0 where the class is known to be negative, or leave "
            f"the label out with --drop {label}."
        )


def _rare(rows: pl.LazyFrame, counts: Counts, schema: Schema) -> tuple[str, ...]:
    """Return the columns whose reason, found in the sample, does not hold in all rows."""
    dropped = schema.with_role("dropped")
    names = [
        c.name for c in dropped if c.reason.endswith("in every row") and c.name in counts.nulls
    ]
    distinct = estimate_distinct(rows, names)
    return tuple(name for name in names if distinct[name] > 1)


def _quantiles(events: NDArray[np.int64]) -> dict[str, int]:
    shown = [q for q in _QUANTILES if min(q, 1 - q) * len(events) >= SMALLEST_GROUP]
    return {f"{100 * q:.0f}%": int(np.quantile(events, q, method="nearest")) for q in shown}


def _months(rows: pl.LazyFrame, schema: Schema) -> tuple[Month, ...]:
    dtype = rows.collect_schema()[schema.time]
    if dtype.base_type() not in (pl.Date, pl.Datetime):
        return ()
    moment = pl.col(schema.time)
    if dtype.base_type() == pl.Datetime:
        # Clock time, as cleaning reads it.
        moment = moment.dt.replace_time_zone(None)
    label = pl.lit(0) if schema.label is None else pl.col(schema.label).cast(pl.Int64)
    timed = rows.select(
        month=moment.dt.date().dt.truncate("1mo"), label=label, owner=pl.col(schema.entity)
    ).filter(pl.col("month").is_not_null())
    counted = (
        timed.group_by("month")
        .agg(
            pl.len().alias("rows"),
            pl.col("label").sum(),
            pl.col("owner").approx_n_unique().alias("owners"),
        )
        .collect(engine="streaming")
        .sort("month")
    )
    counted = counted.filter(~pl.col("month").is_in(_held_by_few(timed, counted).implode()))
    labels = counted["label"] if schema.label is not None else [None] * counted.height
    names = counted["month"].dt.strftime("%Y-%m")
    return tuple(map(Month, names, counted["rows"], labels))


def _held_by_few(timed: pl.LazyFrame, counted: pl.DataFrame) -> pl.Series:
    """Return the months in which fewer than 11 entities have a row; rows are no people.

    A sketch of all owners keeps memory flat; where it finds few, they are counted.
    """
    doubtful = counted.filter(pl.col("owners") < 10 * SMALLEST_GROUP)["month"]
    owners = timed.filter(pl.col("month").is_in(doubtful.implode())).group_by("month")
    exact = owners.agg(pl.col("owner").n_unique()).filter(pl.col("owner") < SMALLEST_GROUP)
    return exact.collect(engine="streaming")["month"]
