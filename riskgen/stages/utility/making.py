"""One run: customers parted anew, the generator fitted, every arm trained, the test scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.data.split import Split
from riskgen.evaluate.utility.experiment import run_once
from riskgen.evaluate.utility.plan import Plan
from riskgen.models.registry import create
from riskgen.models.threads import one_thread
from riskgen.runs import Run
from riskgen.seeding import derived_seed
from riskgen.simulate import catalogue
from riskgen.simulate.draft import Draft
from riskgen.simulate.engine import EventSimulator
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import EventMaterial
from riskgen.stages.utility.found import keep


@dataclass(frozen=True)
class RunTask:
    """What one run needs; plain data, for another process.

    Attributes
    ----------
    run : Path
        Folder of the fitted run.
    draft : Draft
        Where what is found goes.
    number : int
        Which run.
    plan : Plan
        As registered.
    scenarios : tuple of str
        Names or paths.
    source : tuple
        Table, password file and context, where they have moved.
    """

    run: Path
    draft: Draft
    number: int
    plan: Plan
    scenarios: tuple[str, ...]
    source: tuple[Any, ...]

    def __str__(self) -> str:
        """Return how messages call it."""
        return f"Run {self.number + 1}"


def make_run(task: RunTask) -> int:
    """Run the experiment once and write down what it found; return the number."""
    fitted = Fitted.open(Run.open(task.run))
    material = fitted.material(*task.source)
    assert isinstance(material, EventMaterial)
    seed = derived_seed(task.plan.seed, "utility run", task.number)
    split = material.turned(turn_of(task.number, task.plan.runs))
    with one_thread():
        sampler = refitted(fitted, split, seed)
        found = run_once(
            split, sampler, [catalogue.load(n) for n in task.scenarios], task.plan, seed=seed
        )
    keep(task.draft, task.number, found)
    return task.number


def turn_of(number: int, runs: int) -> float:
    """Return how far a run moves customers on from partition to partition, 0 to 1.

    Ten runs or fewer test other customers each, and learn from other ones.
    """
    return number / runs


def refitted(fitted: Fitted, split: Split, seed: int) -> EventSimulator:
    """Return a generator of the run's kind and options, fitted on other customers."""
    encoder = EventEncoder.fit(split.generator)
    generator = create(fitted.run.manifest["generator"], **fitted.run.manifest["options"])
    return EventSimulator(generator.fit(encoder.encode(split.generator), seed=seed), encoder)
