"""One fault of a table, in the words of its owner.

Holds columns, counts and row numbers, never a value of the table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Effect = Literal["refused", "wrong", "undecided", "worse", "look"]
# From what stops everything to what may be meant.
RANK: dict[Effect, int] = {"refused": 0, "wrong": 1, "undecided": 2, "worse": 3, "look": 4}


@dataclass(frozen=True)
class Problem:
    """Something in the table that changes the result.

    Attributes
    ----------
    code : str
        Kind of fault, kebab-case.
    effect : str
        ``refused`` (fit will not start), ``wrong`` (results would mislead),
        ``undecided`` (a verdict will be INCONCLUSIVE), ``worse`` (learned less
        well) or ``look`` (right if it is meant).
    found : str
        What was found: columns, counts, first row.
    then : str
        What it does to the result.
    advice : str
        What to do.
    columns : tuple of str
        Columns that it is about.
    count : int or None
        Rows, entities or days concerned.
    first_row : int or None
        First row of the file, from 1; None where it is not one row or the
        table was sampled.
    share : float
        Part of the table concerned, 0..1, for ranking.
    """

    code: str
    effect: Effect
    found: str
    then: str
    advice: str
    columns: tuple[str, ...] = ()
    count: int | None = None
    first_row: int | None = None
    share: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "columns": list(self.columns)}


def ranked(problems: list[Problem]) -> list[Problem]:
    """Return problems with the worst first: by effect, then by the share concerned."""
    return sorted(problems, key=lambda p: (RANK[p.effect], -p.share, p.code, p.columns))
