"""One point of the curve: fewer known frauds, the generator fitted on them, every arm trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.scarcity.subsets import ScarcityPlan, with_known
from riskgen.evaluate.utility.calibration import measure_calibration
from riskgen.evaluate.utility.experiment import RunFound
from riskgen.evaluate.utility.plan import ratios_of
from riskgen.evaluate.utility.trial import run_trial
from riskgen.models.threads import one_thread
from riskgen.runs import Run
from riskgen.seeding import derived_seed
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import EventMaterial
from riskgen.stages.utility.found import keep
from riskgen.stages.utility.making import refitted, turn_of


@dataclass(frozen=True)
class PointTask:
    """What one point needs; plain data, for another process.

    Attributes
    ----------
    run : Path
        Folder of the fitted run.
    draft : Draft
        Where what is found goes.
    draw : int
        Which customers are tested, and which frauds are known.
    size : int
        Place among the plan's numbers of known frauds.
    plan : ScarcityPlan
        As registered.
    scenarios : tuple of str
        Names or paths.
    source : tuple
        Table, password file and context, where they have moved.
    """

    run: Path
    draft: Draft
    draw: int
    size: int
    plan: ScarcityPlan
    scenarios: tuple[str, ...]
    source: tuple[Any, ...]

    @property
    def number(self) -> int:
        """Place among all points."""
        return self.draw * len(self.plan.sizes) + self.size

    def __str__(self) -> str:
        """Return how messages call it."""
        return f"Draw {self.draw + 1} with {self.plan.sizes[self.size]} known frauds"


@dataclass(frozen=True)
class NoGenerator:
    """In the place of a generator where none is to be fitted."""

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Decline."""
        raise NotApplicable("The generator was left out (--no-generator).")


def make_point(task: PointTask) -> int:
    """Make one point and write down what it found; return its number."""
    fitted = Fitted.open(Run.open(task.run))
    material = fitted.material(*task.source)
    assert isinstance(material, EventMaterial)
    base, known = task.plan.base, task.plan.sizes[task.size]
    # The seed of a draw, not of a size: fewer known frauds are a subset of more.
    split = with_known(
        material.turned(turn_of(task.draw, base.runs)),
        known,
        seed=derived_seed(base.seed, "scarcity", task.draw),
    )
    seed = derived_seed(base.seed, "scarcity point", task.draw, known)
    scenarios = [catalogue.load(name) for name in task.scenarios]
    plan = replace(base, ratios=ratios_of(split, base.quick))
    with one_thread():
        sampler = refitted(fitted, split, seed) if task.plan.generator else NoGenerator()
        trial = run_trial(split, sampler, scenarios, plan, seed=seed)
    reason = trial.left_out.get("S3", "No scenario marks events of this table.")
    gate = measure_calibration(trial.calibration, reason)
    keep(task.draft, task.number, RunFound(trial, [], gate))
    return task.number
