"""The table of one-day forecasts: the generator beside what any risk desk has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskgen.report.blocks import Block, Chip, Prose, Table
from riskgen.report.wording import count, number, plain, sentence

_COLUMNS = (
    "Forecast",
    "Beyond",
    "Kupiec p",
    "Indep. p",
    "Both p",
    "Z1 p",
    "Z2 p",
    "Rejected",
    "FZ0 less hist.",
    "p",
    "Zone",
)
OWN = "this generator"  # as the evaluation calls it
_TESTS = ("kupiec", "independence", "coverage", "z1", "z2")
_ZONES: dict[str, Chip] = {
    "green": Chip("pass", "Green"),
    "yellow": Chip("limited", "Yellow"),
    "red": Chip("fail", "Red"),
}


def forecast_blocks(facts: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return who wins, in words, and a table a level; nothing where no forecast was measured.

    Parameters
    ----------
    facts : mapping
        Of the results; ``forecasts`` is read.
    """
    told = facts.get("forecasts")
    rows = told.get("rows") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not rows:
        return ()
    levels = sorted({row["level"] for row in rows})
    tables = (_table(level, [row for row in rows if row["level"] == level]) for level in levels)
    return (Prose(sentence(_words(told))), *tables)


def _words(told: Mapping[str, Any]) -> str:
    dates = [plain(date) for date in told.get("dates", ())]
    when = f", {dates[0]} to {dates[1]}" if len(dates) == 2 else ""
    words = [
        f"One-day forecasts of {count(told['days'])} later days{when}. {told['note']} Tests are of "
        "the equally weighted portfolio, each p-value alone; rejected is what Holm's correction "
        f"leaves. FZ0 is the mean score of {told['portfolios']} portfolios less that of "
        f"{told['against']}; below 0 is better."
    ]
    for level in sorted({row["level"] for row in told["rows"]}):
        ranked = sorted(
            (row for row in told["rows"] if row["level"] == level), key=lambda row: row["score"]
        )
        words.append(
            f"At {100 * level:g} % {ranked[0]['forecast']} has the best score and "
            f"{ranked[-1]['forecast']} the worst."
        )
        places = [row["forecast"] for row in ranked]
        if OWN in places and places.index(told["against"]) < places.index(OWN):
            words.append("Historical simulation scores better than this generator.")
    return " ".join(words)


def _table(level: float, rows: list[Mapping[str, Any]]) -> Table:
    ordered = sorted(rows, key=lambda row: row["score"])
    lit = any(row["zone"] for row in rows)
    shown = tuple(_row(row, lit) for row in ordered)
    caption = f"One-day VaR and ES at {100 * level:g} %, best score first; "
    caption += f"{number(rows[0]['stated'])} days beyond are stated"
    columns = _COLUMNS if lit else _COLUMNS[:-1]
    return Table(caption, columns, shown, tuple(range(1, 10)))


def _row(row: Mapping[str, Any], lit: bool) -> tuple[str | Chip, ...]:
    chance = row["p"]
    cells: tuple[str | Chip, ...] = (
        plain(row["forecast"]),
        str(row["beyond"]),
        *(number(chance[name]) for name in _TESTS),
        f"{len(row['rejected'])} of {len(_TESTS)}",
        number(row["difference"]),
        number(row["difference_p"]) if row["difference"] else "–",
    )
    return (*cells, _ZONES.get(str(row["zone"]), "–")) if lit else cells
