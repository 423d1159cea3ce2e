"""What the detectors see of a column: some of its distinct values, as text.

Knows columns and their types, not what is personal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

# Distinct values looked at one by one, and searched for something inside them [J].
_SOME, _MANY = 2_000, 50_000
# Whole numbers below this are no key of a person, even when stored as floats [J].
_KEY_SIZED = 1e6


@dataclass(frozen=True, eq=False)
class Sample:
    """Distinct values of a column, evenly spaced in order of first appearance.

    Attributes
    ----------
    name : str
        Column name.
    texts : list of str
        At most 2,000 distinct values without outer spaces; never to be printed.
    many : polars.Series of String
        At most 50,000 distinct values.
    is_text : bool
        Whether the values are stored as text.
    n_present, n_distinct : int
        Rows with a value, and distinct values among them.
    """

    name: str
    texts: list[str] = field(repr=False)
    many: pl.Series = field(repr=False)
    is_text: bool
    n_present: int
    n_distinct: int

    def most(self, test: Callable[[str], bool], share: float, fewest: int = 1) -> bool:
        """Whether at least ``share`` of ``fewest`` or more distinct values pass ``test``."""
        if len(self.texts) < max(fewest, 1):
            return False
        return sum(map(test, self.texts)) >= share * len(self.texts)

    @property
    def repeats_little(self) -> bool:
        """Whether nine in ten of at least twenty values are there once only [J]."""
        return self.n_present >= 20 and self.n_distinct > 0.9 * self.n_present


def is_text(column: pl.Series) -> bool:
    """Whether a column holds text."""
    return column.dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)


def sample_of(column: pl.Series) -> Sample | None:
    """Return the sample of a column of text or whole numbers; None for anything else or empty."""
    values = _texts(column)
    if values is None or values.is_empty():
        return None
    distinct = values.unique(maintain_order=True)
    many = distinct.gather_every(-(-len(distinct) // _MANY))
    some = many.gather_every(-(-len(many) // _SOME))
    texts = [text.strip() for text in some.to_list()]
    return Sample(column.name, texts, many, is_text(column), len(values), len(distinct))


def _texts(column: pl.Series) -> pl.Series | None:
    """Return the values present as text; whole numbers with leading zeros lost."""
    if column.dtype.is_float():
        # A key with gaps becomes a float on its way through pandas.
        values = column.drop_nulls().drop_nans()
        whole = values.is_finite().all() and (values == values.round(0)).all()
        if values.is_empty() or not whole or not _KEY_SIZED <= values.abs().max() < 2.0**63:  # type: ignore[operator]
            return None
        return values.cast(pl.Int64).cast(pl.String)
    if not (column.dtype.is_integer() or is_text(column)):
        return None
    return column.drop_nulls().cast(pl.String)
