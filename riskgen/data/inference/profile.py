"""Plain facts about one column, counted once and used by every rule.

Knows columns, not roles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from riskgen.data.codecs.grain import is_whole
from riskgen.data.schema import Kind
from riskgen.data.times.dates import form_of_dates
from riskgen.data.times.forms import find_form, is_named_like_time, read_form

# Whole numbers with at most this many values are categories [J].
FEW_LEVELS = 50
# No money is that much: larger numbers are placeholders, such as the largest float [J].
LARGEST = 1e30
READABLE = 0.99  # share of values that must be readable as times [J]
_MOST_DECIMALS = 6
# Share of values that a number of decimals must serve; a few imported cents
# must not turn whole amounts into cents [J].
_SERVED = 0.999


@dataclass(frozen=True)
class Told:
    """What the team says of a column; it goes before what the values suggest.

    Attributes
    ----------
    kind : str or None
        A kind of :mod:`riskgen.data.schema`; ``identifier`` numbers the rows.
    form : str or None
        How text or numbers write times.
    """

    kind: Kind | None = None
    form: str | None = None


NOTHING = Told()


@dataclass(frozen=True, eq=False)
class Profile:
    """What is in a column.

    Attributes
    ----------
    name : str
        Column name.
    column : polars.Series
        The values; text that is dates has been read as dates.
    dtype : polars.DataType
        Type in the user's table, before dates were read.
    n_rows, n_null, n_distinct : int
        Rows, missing values (NaN included), distinct values present.
    form : str or None
        How the values were written, where text or numbers were read as dates;
        see :mod:`riskgen.data.times.forms`.
    told : str or None
        Kind of the values, where the team said it.
    """

    name: str
    column: pl.Series = field(repr=False)
    dtype: pl.DataType
    n_rows: int
    n_null: int
    n_distinct: int
    form: str | None = None
    told: Kind | None = None

    @property
    def n_present(self) -> int:
        """Rows with a value."""
        return self.n_rows - self.n_null

    @property
    def is_date(self) -> bool:
        """Whether the values are dates or times."""
        return self.column.dtype.base_type() in (pl.Date, pl.Datetime)

    @property
    def is_whole(self) -> bool:
        """Whether the type is an integer."""
        return self.column.dtype.is_integer()

    @property
    def is_number(self) -> bool:
        """Whether the type is numeric."""
        return self.column.dtype.is_numeric()

    @property
    def is_text(self) -> bool:
        """Whether the values are text."""
        return self.column.dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)

    @property
    def has_clock(self) -> bool:
        """Whether some time is not midnight."""
        if self.column.dtype.base_type() != pl.Datetime:
            return False
        moments = self.column.drop_nulls()
        return bool((moments.dt.truncate("1d") != moments).any())

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.n_null == 0 and self.n_distinct == self.n_rows

    def has_both_signs(self) -> bool:
        """Whether numbers below and above zero occur, each in a row of a thousand."""
        if not self.is_number:
            return False
        below, above = int((self.column < 0).sum()), int((self.column > 0).sum())
        # Fewer refunds than that do not make a column signed [J].
        return min(below, above) > 0.001 * self.n_present

    def is_zero_one(self) -> bool:
        """Whether the values are a subset of 0, 1, true and false."""
        if self.column.dtype == pl.Boolean:
            return True
        if not self.is_number or self.n_distinct > 2:
            return False
        return set(self.column.drop_nulls().unique().to_list()) <= {0, 1}


def profile(column: pl.Series, *, is_time: bool = False, told: Told = NOTHING) -> Profile:
    """Return the facts about a column; NaN counts as missing.

    With ``is_time`` the user says that it holds times, whatever it is called;
    ``told`` is what else the user says.
    """
    form = _told_form(column, told, is_time)
    values = column if form is None else read_form(column, form)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    distinct = values.drop_nulls().n_unique()
    return Profile(
        *(column.name, values, column.dtype, len(values), values.null_count(), int(distinct)),
        form,
        told.kind,
    )


def _told_form(column: pl.Series, told: Told, is_time: bool) -> str | None:
    if column.dtype.is_temporal() or (told.kind not in (None, "timestamp") and not is_time):
        return None
    is_time = is_time or told.kind == "timestamp"
    return told.form or form_of(column, is_time=is_time)


def parsed(column: pl.Series) -> pl.Series:
    """Return text and numbers that are times as times, anything else as it is."""
    form = form_of(column)
    return column if form is None else read_form(column, form)


def form_of(column: pl.Series, *, is_time: bool = False) -> str | None:
    """Return the form in which a column writes times as text or numbers, or None.

    Numbers and texts of digits count only when the name, or the user, says time.
    """
    form = None
    # One value in a hundred may be broken; cleaning counts and says them [J].
    if column.dtype == pl.String:
        form = form_of_dates(column, least=READABLE)
    if form is None and (is_time or is_named_like_time(column.name)):
        form = find_form(column, least=READABLE)
    return form


def decimals(column: pl.Series) -> int:
    """Return the decimal places (0 to 6) that 99.9 % of the values need."""
    if not column.dtype.is_float() and column.dtype.base_type() != pl.Decimal:
        return 0
    values = column.cast(pl.Float64).drop_nulls().to_numpy()
    values = values[np.abs(values) < LARGEST]
    digits = 23 if column.dtype == pl.Float32 else 52
    for places in range(_MOST_DECIMALS):
        if len(values) == 0 or is_whole(values * 10.0**places, digits).mean() >= _SERVED:
            return places
    return _MOST_DECIMALS
