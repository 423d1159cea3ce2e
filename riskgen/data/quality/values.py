"""Values that stand for something else: missing, damaged, numbers in letters.

Looks at single columns; needs no roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from riskgen.data.inference.words import has_word
from riskgen.data.inspection.evidence import Evidence, text_columns
from riskgen.data.quality.problem import Problem

_KEYS = frozenset({"id", "no", "nr", "num", "number", "key", "ref", "uid", "uuid", "code", "hash"})
_KEYS |= frozenset(
    {"account", "iban", "terminal", "merchant", "device", "zip", "postcode", "phone"}
)
_COUNTRIES = frozenset({"country", "cntry", "nation", "geo", "land"})
# Repdigits of three and more nines, with either sign, and minus one.
_NUMBERS = tuple(sign * (10**n - 1) for n in range(3, 11) for sign in (1, -1))
_DATES = (
    *(date(9999, 12, 31), date(2999, 12, 31), date(2099, 12, 31), date(1970, 1, 1)),
    *(date(1900, 1, 1), date(1899, 12, 30), date(1753, 1, 1), date(1, 1, 1), date(1899, 12, 31)),
)
_ABSENT = ["null", "(null)", "n/a", "na", "nan", "none", "nil", "#n/a", "-", "--", "?", "missing"]
_FEWEST = 5  # rows from which a value is a convention, not an accident [J]
_FAR = 20.0  # years between a stand-in date and the rest [J]
# What UTF-8 looks like when it is read as Latin-1 or Windows-1252.
_MOJIBAKE = "[ÃÂ][\u0080-\u00bf\u0152-\u02dc\u2018-\u2122]|â[\u0080\u20ac][\u0080-\u2122]"
_DAMAGE = f"\ufffd|{_MOJIBAKE}"
_NUMBER = r"^\s*[+-]?(\d{1,3}([.,' ]\d{3})+|\d+)([.,]\d+)?\s*$"
_MOSTLY = 0.8  # share of texts that are numbers from which the others are faults [J]


def find_stand_ins(evidence: Evidence) -> Iterator[Problem]:
    """Find numbers, dates and words that mean missing: -999, 9999-12-31, N/A."""
    for column in evidence.frame:
        rows = _stand_ins(column)
        if rows is None or not rows.any():
            continue
        count = int(rows.sum())
        yield Problem(
            code="stand-in-for-missing",
            effect="wrong",
            found=f"'{column.name}' holds a value that seems to mean missing in {count:,} rows"
            f"{evidence.where(rows)}.",
            then="It is learned as a real value: ranges and averages are off.",
            advice="Leave the column empty in these rows, or confirm that the value is real.",
            columns=(column.name,),
            count=count,
            first_row=evidence.first(rows),
            share=count / max(1, len(column)),
        )


def _stand_ins(column: pl.Series) -> np.ndarray | None:
    if column.dtype.is_numeric():
        return _numbers(column)
    if column.dtype.base_type() in (pl.Date, pl.Datetime):
        return _dates(column)
    if column.dtype == pl.String:
        absent = [w for w in _ABSENT if w != "na" or not has_word(column.name, _COUNTRIES)]
        found = column.str.strip_chars().str.to_lowercase().is_in([*absent, ""])
        return found.fill_null(False).to_numpy()
    return None


def _numbers(column: pl.Series) -> np.ndarray:
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    found = np.zeros(len(values), dtype=bool)
    if has_word(column.name, _KEYS):
        return found
    for candidate in (*_NUMBERS, -1, 0):
        rows = values == candidate
        if np.count_nonzero(rows) >= _FEWEST and _stands_alone(values, rows, candidate):
            found |= rows
    return found


def _stands_alone(values: np.ndarray, rows: np.ndarray, candidate: float) -> bool:
    """Whether a value lies far outside all others, as no real one would."""
    others = values[~rows & np.isfinite(values)]
    others = others[~np.isin(others, _NUMBERS)]
    if len(others) < 50 or len(np.unique(others[:100_000])) < 10:
        return False
    low, middle, high = np.quantile(others, [0.0, 0.5, 1.0])
    if candidate == 0:
        # Zero among ages or incomes: nothing small beside it [J].
        small = np.quantile(others, 0.001)
        return bool(low > 0 and small > 0.2 * middle and rows.mean() > 0.001)
    if candidate == -1:
        return bool(low >= 0 and middle >= 2)
    width = np.quantile(others, 0.95) - np.quantile(others, 0.05)
    if candidate < 0:
        return bool((low >= 0 and middle >= 2) or low - candidate > width)
    return bool(candidate - high > 2 * width)


def _dates(column: pl.Series) -> np.ndarray:
    days = column.cast(pl.Date)
    rows = days.is_in(_DATES).fill_null(False).to_numpy()
    others = days.filter(~pl.Series(rows)).drop_nulls().cast(pl.Int32).to_numpy()
    if rows.sum() < 2 or len(others) < 2:
        return np.zeros(len(rows), dtype=bool)
    low, high = np.quantile(others, [0.01, 0.99])
    years = days.cast(pl.Int32).fill_null(0).to_numpy()
    far = (low - years > _FAR * 365) | (years - high > _FAR * 365)
    return np.asarray(rows & far)


def find_damaged_text(evidence: Evidence) -> Iterator[Problem]:
    """Find text that lost letters on its way: U+FFFD, and UTF-8 read as Latin-1."""
    for column in text_columns(evidence.frame):
        rows = column.str.contains(_DAMAGE).fill_null(False).to_numpy()
        if not rows.any():
            continue
        count = int(rows.sum())
        yield Problem(
            code="damaged-text",
            effect="worse",
            found=f"'{column.name}' holds broken letters in {count:,} rows{evidence.where(rows)}.",
            then="One name becomes several levels, and rare ones become OTHER.",
            advice="Export again as UTF-8, and read it as UTF-8 on the way.",
            columns=(column.name,),
            count=count,
            first_row=evidence.first(rows),
            share=count / len(column),
        )


def find_numbers_in_text(evidence: Evidence) -> Iterator[Problem]:
    """Find columns of text that are numbers but for some rows."""
    for column in text_columns(evidence.frame):
        present = column.drop_nulls()
        if len(present) < 20 or has_word(column.name, _KEYS):
            continue
        numbers = column.str.contains(_NUMBER)
        share = int(numbers.sum()) / len(present)
        # Codes have few levels; amounts have many.
        if share < _MOSTLY or present.n_unique() < 30:
            continue
        rows = (~numbers).fill_null(False).to_numpy()
        count = int(rows.sum())
        but = f", but in {count:,} rows not{evidence.where(rows)}" if count else " in every row"
        yield Problem(
            code="numbers-in-text",
            effect="wrong",
            found=f"'{column.name}' is text that is a number{but}.",
            then="It is learned as a category: the size of a number is lost.",
            advice=f"Store '{column.name}' as numbers and leave the other rows empty.",
            columns=(column.name,),
            count=count,
            first_row=evidence.first(rows),
            share=1.0,
        )


def find_twin_levels(evidence: Evidence) -> Iterator[Problem]:
    """Find levels that differ in case or blanks only."""
    for column in text_columns(evidence.frame):
        levels = column.drop_nulls().unique()
        if not 2 <= len(levels) <= 5_000 or has_word(column.name, _KEYS):
            continue
        plain = levels.str.strip_chars().str.replace_all(r"\s+", " ").str.to_lowercase()
        twins = levels.filter(plain.is_duplicated() & (plain != ""))
        rows = column.is_in(twins.implode()).fill_null(False).to_numpy()
        if len(twins) == 0:
            continue
        yield Problem(
            code="twin-levels",
            effect="worse",
            found=f"'{column.name}' has {len(twins)} levels that differ from another in case or "
            f"blanks only{evidence.where(rows)}.",
            then="One thing is learned as several.",
            advice="Write each level in one way.",
            columns=(column.name,),
            count=int(rows.sum()),
            first_row=evidence.first(rows),
            share=float(rows.mean()),
        )


def find_constants(evidence: Evidence) -> Iterator[Problem]:
    """Find columns that are empty or the same in every row."""
    names = [c.name for c in evidence.frame if c.n_unique() <= 1]
    if names and evidence.frame.height > 1:
        shown = ", ".join(f"'{name}'" for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield Problem(
            code="constant-columns",
            effect="look",
            found=f"{shown}{more}: empty, or the same in every row.",
            then="There is nothing to learn; they are left out.",
            advice="Check that the export filled them.",
            columns=tuple(names),
            count=len(names),
        )
