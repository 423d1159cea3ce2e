"""From a table to a run folder."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskgen import __version__
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import SECONDS_PER_DAY
from riskgen.data.market.paths import PathStart
from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.data.panel import SequencePanel
from riskgen.models.base import Generator, OnStep, StepReport
from riskgen.models.checkpoint import write_state
from riskgen.models.registry import create
from riskgen.runs import Run, new_run, write_bytes, write_json, write_manifest
from riskgen.stages import warm
from riskgen.stages.interrupted import Checkpoint, Interrupted
from riskgen.stages.material import EventMaterial, Material, PriceMaterial, TableRequest, prepare

if TYPE_CHECKING:
    from riskgen.stages.fitted import Fitted

Encoder = EventEncoder | PriceEncoder
LIBRARIES = ("numpy", "polars", "torch", "scikit-learn", "pyarrow")


@dataclass(frozen=True)
class FitRequest:
    """What to learn and with what.

    Attributes
    ----------
    table : TableRequest
        The data.
    root : Path
        Folder of runs.
    generator : str
        Key of the generator registry.
    seed : int
        Seed of everything random.
    options : dict
        Options of the generator's configuration, for example ``steps``.
    origin : str
        ``real``, ``simulated`` or ``not stated``; caps the utility verdict.
    """

    table: TableRequest
    root: Path = Path("runs")
    generator: str = "timegan"
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    origin: str = "not stated"


def fit_run(
    request: FitRequest,
    *,
    on_material: Callable[[Material], None] | None = None,
    on_step: OnStep | None = None,
    resume: Checkpoint | None = None,
    first: Fitted | None = None,
) -> Run:
    """Learn the table of ``request`` and leave a run folder.

    Parameters
    ----------
    request : FitRequest
        What to learn.
    on_material : callable or None
        Shown the cleaned and split table before training begins.
    on_step : callable or None
        Shown the progress of training.
    resume : Checkpoint or None
        Of an interrupted fit of the same request.
    first : Fitted or None
        A run whose schema, encoder and weights this fit begins with.

    Raises
    ------
    RiskgenError
        When the table, the options or the training fail; nothing is left behind.
    KeyboardInterrupt
        Passed on after the checkpoint has been written.
    """
    if first is not None:
        warm.check_request(request.table, request.generator, first)
        request = replace(request, options=warm.shared_options(first, request.options))
    material = _material(request.table, first)
    if on_material is not None:
        on_material(material)
    encoder, panel = encode(material) if first is None else _encoded_by(first, material)
    asked, papers = _request(request, material), _papers(request, material, first)
    # Training needs the panel alone; the table would take as much memory again.
    del material
    generator = create(request.generator, **request.options)
    if first is not None:
        warm.begin(generator, first)
    interrupted = Interrupted(request.root)
    log = [] if resume is None else list(resume.log)
    generator.fit(
        panel,
        seed=request.seed,
        on_step=_logging(log, on_step),
        on_checkpoint=lambda state: interrupted.write(Checkpoint(state, asked, log)),
        resume=None if resume is None else resume.state,
    )
    run = _write(request, papers, encoder, generator, log)
    interrupted.remove()
    return run


def _material(table: TableRequest, first: Fitted | None) -> Material:
    if first is None:
        return prepare(table)
    material = prepare(table, first.schema)
    warm.check_material(material, first)
    material.notes.append(warm.privacy_note(first))
    return material


def _encoded_by(first: Fitted, material: Material) -> tuple[Encoder, SequencePanel]:
    if isinstance(first.encoder, PriceEncoder):
        assert isinstance(material, PriceMaterial)
        return first.encoder, first.encoder.encode(material.split.generator)
    assert isinstance(material, EventMaterial)
    return first.encoder, first.encoder.encode(material.split.generator)


def encode(material: Material) -> tuple[Encoder, SequencePanel]:
    """Fit the encoder on the generator's partition and encode it."""
    if isinstance(material, EventMaterial):
        events = EventEncoder.fit(material.split.generator)
        return events, events.encode(material.split.generator)
    assert isinstance(material, PriceMaterial)
    prices = PriceEncoder.fit(material.split.generator)
    return prices, prices.encode(material.split.generator)


