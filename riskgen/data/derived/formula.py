"""Formulas of derived columns: text in a schema, a function with names in code.

Knows text only. A name or value that holds a comma or a quote is written in
double quotes, as JSON writes it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from riskgen.errors import SchemaError

# Columns that each function needs; what follows them in the brackets are its values.
# Where a number range is given, the second column is a flag and values are its levels.
_COLUMNS = {
    "running_sum": (1, 2),
    "running_sum_before": (1, 2),
    "absolute": (1, 1),
    "copy": (1, 1),
    "sign": (1, 1),
    "signed": (2, 2),
    "difference": (2, 3),
    "total": (2, 2),
}
RUNNING = frozenset({"running_sum", "running_sum_before"})
# Functions of the time column, with the number of values that each may have.
OF_TIME = {
    **dict.fromkeys(("hour", "minute", "weekday", "weekday_from_sunday", "day"), (0, 1)),
    **dict.fromkeys(("month", "quarter", "year", "week", "day_of_year"), (0, 1)),
    **dict.fromkeys(("seconds_since", "minutes_since", "hours_since", "days_since"), (1, 1)),
    **dict.fromkeys(("weeks_since", "months_since", "quarters_since"), (1, 1)),
    **dict.fromkeys(("by_hour", "by_weekday", "by_weekend_hour"), (2, 96)),
    **dict.fromkeys(("by_week_hour", "by_month"), (2, 336)),
    **dict.fromkeys(("date", "month_end", "clock"), (0, 0)),
    **dict.fromkeys(("truncated", "written"), (1, 1)),
    **dict.fromkeys(("quotient", "remainder"), (1, 2)),
}
_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)
_PART = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,"]*)\s*(?:,|$)')
_ALONE = frozenset({"absolute", "copy"})


@dataclass(frozen=True)
class Formula:
    """A function, the columns that it needs, and its constants.

    Attributes
    ----------
    function : str
        For example ``running_sum`` or ``weekday``.
    columns : tuple of str
        Columns of the table, as many as the function takes.
    values : tuple of str
        Constants: levels, an offset, an anchor.
    """

    function: str
    columns: tuple[str, ...]
    values: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The first column that the function needs."""
        return self.columns[0]

    @property
    def is_running(self) -> bool:
        """Whether a value depends on earlier rows of the entity."""
        return self.function in RUNNING

    @property
    def is_of_time(self) -> bool:
        """Whether it says the time once more."""
        return self.function in OF_TIME

    def __str__(self) -> str:
        """Return the text that :func:`parse` takes back."""
        return f"{self.function}({', '.join(map(_quoted, (*self.columns, *self.values)))})"


def parse(text: str, name: str) -> Formula:
    """Return the formula that ``text`` writes for column ``name``.

    Raises
    ------
    SchemaError
        When the function is unknown, or the number of its columns and values
        cannot be right.
    """
    call = _CALL.fullmatch(text)
    if call is None or (call[1] not in _COLUMNS and call[1] not in OF_TIME):
        raise _refused(name, text, f"Known: {', '.join([*_COLUMNS, *OF_TIME])}.")
    parts = [call[2]] if call[1] in _ALONE and '"' not in call[2] else _parts(call[2])
    if parts is None or not all(parts[:1]):
        raise _refused(name, text, "Write it as function(column, value, ...).")
    least, most = _COLUMNS.get(call[1], (1, 1))
    n_columns = most if len(parts) > most else min(len(parts), least)
    formula = Formula(call[1], tuple(parts[:n_columns]), tuple(parts[n_columns:]))
    if not _is_complete(formula, least):
        raise _refused(name, text, f"'{call[1]}' does not take {len(parts)} names and values.")
    return formula


def _is_complete(formula: Formula, least: int) -> bool:
    n_columns, n_values = len(formula.columns), len(formula.values)
    if formula.function in OF_TIME:
        low, high = OF_TIME[formula.function]
        return n_columns == 1 and low <= n_values <= high
    if formula.function == "sign":
        return n_values in (2, 3)
    if formula.function == "signed":
        return n_columns == 2 and n_values >= 1
    # A flag needs its levels; without a flag there is nothing more to say.
    return n_columns >= least and (n_values >= 1) == (n_columns > least)


def _parts(inside: str) -> list[str] | None:
    parts, at = list[str](), 0
    while True:
        found = _PART.match(inside, at)
        if found is None:
            return None
        parts.append(json.loads(found[1]) if found[1].startswith('"') else found[1].strip())
        at = found.end()
        if at >= len(inside) and not found[0].endswith(","):
            return parts


def _quoted(part: str) -> str:
    plain = part and part == part.strip() and not set(part) & set(',"\n\\')
    return part if plain else json.dumps(part, ensure_ascii=False)


def _refused(name: str, text: str, advice: str) -> SchemaError:
    return SchemaError(f"Column '{name}' is derived, but its formula is '{text}'. {advice}")
