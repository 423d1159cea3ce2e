"""Tables of prices: one row a date, one column an asset, nobody's name in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from riskgen.data.dtypes import dtype_name
from riskgen.data.inference.profile import Profile, decimals
from riskgen.data.inference.resolution import resolution_of
from riskgen.data.inference.words import has_word
from riskgen.data.schema import Channel, Schema
from riskgen.errors import SchemaError

# A price may be missing or broken on a few days; cleaning sees to them [J].
_POSITIVE = 0.99
_COUNTS = frozenset({"volume", "vol", "turnover", "shares", "quantity", "qty"})


def is_price_table(profiles: Mapping[str, Profile]) -> bool:
    """Whether a table without an owner looks like prices by date."""
    dates = [p for p in profiles.values() if p.is_date]
    if len(dates) != 1 or not dates[0].is_unique:
        return False
    others = [p for p in profiles.values() if not p.is_date]
    return all(p.is_number for p in others) and any(_is_price(p) for p in others)


def price_schema(
    table: pl.DataFrame,
    profiles: Mapping[str, Profile],
    time: str | None,
    dropped: Sequence[Channel],
) -> Schema:
    """Return the schema of a price table: its date, its assets, and what is left out.

    Raises
    ------
    SchemaError
        When there is no date column or no column of positive numbers.
    """
    chosen = time or next((p.name for p in profiles.values() if p.is_date), None)
    if chosen is None:
        raise SchemaError(
            "No column holds dates. A table of prices needs one; name it with --time COLUMN."
        )
    channels = {c.name: c for c in dropped}
    channels |= {p.name: _asset(p) for p in profiles.values()}
    channels[chosen] = _date(profiles[chosen])
    if not any(c.role == "channel" for c in channels.values()):
        raise SchemaError("No column holds positive numbers, so there is no price to learn.")
    return Schema(
        domain="market",
        channels=tuple(channels[name] for name in table.columns),
        resolution=resolution_of(profiles[chosen].column),
    )


def _is_price(p: Profile) -> bool:
    if not p.is_number or p.n_distinct < 2 or has_word(p.name, _COUNTS):
        return False
    return int((p.column > 0).sum()) >= _POSITIVE * p.n_present


def _date(p: Profile) -> Channel:
    reason = "the date of each row"
    return Channel(
        name=p.name, dtype=dtype_name(p.dtype), kind="timestamp", role="time", reason=reason
    )


def _asset(p: Profile) -> Channel:
    dtype = dtype_name(p.dtype)
    if _is_price(p):
        return Channel(
            name=p.name,
            dtype=dtype,
            kind="amount",
            role="channel",
            meaning="price",
            decimals=decimals(p.column),
            reason="positive numbers, one for each date",
        )
    return Channel(name=p.name, dtype=dtype, kind="number", role="dropped", reason=_why_not(p))


def _why_not(p: Profile) -> str:
    if has_word(p.name, _COUNTS):
        return "a count of trades, not a price"
    return "not a price: its values are not positive numbers that change"
