"""How training went: losses by phase, what was held out, and where it stopped.

Reads the rows of the training log; plain data out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from riskgen.report.blocks import Chart, Gallery, Section, Series
from riskgen.report.charts import chart_of
from riskgen.report.wording import count, number

Row = Mapping[str, Any]
Curve = dict[str, list[Any]]

TRAINING, HELD_OUT, LOWEST = "training loss", "held-out loss", "lowest held-out loss"
SKIPPED = {"step", "epoch", "phase", "loss", "held_out"}
LEAD = (
    "A training loss is a running mean over batches, with parts of the networks switched off, so "
    "it may lie above the held-out loss, which is taken on sequences of the training data that no "
    "step learned from. A generator that stops early keeps the weights of its lowest held-out loss."
)
SMOOTHED = 0.05  # of a phase's steps: batches of short and of long sequences differ much [J]
MARGIN = 0.05  # of the height, above and below the curves [J]


@dataclass(frozen=True)
class Look:
    """A held-out loss and the step after which it was taken."""

    step: float
    loss: float


def training_section(rows: Sequence[Row]) -> Section | None:
    """Return the section, or None where the log holds no number."""
    charts = _charts(rows)
    if not charts:
        return None
    series = [item for chart in charts for item in chart.series]
    legend = tuple(dict.fromkeys((item.role, item.name) for item in series))
    return Section("training", "How training went", LEAD, (Gallery("Loss", legend, charts=charts),))


def looks_of(rows: Sequence[Row]) -> list[Look]:
    """Return the held-out looks of one phase; the log repeats the latest until the next."""
    found: list[Look] = []
    for position, row in enumerate(rows):
        loss = row.get("held_out")
        if isinstance(loss, bool) or not isinstance(loss, int | float):
            continue
        if not found or found[-1].loss != loss:
            found.append(Look(float(row.get("step", position)), float(loss)))
    return found


def _charts(rows: Sequence[Row]) -> tuple[Chart, ...]:
    phases = list(dict.fromkeys(str(row.get("phase", "")) for row in rows))
    charts = []
    for position, phase in enumerate(phases, start=1):
        own = [row for row in rows if str(row.get("phase", "")) == phase]
        title = f"Phase {phase}{_stopped(own)}" if phase else f"Loss{_stopped(own)}"
        identifier = f"chart-training-{position:02d}"
        chart = chart_of(identifier, "training.loss", title, _curves(own))
        if chart is not None:
            series = tuple(map(_in_its_role, chart.series))
            charts.append(replace(chart, series=series, words=_words(own)))
    return tuple(charts)


def _curves(rows: Sequence[Row]) -> dict[str, Curve]:
    curves = {TRAINING: _smooth(_column(rows, "loss"))}
    curves |= {name.replace("_", " "): _smooth(_column(rows, name)) for name in _others(rows)}
    looks = looks_of(rows)
    if looks:
        best = min(looks, key=lambda look: look.loss)
        values = [y for curve in curves.values() for y in curve["y"]]
        values += [look.loss for look in looks]
        room = MARGIN * (max(values) - min(values))
        curves[HELD_OUT] = {"x": [look.step for look in looks], "y": [look.loss for look in looks]}
        curves[LOWEST] = {"x": [best.step] * 2, "y": [min(values) - room, max(values) + room]}
    return {name: curve for name, curve in curves.items() if curve["x"]}


def _others(rows: Sequence[Row]) -> list[str]:
    """Return further numbers that a log has, such as a second network's loss."""
    names = dict.fromkeys(name for row in rows for name in row if name not in SKIPPED)
    return [name for name in names if _column(rows, name)["x"]]


def _column(rows: Sequence[Row], name: str) -> Curve:
    found: Curve = {"x": [], "y": []}
    for position, row in enumerate(rows):
        value = row.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found["x"].append(float(row.get("step", position)))
            found["y"].append(float(value))
    return found


def _smooth(curve: Curve) -> Curve:
    """Return the mean of the latest losses at each step, as many as a twentieth of all."""
    losses, reach = curve["y"], max(1, round(SMOOTHED * len(curve["y"])))
    means = []
    for last in range(1, len(losses) + 1):
        latest = losses[max(0, last - reach) : last]
        means.append(sum(latest) / len(latest))
    return {"x": curve["x"], "y": means}


def _in_its_role(series: Series) -> Series:
    return replace(series, role="guide") if series.name == LOWEST else series


def _stopped(rows: Sequence[Row]) -> str:
    looks, last = looks_of(rows), count(int(rows[-1].get("step", len(rows))))
    if not looks:
        return f": ended at step {last}, nothing held out"
    best = min(looks, key=lambda look: look.loss)
    return f": held-out loss lowest at step {count(int(best.step))} of {last}, {number(best.loss)}"


def _words(rows: Sequence[Row]) -> str:
    return f"Loss against training step{_stopped(rows)}."
