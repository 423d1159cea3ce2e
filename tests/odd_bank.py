"""A plain bank, and what real exports do to one: each quirk changes a table a little."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import strategies as st
from strategies import (
    FLOATS,
    INTEGERS,
    MAKERS,
    NUMBER_TOKEN,
    TOKEN,
    WILD_NAMES,
    WILD_TEXTS,
    ZONES,
    Rng,
    streams,
    with_nulls,
)

Quirk = Callable[[pl.DataFrame, Rng], pl.DataFrame]


def plain_bank(rng: Rng, n_entities: int = 60, events: int = 6) -> pl.DataFrame:
    """A bank as one would wish it: keys, clock, cents, categories, a label, a balance."""
    lengths = rng.integers(1, 2 * events, size=n_entities)
    owner = np.repeat(np.arange(n_entities), lengths)
    n = len(owner)
    offsets = rng.integers(0, 90 * 86_400, size=n)
    start = datetime(2024, 2, 1)
    frame = pl.DataFrame(
        {
            "customer": [f"c{i:04d}" for i in owner],
            "when": [start + timedelta(seconds=int(s)) for s in offsets],
            "amount": (rng.lognormal(3, 1, n) * np.where(rng.random(n) < 0.3, 1, -1)).round(2),
            "category": rng.choice(list("abcdefgh"), size=n, p=np.arange(1, 9) / 36),
            "merchant": [f"m{int(k)}" for k in rng.zipf(1.5, n) % 300],
            "count": rng.poisson(4, n),
            "segment": np.array(list("xyz"))[owner % 3],
            "fraud": (rng.random(n) < 0.05).astype(np.int8),
        },
        schema_overrides={"when": pl.Datetime("us")},
    )
    cents = (pl.col("amount") * 100).round().cast(pl.Int64)
    return frame.sort("customer", "when").with_columns(
        balance=(cents.cum_sum().over("customer") + 5_000) / 100
    )


def _changed(name: str, values: object, rng: Rng, frame: pl.DataFrame, share: float) -> pl.Series:
    """Return a column with a share of its rows (one at least) set to one of ``values``."""
    rows = np.flatnonzero(rng.random(frame.height) < share)
    if frame.height and not len(rows):
        rows = rng.integers(frame.height, size=1)
    drawn = [values[i] for i in rng.integers(len(values), size=len(rows))]  # type: ignore[index,arg-type]
    column = frame[name]
    fresh = pl.Series(drawn, dtype=column.dtype, strict=False)
    return column.scatter(pl.Series(rows), fresh)


def _number_key(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    dtype = INTEGERS[int(rng.integers(1, len(INTEGERS)))]
    if dtype == pl.UInt8:
        dtype = pl.UInt16
    top = int(pl.select(dtype.max()).item())
    base = (0, top - 5_000, -1_000, 2**53)[int(rng.integers(4))]
    base = base if pl.select(dtype.min()).item() <= base <= top - 5_000 else 0
    keys = [None if k is None else base + int(k[1:]) for k in frame["customer"]]
    return frame.with_columns(customer=pl.Series(keys, dtype=dtype))


def _text_key(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    kinds = (pl.Categorical(), pl.Enum(frame["customer"].drop_nulls().unique().sort()), pl.String())
    wild = WILD_TEXTS[int(rng.integers(len(WILD_TEXTS)))]
    kind = kinds[int(rng.integers(3))]
    key = pl.lit(wild) + pl.col("customer") if kind == pl.String() else pl.col("customer")
    return frame.with_columns(customer=key.cast(kind))


def _strange_key(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    number = pl.col("customer").str.slice(1).cast(pl.Int64)
    kinds = [pl.Float64, pl.Decimal(12, 0), pl.Date, pl.Datetime("ms"), pl.Boolean, pl.Duration]
    return frame.with_columns(customer=number.cast(kinds[int(rng.integers(len(kinds)))]))


def _some_missing(name: str, share: float) -> Quirk:
    def change(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        return frame.with_columns(with_nulls(frame[name], rng, share))

    return change


def _time_as(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    when = pl.col("when")
    zone = ZONES[int(rng.integers(len(ZONES)))]
    ways = (
        when.cast(pl.Date),
        when.cast(pl.Datetime("ms")),
        when.cast(pl.Datetime("ns")),
        when.dt.replace_time_zone("UTC").dt.convert_time_zone(zone),
        when.dt.epoch("d"),
        when.dt.epoch("s").cast(pl.Float64),
        when.dt.truncate("1mo").cast(pl.Date),
        when.dt.month_end().cast(pl.Date),
        when.dt.strftime("%Y-%m-%d %H:%M:%S"),
        when.dt.strftime("%d.%m.%Y"),
        when.dt.strftime("%d/%m/%Y"),
        when.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        when.dt.offset_by("-2020y"),
        when.dt.offset_by("7900y"),
        when.dt.offset_by("-60y"),
        when.dt.time(),
        pl.lit(datetime(2024, 2, 29)).cast(pl.Datetime("us")),
        (pl.int_range(pl.len()).over("customer") % 200).cast(pl.UInt8),
        pl.int_range(pl.len()).over("customer") * 10**12,
    )
    return frame.with_columns(when=ways[int(rng.integers(len(ways)))])


def _far_times(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    if frame.schema["when"].base_type() != pl.Datetime:
        return frame
    far = [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), datetime(1969, 12, 31)]
    zone = frame.schema["when"].time_zone  # type: ignore[union-attr]
    odd = _changed(
        "when",
        far,
        rng,
        frame.with_columns(pl.col("when").dt.replace_time_zone(None) if zone else pl.col("when")),
        0.01,
    )
    return frame.with_columns(
        odd.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null") if zone else odd
    )


def _amount_values(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    if frame.schema["amount"] != pl.Float64:
        return frame
    pool = FLOATS[np.isfinite(FLOATS)] if rng.random() < 0.7 else FLOATS
    pool = rng.choice(pool, size=int(rng.integers(1, 4)))
    return frame.with_columns(
        _changed("amount", pool.tolist(), rng, frame, rng.choice([0.01, 0.5]))
    )


def _amount_scale(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    power = float(rng.choice([-300, -12, -5, 5, 9, 12, 15, 18, 25, 300]))
    return frame.with_columns(pl.col("amount").cast(pl.Float64) * 10.0**power)


def _amount_type(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    kinds = [pl.Float32, pl.Float16, pl.Decimal(38, 2), pl.Decimal(38, 20), pl.Decimal(9, 0)]
    kinds += [*INTEGERS, pl.String, pl.Categorical]
    kind = kinds[int(rng.integers(len(kinds)))]
    amount = frame["amount"]
    if kind == pl.Categorical:
        return frame.with_columns(amount.cast(pl.String).cast(kind))
    if isinstance(kind, pl.Decimal):
        amount = amount.fill_nan(None).clip(-1e6, 1e6)
    return frame.with_columns(amount.cast(kind, strict=False))


def _amount_flat(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    values = (0.0, -0.0, 5.0, 1e18, 0.1 + 0.2)
    return frame.with_columns(amount=pl.lit(values[int(rng.integers(5))]))


def _shared_amounts(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    own = rng.lognormal(6, 1, 60).round(2)
    owner = frame["customer"].rank("dense").fill_null(0).to_numpy().astype(int) % 60
    fixed = rng.random(frame.height) < 0.4
    values = np.where(fixed, own[owner], rng.choice([10.0, 20.0, 50.0, 19.99], size=frame.height))
    return frame.with_columns(amount=pl.Series(values))


def _category_values(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    name = ("category", "merchant", "segment")[int(rng.integers(3))]
    if frame.schema[name] != pl.String:
        return frame
    return frame.with_columns(_changed(name, WILD_TEXTS, rng, frame, rng.choice([0.02, 0.6])))


def _category_type(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    name = ("category", "merchant", "segment")[int(rng.integers(3))]
    number = pl.col(name).cast(pl.String).rank("dense")
    kinds = [pl.Int8, pl.Int128, pl.UInt64, pl.Decimal(9, 2), pl.Float64, pl.Float32, pl.Int32]
    if rng.random() < 0.4:
        return frame.with_columns(pl.col(name).cast(pl.Categorical))
    shift = 2**53 if rng.random() < 0.2 else 0
    kind = kinds[int(rng.integers(len(kinds)))]
    return frame.with_columns((number.cast(pl.Int64) + shift).cast(kind, strict=False).alias(name))


def _label_as(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    fraud = pl.col("fraud")
    ways = (
        fraud.cast(pl.Boolean),
        fraud.cast(pl.Float64),
        fraud.cast(pl.Decimal(3, 2)),
        fraud.cast(pl.Int128),
        fraud * 0,
        fraud * 0 + 1,
        fraud + 1,
        fraud.max().over("customer"),
        fraud.cast(pl.String),
        (pl.col("amount").cast(pl.Float64, strict=False) > 50).cast(pl.UInt8),
        pl.lit(None).cast(pl.Int8),
    )
    return frame.with_columns(fraud=ways[int(rng.integers(len(ways)))])


def _more_columns(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    kinds = sorted(set(MAKERS) - {"Binary", "List", "Array", "Struct", "Time", "Duration"})
    for number in range(int(rng.integers(1, 4))):
        kind = kinds[int(rng.integers(len(kinds)))]
        column = MAKERS[kind](rng, frame.height).alias(f"extra{number}")
        frame = frame.with_columns(with_nulls(column, rng, float(rng.choice([0, 0.2, 0.99]))))
    return frame


def _one_long_history(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    first = frame["customer"][0]
    owner = pl.when(pl.int_range(pl.len()) < pl.len() // 3).then(
        pl.lit(first, frame.schema["customer"])
    )
    return frame.with_columns(customer=owner.otherwise(pl.col("customer")))


def _tokens(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    for name in ("category", "merchant", "segment"):
        if frame.schema[name] == pl.String:
            frame = frame.with_columns(_changed(name, [TOKEN], rng, frame, 0.0))
    if frame.schema["amount"] == pl.Float64:
        frame = frame.with_columns(_changed("amount", [float(NUMBER_TOKEN)], rng, frame, 0.0))
    return frame


QUIRKS: dict[str, Quirk] = {
    "number key": _number_key,
    "text key": _text_key,
    "strange key": _strange_key,
    "a key missing": _some_missing("customer", 0.005),
    "keys missing": _some_missing("customer", 0.3),
    "a time missing": _some_missing("when", 0.005),
    "time as": _time_as,
    "far times": _far_times,
    "amount values": _amount_values,
    "amount scale": _amount_scale,
    "amount type": _amount_type,
    "amount flat": _amount_flat,
    "shared amounts": _shared_amounts,
    "amounts missing": _some_missing("amount", 0.3),
    "all amounts missing": _some_missing("amount", 1.0),
    "category values": _category_values,
    "category type": _category_type,
    "categories missing": _some_missing("category", 0.3),
    "merchants missing": _some_missing("merchant", 0.9),
    "label as": _label_as,
    "a label missing": _some_missing("fraud", 0.01),
    "more columns": _more_columns,
    "shuffled": lambda frame, rng: frame[pl.Series(rng.permutation(frame.height))],
    "rows twice": lambda frame, rng: pl.concat([frame, frame.head(30)]),
    "few rows": lambda frame, rng: frame.head(int(rng.integers(0, 60))),
    "one long history": _one_long_history,
    "tokens": _tokens,
}
# The order in which they are applied: types last, since the others edit values.
ORDER = sorted(QUIRKS, key=lambda q: (q.endswith(("key", "type", "as")), q))


def quirky(quirks: list[str], rng: Rng, frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` after ``quirks``, in an order that none of them spoils."""
    for name in sorted(quirks, key=ORDER.index):
        taken = name.endswith(" key") and frame.schema["customer"] != pl.String
        if frame.height and not taken:
            frame = QUIRKS[name](frame, rng)
    return frame


@st.composite
def odd_banks(draw: st.DrawFn, most_quirks: int = 4) -> pl.DataFrame:
    """A bank of 60 customers with up to ``most_quirks`` quirks, sometimes oddly named columns."""
    quirks = draw(st.lists(st.sampled_from(ORDER), max_size=most_quirks, unique=True))
    rng = draw(streams())
    frame = quirky(quirks, rng, plain_bank(rng))
    renamed = draw(
        st.dictionaries(
            st.sampled_from(["category", "merchant", "count", "balance", "amount"]),
            st.sampled_from([n for n in WILD_NAMES if n]),
            max_size=2,
        )
    )
    if len(set(renamed.values())) < len(renamed):
        return frame
    return frame.rename(renamed)
