"""Simple conditions such as ``balance > 500 and n_before >= 5``, read without running them.

A condition is comparisons of a name with a number, joined by ``and``. Knows
neither events nor scenarios.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Op = Literal["==", "!=", ">=", "<=", ">", "<"]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_TERM = re.compile(
    r"^(?P<name>[A-Za-z_][\w.]*)\s*(?P<op>==|!=|>=|<=|>|<)\s*"
    r"(?P<value>[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?)$"
)


@dataclass(frozen=True)
class Comparison:
    """One name compared with one number."""

    name: str
    op: str
    value: float

    def holds(self, left: Any) -> Any:
        """Compare ``left`` (a number or an array) with the value."""
        return OPERATORS[self.op](left, self.value)

    def __str__(self) -> str:
        """Return the comparison as it is written in a file."""
        return f"{self.name} {self.op} {self.value:g}"


def parse_condition(text: str) -> tuple[Comparison, ...]:
    """Read ``text`` into comparisons that must all hold; empty text holds always.

    Raises
    ------
    ValueError
        When a part is not a name, an operator and a number.
    """
    parts = re.split(r"\s+and\s+", text.strip()) if text.strip() else []
    return tuple(_comparison(part) for part in parts)


def _comparison(part: str) -> Comparison:
    match = _TERM.match(part.strip())
    if match is None:
        raise ValueError(f"'{part}' is not of the form NAME OPERATOR NUMBER")
    return Comparison(match["name"], match["op"], float(match["value"]))
