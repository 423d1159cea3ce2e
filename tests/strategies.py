"""Random tables: anything that polars can hold.

A strategy draws the recipe (types, names) and the seed of one stream, so
that a failing table shrinks to its oddest column and is drawn fast all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from hypothesis import strategies as st

Rng = np.random.Generator
Make = Callable[[Rng, int], pl.Series]

TOKEN = "Zq7PLANTEDq7Z"  # in values only, so that no message may hold it
NUMBER_TOKEN = 918_273_645_546
WILD_TEXTS = (
    *("", " ", "\u202eright to left\u202c", "e\u0301", "\u00e9", "👩‍👩‍👧‍👦", "\x00", "a\x00b"),
    *("\x07\x1b[31m", "\u2028line", "\ufeffbom", "x" * 5_000, "=1+1", "null", "NaN", "OTHER"),
    *("\ud7ff\ue000", "𝕏", '"quoted"', "a,b;c\td", "line\nbreak", "\r", "new-000001-000", TOKEN),
)
WILD_NAMES = (
    *("", " ", " customer", "Customer", "customer ", "e\u0301", "\u00e9", "n" * 3_000, "a\nb"),
    *("=SUM(A1)", "- item", "key: value", "null", "true", "1", "2024-01-01", "~", "#x", "{a}"),
    *(
        "\u202eabc",
        "\x00",
        "\x85",
        "\u2028",
        "👩‍👩‍👧",
        "a)b(",
        "running_sum(x)",
        "'q'",
        '"q"',
        "%s",
    ),
    *("[red]x[/red]", "[/]", "\\", "!!python/object:os.system", "&a", "*a", "\ufeff", "\ufffe"),
)
BANK_NAMES = (
    *("customer_id", "account", "card_number", "iban", "user", "sender", "time", "date", "step"),
    *("amount", "balance", "value", "price", "fraud", "label", "default", "merchant", "country"),
    *("category", "device", "channel", "email", "phone", "name", "birth_date", "remark", "weekday"),
    *("open", "high", "low", "close", "volume", "symbol", "id", "row", "month", "hour", "currency"),
)
FLOATS = np.array(
    [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.01,
        19.99,
        1e-300,
        5e-324,
        -5e-324,
        1e15,
        2.0**53 + 2,
        1e18,
        1e19,
        1e100,
        -1e100,
        1.7e308,
        -1.7e308,
        np.nan,
        np.inf,
        -np.inf,
        float(NUMBER_TOKEN),
    ]
)
INTEGERS = (
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128),
    *(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128),
)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


def _whole(dtype: pl.DataType) -> Make:
    bounds = (pl.select(dtype.min()).item(), pl.select(dtype.max()).item())

    def make(rng: Rng, n: int) -> pl.Series:
        edges = [*bounds, 0, 1, 2, 3, 5, 10, 100, NUMBER_TOKEN]
        pool = [v for v in edges if bounds[0] <= v <= bounds[1]]
        if rng.random() < 0.5:
            pool = [int(v) for v in rng.integers(0, 120, size=60)]
        return pl.Series([pool[i] for i in rng.integers(len(pool), size=n)], dtype=dtype)

    return make


def _floats(dtype: pl.DataType) -> Make:
    def make(rng: Rng, n: int) -> pl.Series:
        kind = int(rng.integers(4))
        if kind == 0:
            with np.errstate(over="ignore"):
                values = rng.choice(FLOATS, size=n)
                return pl.Series(values).cast(dtype, strict=False)
        if kind == 1:
            return pl.Series(rng.lognormal(3, 1, n).round(2)).cast(dtype)
        if kind == 2:
            return pl.Series(rng.normal(0, 10.0 ** rng.uniform(-3, 3, n))).cast(dtype)
        return pl.Series(rng.integers(0, 2, n).astype(float)).cast(dtype)

    return make


def _texts(rng: Rng, n: int) -> pl.Series:
    pools: list[list[str]] = [
        list(WILD_TEXTS),
        list("abcde"),
        [f"{TOKEN}{i}" for i in range(n + 1)],
        ["007", "1.5", "1,5", "1.234,50", "1e5", "inf", "NA", str(NUMBER_TOKEN), "-3", "9" * 25],
        ["2024-01-31", "2024-02-01", "2024-12-31", "0001-01-01", "9999-12-31", "2024-02-30"],
        ["2024-03-31T02:30:00+02:00", "2024-03-31 02:30", "31.03.2024", "03/04/2024", "12/25/2024"],
        ["jo@x.com", "a@b.org", "DE89370400440532013000", "4111111111111111", "+49 170 1234567"],
        ["true", "FALSE", "True", "yes"],
    ]
    pool = pools[int(rng.integers(len(pools)))]
    return pl.Series([pool[i] for i in rng.integers(len(pool), size=n)], dtype=pl.String)


def _moments(dtype: pl.DataType) -> Make:
    def make(rng: Rng, n: int) -> pl.Series:
        start, span = (
            (datetime(2024, 3, 1), 60 * 86_400),
            (datetime(2024, 10, 1), 60 * 86_400),
            (datetime(1, 1, 1), 86_400),
            (datetime(1900, 1, 1), 200 * 365 * 86_400),
            (datetime(9999, 1, 1), 300 * 86_400),
            (datetime(1969, 12, 31), 2),
        )[int(rng.integers(6))]
        seconds = rng.integers(0, span, size=n)
        times = [start + timedelta(seconds=int(s), microseconds=int(s) % 7) for s in seconds]
        plain = pl.Series(times, dtype=pl.Datetime("us"))
        if isinstance(dtype, pl.Datetime) and dtype.time_zone:
            placed = plain.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
            return placed.cast(dtype, strict=False)
        return plain.cast(dtype, strict=False)

    return make


def _decimals(precision: int, scale: int) -> Make:
    def make(rng: Rng, n: int) -> pl.Series:
        top = 10 ** min(precision, 17)
        unit = Decimal(1).scaleb(-scale)
        return pl.Series(
            [int(v) * unit for v in rng.integers(-top + 1, top, size=n)],
            dtype=pl.Decimal(precision, scale),
        )

    return make


def _levels(dtype: pl.DataType) -> Make:
    return lambda rng, n: pl.Series(rng.choice(list("abcde"), size=n).tolist()).cast(dtype)


def _nested(dtype: pl.DataType, value: object) -> Make:
    return lambda rng, n: pl.Series([value] * n, dtype=dtype)


MAKERS: dict[str, Make] = {
    **{str(kind): _whole(kind()) for kind in INTEGERS},
    **{str(kind): _floats(kind()) for kind in (pl.Float16, pl.Float32, pl.Float64)},
    "Boolean": lambda rng, n: pl.Series(rng.random(n) < rng.random(), dtype=pl.Boolean),
    "String": _texts,
    "Categorical": _levels(pl.Categorical()),
    "Enum": _levels(pl.Enum(list("abcdef"))),
    "Date": _moments(pl.Date()),
    **{f"Datetime({unit})": _moments(pl.Datetime(unit)) for unit in ("ms", "us", "ns")},
    **{f"Datetime({zone})": _moments(pl.Datetime("us", zone)) for zone in ZONES},
    "Time": lambda rng, n: pl.Series(rng.integers(0, 86_400 * 10**9, n)).cast(pl.Time),
    "Duration": lambda rng, n: pl.Series(rng.integers(-9, 9, n)).cast(pl.Duration("ms")),
    **{f"Decimal{p}": _decimals(*p) for p in ((5, 2), (12, 0), (18, 4), (38, 2), (38, 20))},
    "Binary": _nested(pl.Binary(), TOKEN.encode()),
    "List": _nested(pl.List(pl.String), [TOKEN]),
    "Array": _nested(pl.Array(pl.Int8, 2), [1, 2]),
    "Struct": _nested(pl.Struct({"a": pl.String}), {"a": TOKEN}),
    "Null": lambda rng, n: pl.Series([None] * n, dtype=pl.Null),
}
SIMPLE = [name for name in MAKERS if name not in ("Binary", "List", "Array", "Struct")]


def with_nulls(column: pl.Series, rng: Rng, share: float) -> pl.Series:
    """Return a column of any type with a share of its values missing."""
    rows = pl.Series(np.arange(len(column)))
    holes = pl.Series(rng.random(len(column)) < share)
    rows = pl.select(pl.when(~holes).then(rows)).to_series()
    return column.gather(rows).alias(column.name)


def names() -> st.SearchStrategy[str]:
    """Column names of every kind, half of them what banks write."""
    return st.one_of(
        st.sampled_from(BANK_NAMES), st.sampled_from(WILD_NAMES), st.text(min_size=1, max_size=12)
    )


def streams() -> st.SearchStrategy[Rng]:
    """Random streams; the seed is what a failing example shows."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Anything: up to eight columns of any type and name, 0 to 400 rows."""
    kinds = draw(st.lists(st.sampled_from(list(MAKERS)), min_size=1, max_size=8))
    called = draw(st.lists(names(), min_size=len(kinds), max_size=len(kinds), unique=True))
    n, rng = draw(st.sampled_from([0, 1, 2, 19, 20, 60, 400])), draw(streams())
    shares = draw(
        st.lists(
            st.sampled_from([0.0, 0.0, 0.005, 0.3, 1.0]), min_size=len(kinds), max_size=len(kinds)
        )
    )
    columns = [
        with_nulls(MAKERS[kind](rng, n).alias(name), rng, share)
        for kind, name, share in zip(kinds, called, shares, strict=True)
    ]
    return pl.DataFrame(columns)
