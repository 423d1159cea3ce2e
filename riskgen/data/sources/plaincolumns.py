"""Columns of a database as plain Arrow columns: numbers, text, dates, truth values.

Knows how ADBC and DuckDB hand out their types; knows no table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from riskgen.errors import DataError

Convert = Callable[[pa.Array], pa.Array]
_MOST_DIGITS = 38
_HEADER = 4  # PostgreSQL adds 4 to ((precision << 16) | scale) in a type modifier


@dataclass(frozen=True)
class PlainColumns:
    """How to make each column plain.

    Attributes
    ----------
    schema : pyarrow.Schema
        Of the plain columns.
    written : tuple of str
        Columns of numbers without a stated scale, which stay text here.
    """

    schema: pa.Schema
    written: tuple[str, ...]
    _convert: tuple[Convert, ...] = field(repr=False)

    @classmethod
    def of(cls, schema: pa.Schema, name: str) -> PlainColumns:
        """Plan for the columns of ``schema``.

        Raises
        ------
        DataError
            When two columns share a name, or one is of a type that cannot be
            modelled.
        """
        for column in schema.names:
            if schema.names.count(column) > 1:
                raise DataError(
                    f"'{name}' gives the column '{column}' {schema.names.count(column)} times. "
                    'Name columns one by one in the query, with "as".'
                )
        plans = [_plan(column, name) for column in schema]
        plain = pa.schema([(c.name, plan[0]) for c, plan in zip(schema, plans, strict=True)])
        written = [c.name for c in schema if _is_numeric(c) and _decimal(c) is None]
        return cls(plain, tuple(written), tuple(plan[1] for plan in plans))

    def plain(self, batch: pa.RecordBatch) -> pa.Table:
        """Return a batch as a table of plain columns."""
        arrays = [
            convert(array) for convert, array in zip(self._convert, batch.columns, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _plan(column: pa.Field, name: str) -> tuple[pa.DataType, Convert]:
    kind = column.type
    word = _metadata(column, b"POSTGRESQL:type")
    if isinstance(kind, pa.UuidType):
        return pa.string(), _uuid
    if _is_numeric(column):
        decimal = _decimal(column)
        return (pa.string(), _storage) if decimal is None else (decimal, _to_decimal(decimal))
    if isinstance(kind, pa.BaseExtensionType) and _is_text(kind.storage_type):
        return pa.string(), lambda array: array.storage.cast(pa.string())
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        return pa.string(), lambda array: array.cast(pa.string())
    if word == "bpchar":
        return kind, pc.utf8_rtrim_whitespace
    if word in ("money", "oid") or _is_foreign(kind):
        raise DataError(
            f"Column '{column.name}' in '{name}' is of type {word or kind}. Turn it into a number, "
            "text or a timestamp in the query (cast, extract), or leave it out."
        )
    return kind, lambda array: array


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_foreign(kind: pa.DataType) -> bool:
    tests = (pa.types.is_nested, pa.types.is_interval, pa.types.is_duration)
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return isinstance(kind, pa.BaseExtensionType) or any(t(kind) for t in (*tests, *binary))


def _metadata(column: pa.Field, key: bytes) -> str:
    return bytes((column.metadata or {}).get(key, b"")).decode()


def _is_numeric(column: pa.Field) -> bool:
    return _metadata(column, b"POSTGRESQL:type") == "numeric"


def _decimal(column: pa.Field) -> pa.DataType | None:
    """Return the type of ``numeric(12, 2)``; None for a numeric of any scale."""
    modifier = int(_metadata(column, b"POSTGRESQL:typmod") or -1) - _HEADER
    precision, scale = modifier >> 16, modifier & 0x7FF
    fits = 0 < precision <= _MOST_DIGITS and scale <= precision
    return pa.decimal128(precision, scale) if fits else None


def _storage(array: pa.Array) -> pa.Array:
    return array.storage


def _to_decimal(kind: pa.DataType) -> Convert:
    def convert(array: pa.Array) -> pa.Array:
        # NaN is no amount of money: it becomes null, as in a CSV file.
        text = pc.if_else(pc.equal(pc.utf8_lower(array.storage), "nan"), None, array.storage)
        return text.cast(kind)

    return convert


def _uuid(array: pa.Array) -> pa.Array:
    return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())
