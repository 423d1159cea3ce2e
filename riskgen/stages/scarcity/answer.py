"""The answers of a run to the questions of scarcity, in ``scarcity.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from riskgen.data.split import Split
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.scarcity.curve import ScarcityCurve
from riskgen.evaluate.scarcity.novelty import Found, emerging_facts, unseen_facts
from riskgen.evaluate.scarcity.plan import Asked, Question
from riskgen.evaluate.scarcity.typologies import Marked, exams_on
from riskgen.evaluate.utility.trial import Trial
from riskgen.runs import MANIFEST, file_hash, read_json, write_json
from riskgen.simulate.draft import Draft
from riskgen.stages.scarcity.grid import Grid
from riskgen.stages.utility.found import read

FILE = "scarcity.json"


def answer_of(
    asked: Asked,
    grid: Grid,
    split: Split,
    marked: Sequence[Marked],
    draft: Draft,
    *,
    simulated: bool,
    openings: int,
) -> dict[str, Any]:
    """Return what all cells together say, as JSON values."""
    trials = _gathered(grid, draft)
    registered = {"plan": asked.to_json(), "sha256": asked.sha256}
    if asked.question == "curve":
        by_size = {known: found for (_, known), found in trials.items()}
        curve = ScarcityCurve.of(Exams.of(split), asked.plan, by_size)
        return {**curve.facts(simulated=simulated, openings=openings), **registered}
    found = {
        (name, known): Found.of(exams_on(marked, name), asked.plan, runs)
        for (name, known), runs in trials.items()
        if name is not None
    }
    facts = (
        unseen_facts(
            {name: item for (name, _), item in found.items()},
            simulated=simulated,
            openings=openings,
        )
        if asked.question == "unseen"
        else emerging_facts(found, simulated=simulated, openings=openings)
    )
    return {**facts, **registered}


def write_answer(run: Path, question: Question, answer: dict[str, Any]) -> None:
    """Put an answer beside those to other questions of the same fit."""
    path, manifest = run / FILE, file_hash(run / MANIFEST)
    before = read_json(path) if path.is_file() else {}
    kept = before if before.get("manifest_sha256") == manifest else {}
    write_json(path, {**kept, "manifest_sha256": manifest, question: answer})


def _gathered(grid: Grid, draft: Draft) -> dict[tuple[str | None, int], list[Trial]]:
    found: dict[tuple[str | None, int], list[Trial]] = {}
    for number, cell in enumerate(grid.cells):
        found.setdefault((cell.typology, cell.known), []).append(read(draft, number).trial)
    return found
