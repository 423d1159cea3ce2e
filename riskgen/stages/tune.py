"""Search the options of a generator, on what it holds out itself.

Only the generator's partition is encoded here; control, validation and test
are never looked at. The defaults are trial 0, and a proposal counts as better
only when it beats them on seeds that chose nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from riskgen.data.panel import SequencePanel
from riskgen.errors import TrainingError
from riskgen.models.base import OnStep, StepReport
from riskgen.models.objective import objective
from riskgen.models.options import checked_options, default_options
from riskgen.models.proposal import Tried, propose
from riskgen.models.registry import create
from riskgen.models.search import Axis, space_of
from riskgen.runs import write_bytes
from riskgen.stages.fit import encode
from riskgen.stages.material import Material, TableRequest, prepare
from riskgen.stages.options import to_yaml
from riskgen.stages.study import Study, Trial
from riskgen.stages.verdict import Tuned, judged

OnTrial = Callable[[Trial], None]


@dataclass(frozen=True)
class TuneRequest:
    """What to tune and how long.

    Attributes
    ----------
    table : TableRequest
        The data.
    study : Path
        File of the study; taken up when it is there.
    generator : str
        Key of the generator registry.
    trials : int
        How many options to try, the defaults among them.
    max_seconds : float or None
        No trial begins when the time that is left is needed for the repeats.
    sampler : str
        ``tpe`` or ``grid``.
    objective : str
        ``held-out`` or ``auditor``.
    vary : dict of str to tuple
        Options to search, with their values where given; empty for all.
    options : dict
        Options that all trials share.
    repeats : int
        Fresh seeds for the defaults and the best.
    seed : int
        Of the study and of each first fit.
    """

    table: TableRequest
    study: Path
    generator: str = "timegan"
    trials: int = 20
    max_seconds: float | None = None
    sampler: str = "tpe"
    objective: str = "held-out"
    vary: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    repeats: int = 3
    seed: int = 0

    @property
    def options_file(self) -> Path:
        """Where the better options are left for ``fit --options``."""
        return self.study.with_suffix(".yaml")


def tune_table(
    request: TuneRequest,
    *,
    on_material: Callable[[Material], None] | None = None,
    on_trial: OnTrial | None = None,
    on_step: OnStep | None = None,
) -> Tuned:
    """Try options, repeat the best and the defaults, and leave the better as YAML.

    Raises
    ------
    RiskgenError
        When the table, the options or the study file cannot be used, or every
        training failed.
    KeyboardInterrupt
        Passed on; the study file holds every trial that ended.
    """
    began = time.monotonic()
    fixed = checked_options(request.generator, request.options)
    space = space_of(request.generator, request.vary)
    material = prepare(request.table)
    if on_material is not None:
        on_material(material)
    asked = _asked(request, material, space)
    _, panel = encode(material)
    del material
    study = Study(request.study, asked)
    bench = _Bench(request, panel, study, fixed, on_trial, on_step)
    default = {name: default_options(request.generator)[name] for name in space}
    bench.tried(0, default | {k: fixed[k] for k in space if k in fixed}, request.seed)
    _search(request, space, bench, began)
    best = _best(study, request.seed)
    for number in dict.fromkeys((0, best.number)):
        for turn in range(1, request.repeats + 1):
            bench.tried(number, bench.first(number).options, request.seed + turn)
    tuned = judged(study.trials, best, request.seed)
    chosen = {**fixed, **(tuned.best.options if tuned.helped else {})}
    write_bytes(request.options_file, to_yaml(chosen).encode())
    return tuned


@dataclass(frozen=True, eq=False)
class _Bench:
    """Runs trials, or finds that they were run."""

    request: TuneRequest
    panel: SequencePanel
    study: Study
    fixed: dict[str, Any]
    on_trial: OnTrial | None
    on_step: OnStep | None

    def first(self, number: int) -> Trial:
        trial = self.study.found(number, self.request.seed)
        assert trial is not None, number
        return trial

    def tried(self, number: int, point: dict[str, Any], seed: int) -> None:
        trial = self.study.found(number, seed)
        if trial is None:
            trial = self._run(number, point, seed)
            self.study.add(trial)
        if self.on_trial is not None:
            self.on_trial(trial)

    def _run(self, number: int, point: dict[str, Any], seed: int) -> Trial:
        request, log = self.request, list[StepReport]()
        generator = create(request.generator, **{**self.fixed, **point})
        began = time.process_time()

        def told(report: StepReport) -> None:
            log.append(report)
            if self.on_step is not None:
                self.on_step(report)

        try:
            generator.fit(self.panel, seed=seed, on_step=told)
        except TrainingError as error:
            spent = round(time.process_time() - began, 2)
            return Trial(number, seed, point, None, spent, error=str(error))
        spent = round(time.process_time() - began, 2)
        mean_length = len(self.panel.values) / self.panel.n_sequences
        report = getattr(generator, "report", {})
        value, parts = objective(request.objective, log, report, mean_length)
        return Trial(number, seed, point, value, spent, parts)


def _search(request: TuneRequest, space: dict[str, Axis], bench: _Bench, began: float) -> None:
    for number in range(1, request.trials):
        known = bench.study.found(number, request.seed)
        firsts = [bench.first(earlier) for earlier in range(number)]
        if known is None and _out_of_time(request, firsts, began):
            return
        tried = [Tried(trial.options, trial.value) for trial in firsts]
        point = known.options if known else propose(space, request.sampler, tried, request.seed)
        if point is None:  # the whole grid was tried
            return
        bench.tried(number, point, request.seed)


def _out_of_time(request: TuneRequest, firsts: list[Trial], began: float) -> bool:
    if request.max_seconds is None:
        return False
    one = float(np.mean([trial.seconds for trial in firsts]))
    ahead = (1 + 2 * request.repeats) * one
    return time.monotonic() - began + ahead > request.max_seconds


def _best(study: Study, seed: int) -> Trial:
    done = [trial for trial in study.trials if trial.seed == seed and trial.value is not None]
    if not done:
        raise TrainingError(
            f"No trial could be trained: {study.trials[0].error} "
            f"({len(study.trials)} were tried). Give them more steps, or look at the table."
        )
    return min(done, key=lambda trial: (trial.value, trial.number))


def _asked(request: TuneRequest, material: Material, space: dict[str, Axis]) -> dict[str, Any]:
    return {
        "table": material.digest,
        "generator": request.generator,
        "sampler": request.sampler,
        "objective": request.objective,
        "seed": request.seed,
        "options": request.options,
        "space": {name: [list(axis.values), axis.low, axis.high] for name, axis in space.items()},
    }
