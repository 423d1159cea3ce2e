"""What is handed out to be scored elsewhere, and what a run remembers of it.

An export is a folder of the caller's: real histories, and rehearsed ones at every
severity, in the bank's own columns and without labels. It is personal data. The run
keeps its manifest, so that scores alone are enough to go on with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from riskgen.data.events import Events
from riskgen.data.scoring.answers import SCORE, is_mark
from riskgen.data.scoring.casefile import ID, MARK_DIGITS, case_table, set_aside
from riskgen.data.split import Split
from riskgen.errors import RiskgenError, RunError
from riskgen.evaluate.rehearsals.sheets import Sheet, numbered
from riskgen.runs import Run, new_folder, read_json, write_json
from riskgen.simulate.parquet_file import ParquetFile

FOLDER = "exports"  # of a run
VERSION = "riskgen.cases/v1"
PERSONAL = "Real customers' histories under their own keys: personal data, never to be released."
Contents = Sequence[tuple[Sheet, list[Events]]]


@dataclass(frozen=True)
class Handover:
    """An export as a run remembers it.

    Attributes
    ----------
    mark : str
        What all its ids begin with.
    seed : int
    budget : float
        Share of the day's active customers that is alerted.
    severities : tuple of float
    scenarios : dict of str to str
        The text of each scenario's file, by its id.
    sheets : tuple of Sheet
        Its files.
    left_out : dict of str to str
        Scenarios that do not fit the table, with the reason.
    """

    mark: str
    seed: int
    budget: float
    severities: tuple[float, ...]
    scenarios: dict[str, str] = field(repr=False)
    sheets: tuple[Sheet, ...] = field(repr=False)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Scores asked for."""
        return sum(sheet.n for sheet in self.sheets)

    def real(self, name: str) -> Sheet:
        """Return the sheet of a partition of real histories."""
        found = [sheet for sheet in self.sheets if sheet.file == f"real/{name}"]
        if not found:
            raise RunError(f"Export {self.mark} holds no {name} histories. Export again.")
        return found[0]

    def of(self, scenario: str) -> list[Sheet]:
        """Return the sheets of a scenario."""
        return [sheet for sheet in self.sheets if sheet.scenario == scenario]

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        sheets = [sheet.facts() for sheet in self.sheets]
        return {
            **{k: v for k, v in asdict(self).items() if k != "sheets"},
            "severities": list(self.severities),
            "sheets": sheets,
        }

    @classmethod
    def open(cls, run: Run, mark: str) -> Handover:
        """Return what the run remembers of an export.

        Raises
        ------
        RunError
            When the run made no such export.
        """
        path = run.path / FOLDER / f"{mark}.json"
        if not is_mark(mark) or not path.is_file():
            known = ", ".join(sorted(p.stem for p in (run.path / FOLDER).glob("*.json"))) or "none"
            raise RunError(
                f"The scores are for export {mark}, which '{run.path}' did not make. Its exports: "
                f"{known}. Name the right run with --run, or export again."
            )
        facts = read_json(path)
        if facts.pop("schema", None) != VERSION:
            raise RunError(f"Export {mark} was made by another version of riskgen. Export again.")
        try:
            return cls._from_facts(mark, facts)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"'{path}' is damaged. Export again.") from error

    @classmethod
    def _from_facts(cls, mark: str, facts: dict[str, Any]) -> Handover:
        return cls(
            mark,
            seed=int(facts["seed"]),
            budget=float(facts["budget"]),
            severities=tuple(facts["severities"]),
            scenarios=dict(facts["scenarios"]),
            sheets=tuple(Sheet.from_facts(sheet) for sheet in facts["sheets"]),
            left_out=dict(facts["left_out"]),
        )


def hand_over(
    run: Run,
    split: Split,
    contents: Contents,
    folder: Path,
    **asked: Any,
) -> Handover:
    """Write an export and remember it in the run.

    Parameters
    ----------
    run : Run
        What it belongs to.
    split : Split
        Its partitions.
    contents : sequence of (Sheet, list of Events)
        What is to be scored.
    folder : Path
        A folder that does not exist.
    **asked
        ``seed``, ``budget``, ``severities``, ``scenarios`` and ``left_out``.

    Raises
    ------
    RiskgenError
        When the folder exists, or a column has the name of the ids.
    """
    if folder.exists():
        raise RiskgenError(f"'{folder}' exists. Name another folder with --export, or remove it.")
    sheets = numbered([sheet for sheet, _ in contents])
    found = Handover(_mark(sheets, asked), sheets=tuple(sheets), **asked)
    facts = {"schema": VERSION, **found.facts()}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(folder) as draft:
        for sheet, (_, rounds) in zip(sheets, contents, strict=True):
            _write(draft / f"{sheet.file}.parquet", sheet, rounds, found.mark)
        write_json(draft / "manifest.json", _told(found, split))
    kept = run.path / FOLDER
    kept.mkdir(exist_ok=True)
    write_json(kept / f"{found.mark}.json", facts)
    return found


def _told(found: Handover, split: Split) -> dict[str, Any]:
    """Return what the folder says of itself to whoever scores it."""
    files = [
        {"file": f"{s.file}.parquet", "ids": s.n, "scenario": s.scenario, "severity": s.severity}
        for s in found.sheets
    ]
    return {
        "schema": VERSION,
        "mark": found.mark,
        "hand back": {"id": ID, "score": SCORE, "meaning": "higher is more suspicious, any scale"},
        "release": PERSONAL,
        "columns": set_aside(split.test),
        "left out": found.left_out,
        "files": files,
    }


def _write(path: Path, sheet: Sheet, rounds: list[Events], mark: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"cases": mark, "file": sheet.file, "digest": sheet.digest, "synthetic": False}
    metadata = {"riskgen": json.dumps({**facts, "release": PERSONAL}, sort_keys=True)}
    with ParquetFile(path, metadata) as file:
        # Rounds are other customers: one table, in which nothing tells rounds apart.
        file.write(pa.concat_tables(list(_tables(sheet, rounds, mark))))


def _tables(sheet: Sheet, rounds: list[Events], mark: str) -> Iterator[pa.Table]:
    first = sheet.first
    for events, n in zip(rounds, sheet.rounds, strict=True):
        yield case_table(events, mark, first)
        first += n


def _mark(sheets: Sequence[Sheet], asked: dict[str, Any]) -> str:
    text = json.dumps([[sheet.facts() for sheet in sheets], asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:MARK_DIGITS]
