"""Who owns the events of a table that is too large to hold.

Looks at rows from many places, since a table sorted by time shows nearly every
customer once at its head; how often a key repeats is counted over all rows.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import polars as pl

from riskgen.data.inference.keys import find_entity, missing_entity
from riskgen.data.inference.profile import Profile, profile
from riskgen.data.market.pricetable import is_price_table
from riskgen.data.schema import unknown_name
from riskgen.data.size.survey import Counts, estimate_distinct
from riskgen.errors import SchemaError

PLACES, ROWS = 20, 5_000
"""Places of the table that are looked at, and rows read at each [J]."""


def preview(rows: pl.LazyFrame, n_rows: int) -> pl.DataFrame:
    """Return rows from places that are evenly spread over the ``n_rows`` of a table."""
    edges = sorted({place * n_rows // PLACES for place in range(PLACES + 1)})
    parts = (rows.slice(start, min(ROWS, stop - start)) for start, stop in pairwise(edges))
    # One by one: joined, they would be planned as slices of one scan of everything.
    return pl.concat([part.collect(engine="streaming") for part in parts])


def find_owner(
    rows: pl.LazyFrame,
    counts: Counts,
    entity: str | None = None,
    drop: tuple[str, ...] = (),
    domain: str | None = None,
) -> str | None:
    """Return the column that tells entities apart; None for a table of prices.

    Parameters
    ----------
    rows : polars.LazyFrame
        The table.
    counts : Counts
        Of all its rows.
    entity : str, optional
        Column that the user named.
    drop : tuple of str
        Columns that the user left out.
    domain : str, optional
        With ``transactions``, prices are no way out.

    Raises
    ------
    SchemaError
        When there is no such column.
    """
    names = rows.collect_schema().names()
    if entity is not None:
        if entity not in names:
            raise SchemaError(unknown_name("column", entity, names))
        return entity
    profiles = _profiles(rows, counts, [name for name in names if name not in drop])
    found = find_entity(profiles)
    if found is None and domain is None and is_price_table(profiles):
        return None
    if found is None:
        raise missing_entity(profiles)
    return found.name


def _profiles(rows: pl.LazyFrame, counts: Counts, names: list[str]) -> dict[str, Profile]:
    """Return profiles of the rows seen; what may be a key is counted over all rows."""
    seen = {column.name: profile(column) for column in preview(rows.select(names), counts.rows)}
    keys = [name for name, p in seen.items() if p.is_whole or p.dtype == pl.String]
    distinct = estimate_distinct(rows, keys)
    told = {
        name: replace(
            seen[name],
            n_rows=counts.rows,
            n_null=counts.nulls[name],
            n_distinct=min(distinct[name], counts.rows),
        )
        for name in keys
    }
    return seen | told
