"""Flags that say which way money went: credit or debit, in or out.

A flag follows from the sign of an amount, or an amount from its size and the
flag. Levels that fewer than 11 entities share are never written down.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.codecs.disclosure import SMALLEST_GROUP
from riskgen.data.derived.formula import Formula
from riskgen.data.derived.ledger import absent
from riskgen.data.inference.inventory import Table
from riskgen.data.inference.profile import Profile

# More levels than that are kinds of payments rather than directions [J].
MOST_LEVELS = 12


def find_sign(table: Table, signed: Profile, flag: Profile) -> Formula | None:
    """Return the formula by which a two-level column says the sign of another, if it does.

    It must hold in every row, and both levels be shared by 11 entities.
    """
    if flag.n_distinct != 2 or not is_flag(flag):
        return None
    if not np.array_equal(absent(signed.column), flag.column.is_null().to_numpy()):
        return None
    levels = _levels_of_signs(signed.column, flag.column.cast(pl.String))
    if levels is None or not are_shared(table, flag, [levels[-1], levels[1]]):
        return None
    zero = levels.get(0, levels[1])
    extra = () if zero == levels[1] else (zero,)
    return Formula("sign", (signed.name,), (levels[-1], levels[1], *extra))


def is_flag(p: Profile) -> bool:
    """Whether a column could say directions: few levels of text, truth or whole numbers."""
    plain = p.is_text or p.is_whole or p.column.dtype == pl.Boolean
    return plain and 2 <= p.n_distinct <= MOST_LEVELS


def _levels_of_signs(values: pl.Series, texts: pl.Series) -> dict[int, str] | None:
    """Return the level of each sign, None unless minus and plus have one of their own."""
    pairs = pl.DataFrame({"sign": values.sign().cast(pl.Int8, strict=False), "level": texts})
    found = pairs.drop_nulls().unique()
    levels = dict(zip(found["sign"].to_list(), found["level"].to_list(), strict=True))
    one_each = len(levels) == found.height and {-1, 1} <= set(levels)
    return levels if one_each and levels[-1] != levels[1] else None


def are_shared(table: Table, flag: Profile, levels: list[str]) -> bool:
    """Whether at least 11 entities have each of the levels."""
    rows = pl.DataFrame({"owner": table.owner, "level": flag.column.cast(pl.String)})
    counts = rows.group_by("level").agg(n=pl.col("owner").n_unique())
    shared = counts.filter(pl.col("n") >= SMALLEST_GROUP)["level"].to_list()
    return set(levels) <= set(shared)


def find_signed(
    table: Table, size: Profile, signed: Profile, rest: list[Profile]
) -> Formula | None:
    """Return the formula by which a size and a flag with several levels give the signed amount.

    Wanted where a bank has more words than two, such as withdrawal and
    withdrawal in cash: the flag says more than the sign does.
    """
    negative = (signed.column < 0).fill_null(False).to_numpy()
    for flag in rest:
        if flag in (size, signed) or not is_flag(flag) or flag.n_distinct < 3 or flag.n_null:
            continue
        minus = minus_levels(flag, negative, (signed.column != 0).fill_null(False).to_numpy())
        if minus and are_shared(table, flag, minus):
            return Formula("signed", (size.name, flag.name), tuple(minus))
    return None


def minus_levels(
    flag: Profile, negative: NDArray[np.bool_], moved: NDArray[np.bool_]
) -> list[str] | None:
    """Return the levels of rows with money out, None where a level has both directions."""
    texts = flag.column.cast(pl.String).filter(pl.Series(moved))
    rows = pl.DataFrame({"level": texts, "out": negative[moved]}).unique()
    if rows["level"].is_duplicated().any() or rows["level"].null_count():
        return None
    return sorted(rows.filter(pl.col("out"))["level"].to_list())