def _logging(log: list[StepReport], on_step: OnStep | None) -> OnStep:
    def note(report: StepReport) -> None:
        # A resumed phase goes back to its last held-out look and comes by again.
        while log and log[-1].phase == report.phase and log[-1].step >= report.step:
            log.pop()
        log.append(report)
        if on_step is not None:
            on_step(report)

    return note


@dataclass(frozen=True)
class _Papers:
    """What a run folder says of its material."""

    schema: str
    start: dict[str, Any] | None
    manifest: dict[str, Any]


def _papers(request: FitRequest, material: Material, first: Fitted | None) -> _Papers:
    start = None
    if isinstance(material, PriceMaterial):
        start = PathStart.after(material.prices).state()
    manifest = {**_request(request, material), **_facts(material)}
    manifest |= {} if first is None else warm.papers(first)
    return _Papers(material.schema.to_yaml(), start, manifest)


def _write(
    request: FitRequest,
    papers: _Papers,
    encoder: Encoder,
    generator: Generator,
    log: list[StepReport],
) -> Run:
    with new_run(request.root, request.table.open().stem) as folder:
        write_bytes(folder / "schema.yaml", papers.schema.encode())
        write_json(folder / "encoder.json", encoder.state())
        write_state(folder, "generator", generator.state())
        if papers.start is not None:
            write_json(folder / "start.json", papers.start)
        lines = [json.dumps(_log_line(report), sort_keys=True) for report in log]
        write_bytes(folder / "training.jsonl", "\n".join([*lines, ""]).encode())
        write_manifest(folder, papers.manifest)
    return Run.newest(request.root)


def _log_line(report: StepReport) -> dict[str, Any]:
    line: dict[str, Any] = {"phase": report.phase, "step": report.step}
    line |= {"loss": round(report.loss, 6), "held_out": report.held_out}
    return line


def _request(request: FitRequest, material: Material) -> dict[str, Any]:
    return {
        "riskgen": __version__,
        "generator": request.generator,
        "options": request.options,
        "seed": request.seed,
        "domain": material.schema.domain,
        "data": {
            **request.table.open().record(),
            "sha256": material.digest,
            "origin": request.origin,
            "max_events": request.table.max_events,
        },
    }


def _facts(material: Material) -> dict[str, Any]:
    return {
        "notes": material.notes,
        "counts": material_counts(material),
        **_sampling(material),
        "split": split_facts(material),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "python": platform.python_version(),
    }


def _sampling(material: Material) -> dict[str, Any]:
    if material.sample is None or material.survey is None:
        return {}
    return {"sample": material.sample.to_json(), "survey": material.survey.to_json()}


def material_counts(material: Material) -> dict[str, Any]:
    """Return how much there is of what, per partition."""
    if isinstance(material, PriceMaterial):
        days, assets = material.prices.values.shape
        return {"days": days, "assets": assets}
    assert isinstance(material, EventMaterial)
    split = material.split
    parts = {
        "generator": split.generator,
        "control": split.control,
        "reference": split.reference,
        "validation": split.validation,
        "test": split.test,
    }
    counted = {
        name: {
            "entities": part.n_entities,
            "events": part.n_events,
            "labelled_entities": int(part.entity_label().sum()),
        }
        for name, part in parts.items()
    }
    total = {"entities": material.n_entities, "events": material.n_events}
    return {**total, "partitions": counted}


def split_facts(material: Material) -> dict[str, Any]:
    """Return the hashes of the partitions and how they were cut."""
    if isinstance(material, PriceMaterial):
        return {"hashes": material.split.hashes()}
    assert isinstance(material, EventMaterial)
    split = material.split
    windows = {
        "validation": [_bound(edge) for edge in split.validation_window],
        "test": [_bound(edge) for edge in split.test_window],
    }
    return {
        "hashes": split.hashes(),
        "time_disjoint": split.time_disjoint,
        "reason": split.reason,
        "windows_seconds": windows,
    }


def _bound(edge: float) -> float | None:
    # Whole days: to the microsecond an edge is the moment of one customer's event.
    return edge // SECONDS_PER_DAY * SECONDS_PER_DAY if abs(edge) != float("inf") else None
