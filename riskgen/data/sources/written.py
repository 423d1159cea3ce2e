"""Columns of text that hold numbers, truth values or dates, told by every row.

Knows how values are written. Looks at the rows in passes that hold none of
them, so that a file larger than memory can be typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import polars as pl

from riskgen.data.times.dates import candidate_forms, read_as

_ABSENT = ["na", "n/a", "nan", "null", "none"]
_PATTERNS = {
    "whole": r"^[+-]?(0|[1-9]\d{0,17})$",
    "point": r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?inf$",
    "comma": r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$",
}
_TRUTH = r"^(?i)(true|false)$"
# As a number, 007 would lose its zeros and a 20-digit key its last digits.
_KEY = r"^[+-]?(0\d|\d{19,}$)"
_SAMPLE = 200  # values from which the forms of dates are guessed, as in data/times/dates.py
_HEAD = 1_000  # rows that rule out most readings before all rows are asked


def typed(frame: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """Return ``frame`` with text columns as what all their values are.

    Parameters
    ----------
    frame : polars.LazyFrame
        Read once or twice in full; the result converts as it is read.
    columns : sequence of str
        Text columns to look at.
    """
    head = frame.head(_HEAD).collect()
    kinds = {name: _possible(head[name]) for name in columns}
    facts = _asked(frame, [fact for name in columns for fact in _facts(name, kinds[name])])
    converted: dict[str, pl.Expr] = {}
    undecided: dict[str, list[str]] = {}
    for name in columns:
        expression = _number(name, kinds[name], facts)
        if expression is not None:
            converted[name] = expression
        elif facts[f"{name}\0present"] and (forms := _forms(frame, head[name])):
            undecided[name] = forms
    return frame.with_columns(**converted).with_columns(**_dates(frame, undecided))


def _possible(head: pl.Series) -> list[str]:
    """Return the readings that the first rows leave open."""
    present = head.filter(~head.str.to_lowercase().is_in(_ABSENT))
    kinds = [kind for kind, form in _PATTERNS.items() if present.str.contains(form).all()]
    return [*kinds, "truth"] if head.str.contains(_TRUTH).all() else kinds


def _facts(name: str, kinds: Sequence[str]) -> list[pl.Expr]:
    column = pl.col(name)
    number = _without_absent(name)
    asked = {
        "present": number.is_not_null().any(),
        "key": number.str.contains(_KEY).any() if kinds else pl.lit(False),
    }
    for kind in kinds:
        values = column if kind == "truth" else number
        asked[kind] = values.str.contains(_TRUTH if kind == "truth" else _PATTERNS[kind]).all()
    return [fact.alias(f"{name}\0{key}") for key, fact in asked.items()]


def _asked(frame: pl.LazyFrame, facts: Sequence[pl.Expr]) -> dict[str, Any]:
    if not facts:
        return {}
    return frame.select(facts).collect(engine="streaming").row(0, named=True)


def _forms(frame: pl.LazyFrame, head: pl.Series) -> list[str]:
    """Return the forms of dates that the first values of a column may have."""
    first = head.drop_nulls()
    if len(first) < _SAMPLE:
        # A slice of rows stops early; a slice of an aggregated column would hold it whole.
        column = frame.select(head.name).filter(pl.col(head.name).is_not_null())
        first = column.head(_SAMPLE).collect(engine="streaming").to_series()
    return candidate_forms(first)


def _without_absent(name: str) -> pl.Expr:
    column = pl.col(name)
    return pl.when(~column.str.to_lowercase().is_in(_ABSENT)).then(column)


def _number(name: str, kinds: Sequence[str], facts: dict[str, Any]) -> pl.Expr | None:
    if not facts[f"{name}\0present"]:
        return None
    number = _without_absent(name)
    plain = number.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    readings = {
        "whole": number.cast(pl.Int64),
        "point": number.cast(pl.Float64),
        "comma": plain.cast(pl.Float64),
        "truth": pl.col(name).str.to_lowercase() == "true",
    }
    for kind in kinds:
        if facts[f"{name}\0{kind}"] and (kind == "truth" or not facts[f"{name}\0key"]):
            return readings[kind]
    return None


def _dates(frame: pl.LazyFrame, undecided: dict[str, list[str]]) -> dict[str, pl.Expr]:
    asked = [fact for name, forms in undecided.items() for fact in _date_facts(name, forms)]
    facts = _asked(frame, asked)
    chosen: dict[str, pl.Expr] = {}
    for name, forms in undecided.items():
        fitting = [form for form in forms if not facts[f"{name}\0{form}"]]
        # A column that two forms read differently is not guessed.
        if fitting and not any(facts[f"{name}\0{fitting[0]}\0{form}"] for form in fitting[1:]):
            chosen[name] = read_as(pl.col(name), fitting[0])
    return chosen


def _date_facts(name: str, forms: Sequence[str]) -> list[pl.Expr]:
    column = pl.col(name)
    read = {form: read_as(column, form) for form in forms}
    misread = [
        (read[form].is_null() & column.is_not_null()).any().alias(f"{name}\0{form}")
        for form in forms
    ]
    return misread + [
        (read[one] != read[other]).any().alias(f"{name}\0{one}\0{other}")
        for one, other in combinations(forms, 2)
    ]
