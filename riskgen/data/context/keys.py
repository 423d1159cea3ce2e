"""Which column of a context table holds the keys of the events, and as what type.

Knows keys, not what else the tables hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from riskgen.data.schema import unknown_name
from riskgen.errors import SchemaError

# Share of the events' keys that a column of another name must hold, and of its
# rows that must have a value of their own [J].
_HELD, _OWN = 0.99, 0.99
# Texts that are whole numbers and nothing else: 0012 is another key than 12.
_PLAIN_NUMBER = r"^(0|-?[1-9]\d{0,17})$"
_CODED = (pl.Categorical, pl.Enum)


@dataclass(frozen=True, eq=False)
class Keys:
    """The distinct keys of the events.

    Attributes
    ----------
    values : polars.Series
        Each key once, no nulls; text as String.
    is_coded : bool
        Whether the events store them as categories.
    """

    values: pl.Series = field(repr=False)
    is_coded: bool

    @classmethod
    def of(cls, events: pl.DataFrame | pl.LazyFrame, key: str) -> Keys:
        """Read the keys, and no other column, of the events."""
        schema = events.collect_schema()
        if key not in schema.names():
            raise SchemaError(unknown_name("column", key, schema.names()))
        values = events.lazy().select(pl.col(key).drop_nulls().unique()).collect(engine="streaming")
        coded = schema[key].base_type() in _CODED
        column = values[key].cast(pl.String).unique() if coded else values[key]
        return cls(column, coded)


def key_column(context: pl.DataFrame, keys: Keys, named: str | None) -> tuple[str, str]:
    """Return the context's key column and how it was found.

    Raises
    ------
    SchemaError
        When there is none, or several could be it.
    """
    if named is not None:
        if named not in context.columns:
            raise SchemaError("--context-key: " + unknown_name("column", named, context.columns))
        return named, "you named it"
    if keys.values.name in context.columns:
        return keys.values.name, "the same name"
    fitting = [c.name for c in context if _holds(c, keys)]
    if len(fitting) == 1:
        return fitting[0], "the same values"
    found = f"several columns hold its keys ({', '.join(fitting)})" if fitting else "no column does"
    raise SchemaError(
        f"The context should hold the keys of '{keys.values.name}', and {found}. Name its key "
        f"with --context-key; its columns: {', '.join(context.columns[:12])}."
    )


def _holds(column: pl.Series, keys: Keys) -> bool:
    if column.n_unique() < _OWN * len(column) or not len(keys.values):
        return False
    typed = _converted(column, keys.values.dtype)
    if typed is None:
        return False
    return int(keys.values.is_in(typed.drop_nulls().implode()).sum()) >= _HELD * len(keys.values)


def as_events_keys(column: pl.Series, keys: Keys, key: str) -> pl.Series:
    """Return the context's keys in the type of the events' keys.

    Raises
    ------
    SchemaError
        When they cannot be compared without loss.
    """
    wanted = keys.values.dtype
    typed = _converted(column, wanted)
    if typed is None or _loses_zeros(column.dtype, keys.values):
        raise SchemaError(
            f"The key '{key}' of the events has type {wanted}, '{column.name}' of the context has "
            f"type {column.dtype}, and they cannot be compared without loss (leading zeros, "
            "fractions or other text). Store both in the same type."
        )
    return typed


def _converted(column: pl.Series, wanted: pl.DataType) -> pl.Series | None:
    """Return ``column`` as type ``wanted``, None where that would change a key."""
    if column.dtype.base_type() in _CODED:
        column = column.cast(pl.String)
    if column.dtype == wanted:
        return column
    if column.dtype == pl.String:
        plain = column.str.contains(_PLAIN_NUMBER).all()
        number = wanted.is_integer() or wanted.is_float()
        return column.cast(wanted, strict=False) if plain and number else None
    if not column.dtype.is_numeric():
        return None
    whole = column.cast(pl.Int64, strict=False)
    same = (whole.cast(pl.Float64) == column.cast(pl.Float64)).all()
    if not same or whole.null_count() > column.null_count():
        return None
    if wanted == pl.String:
        return whole.cast(pl.String)
    # A key that the events' type cannot hold is a key that no event has.
    return whole.cast(wanted, strict=False) if wanted.is_numeric() else None


def _loses_zeros(found: pl.DataType, keys: pl.Series) -> bool:
    return (
        keys.dtype == pl.String
        and found.is_numeric()
        and bool((~keys.str.contains(_PLAIN_NUMBER)).any())
    )
