"""Which rows stand where in an export: real histories, and the cases of each severity.

Knows names, counts and digests; neither files nor scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.data.scoring.casefile import content_digest, n_scored
from riskgen.data.split import Split
from riskgen.errors import DataError, RunError
from riskgen.evaluate.detection.alerts import Floats
from riskgen.evaluate.rehearsals.cases import Cases, Part, touched

REAL = ("validation", "test")
SHAM = "sham"


@dataclass(frozen=True)
class Sheet:
    """One file of an export.

    Attributes
    ----------
    file : str
        Path within the export, without its ending.
    first : int
        Number of its first id.
    rounds : tuple of int
        Scores asked for in each round; a single one for real histories.
    digest : str
        SHA-256 of its content.
    scenario : str or None
        None for real histories.
    severity : float or None
        None for real histories and sham edits.
    """

    file: str
    first: int
    rounds: tuple[int, ...]
    digest: str
    scenario: str | None = None
    severity: float | None = None

    @property
    def n(self) -> int:
        """Scores asked for."""
        return sum(self.rounds)

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {**asdict(self), "rounds": list(self.rounds)}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Sheet:
        """Return the sheet that :meth:`facts` wrote."""
        return cls(**{**facts, "rounds": tuple(int(n) for n in facts["rounds"])})

    def check(self, rebuilt: Sheet) -> None:
        """Refuse to join scores to anything but what was handed out.

        Raises
        ------
        RunError
            When the rehearsal does not give what it gave when it was exported.
        """
        if (self.rounds, self.digest) != (rebuilt.rounds, rebuilt.digest):
            raise RunError(
                f"'{self.file}' is no longer what was exported: the table, a scenario or riskgen "
                "itself has changed since. Export again and have it scored again."
            )

    def scores(self, placed: Floats) -> list[Floats]:
        """Return the scores of each round out of those of the whole export."""
        ends = self.first + np.cumsum(self.rounds)
        return [placed[end - n : end] for end, n in zip(ends, self.rounds, strict=True)]


def real_contents(split: Split) -> list[tuple[Sheet, list[Events]]]:
    """Return the real histories that a detector is met with."""
    parts = [(name, getattr(split, name)) for name in REAL]
    return [(_sheet(f"real/{name}", [part]), [part]) for name, part in parts if part.n_events]


def case_contents(cases: Cases) -> Iterator[tuple[Sheet, list[Events]]]:
    """Yield the cases of each severity and the sham edits: who is touched, by round."""
    for severity in (*cases.severities, None):
        rounds = [touched(run) for _, run in cases.at(severity)]
        if sum(events.n_events for events in rounds) == 0:
            continue
        name = SHAM if severity is None else f"severity-{severity:.6g}"
        sheet = _sheet(f"{cases.scenario.id}/{name}", rounds)
        yield replace(sheet, scenario=cases.scenario.id, severity=severity), rounds


def numbered(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return sheets with ids that follow each other."""
    found, first = list[Sheet](), 0
    for sheet in sheets:
        found.append(replace(sheet, first=first))
        first += sheet.n
    return found


def require_scores(sheets: Sequence[Sheet], placed: Floats) -> None:
    """Refuse scores that lack some of what is needed.

    Raises
    ------
    DataError
        How many are missing, and the first row of the first file.
    """
    lacking = [(sheet, np.isnan(placed[sheet.first : sheet.first + sheet.n])) for sheet in sheets]
    count = sum(int(gone.sum()) for _, gone in lacking)
    if count == 0:
        return
    sheet, gone = next((s, g) for s, g in lacking if g.any())
    needed = sum(item.n for item in sheets)
    raise DataError(
        f"{count:,} of {needed:,} scores are missing, first that of row "
        f"{int(np.flatnonzero(gone)[0]) + 1:,} of '{sheet.file}.parquet'. Score every row, or name "
        "with --stress the scenarios that were scored."
    )


def scores_by_part(sheets: Sequence[Sheet], placed: Floats) -> dict[Part, Floats]:
    """Return the scores of every rehearsal of a scenario."""
    return {
        Part(str(sheet.scenario), sheet.severity, number): scores
        for sheet in sheets
        for number, scores in enumerate(sheet.scores(placed))
    }


def _sheet(file: str, rounds: list[Events]) -> Sheet:
    return Sheet(file, 0, tuple(n_scored(events) for events in rounds), content_digest(rounds))
