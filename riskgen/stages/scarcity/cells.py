"""One cell of a question: what a worker needs, and how it is made and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskgen.data.split import Split
from riskgen.evaluate.scarcity.plan import Asked
from riskgen.evaluate.scarcity.trials import curve_trial, emerging_trial, unseen_trial
from riskgen.evaluate.utility.calibration import measure_calibration
from riskgen.evaluate.utility.experiment import RunFound
from riskgen.evaluate.utility.trial import Trial
from riskgen.models.threads import one_thread
from riskgen.runs import Run
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import EventMaterial
from riskgen.stages.scarcity.typologies import typologies_of
from riskgen.stages.utility.found import keep
from riskgen.stages.utility.making import refitted, turn_of

TRANSPLANT = "transplant_fraud"


@dataclass(frozen=True)
class Cell:
    """Where in a question a trial stands.

    Attributes
    ----------
    draw : int
    known : int
        Frauds, or cases of the typology, that are known.
    typology : str or None
        The one that is left out, or emerging.
    """

    draw: int
    known: int = 0
    typology: str | None = None


@dataclass(frozen=True)
class CellTask:
    """What one cell needs; plain data, for another process.

    Attributes
    ----------
    run : Path
        Folder of the fitted run.
    draft : Draft
        Where what is found goes.
    number : int
        Of the cell.
    cell : Cell
    asked : Asked
        As registered.
    scenarios : tuple of str
        Names or paths; what may train on the curve.
    scenario_for : tuple of (str, str)
        Typologies and their scenarios.
    column : str or None
        That names the typology.
    source : tuple
        Table, password file and context, where they have moved.
    """

    run: Path
    draft: Draft
    number: int
    cell: Cell
    asked: Asked
    scenarios: tuple[str, ...]
    scenario_for: tuple[tuple[str, str], ...]
    column: str | None
    source: tuple[Any, ...]

    def __str__(self) -> str:
        """Return how messages call it."""
        return f"Run {self.number + 1}"


def make_cell(task: CellTask) -> int:
    """Make one cell and write down what it found; return its number."""
    fitted = Fitted.open(Run.open(task.run))
    material = fitted.material(*task.source)
    assert isinstance(material, EventMaterial)
    with one_thread():
        trial = _trial(task, fitted, material)
    keep(task.draft, task.number, RunFound(trial, [], measure_calibration(None, "asked elsewhere")))
    return task.number


def _trial(task: CellTask, fitted: Fitted, material: EventMaterial) -> Trial:
    cell, plan = task.cell, task.asked.plan
    if task.asked.question == "curve":

        def sampler(part: Split, seed: int) -> Any:
            return refitted(fitted, part, seed)

        scenarios = [catalogue.load(name) for name in task.scenarios]
        split = material.split
        return curve_trial(split, sampler, scenarios, plan, n=cell.known, draw=cell.draw)
    assert task.column is not None
    assert cell.typology is not None
    turned = typologies_of(fitted, material, task.source, task.column)
    split, marks = turned(turn_of(cell.draw, plan.runs))
    by_name = {k: catalogue.load(name) for k, name in task.scenario_for}
    typology, draw = cell.typology, cell.draw
    if task.asked.question == "unseen":
        return unseen_trial(split, marks, by_name, plan, typology=typology, draw=draw)
    own: list[StressScenario] = [by_name[typology]] if typology in by_name else []
    own.append(catalogue.load(TRANSPLANT))
    return emerging_trial(split, marks, own, plan, typology=typology, cases=cell.known, draw=draw)
