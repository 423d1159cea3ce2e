"""The arm with stress scenarios: edits of real normal customers, and sham edits beside.

Knows scenarios and rows; the mechanisms themselves live in ``simulate``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from riskgen.data.events import Events
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.controls import drawn
from riskgen.evaluate.features.rows import Lens, Ranked, Rows, leading, together
from riskgen.evaluate.features.trailing import Timeline
from riskgen.evaluate.utility.arms import Arm
from riskgen.seeding import derived_seed, stream
from riskgen.simulate.mechanisms.sham import sham_edit
from riskgen.simulate.mechanisms.stressed import Stressed, stress_events
from riskgen.simulate.scenario import StressScenario

SEVERITIES = (0.15, 0.3, 0.45, 0.6)  # from mild up: too severe teaches the wrong boundary [J]


def stress_arm(
    real: Rows,
    events: Events,
    lens: Lens,
    scenarios: Sequence[StressScenario],
    ratios: Sequence[int],
    seed: int,
) -> Arm:
    """Return the arm with stress scenarios put onto real normal customers.

    Every scenario at every severity gets an equal part. As many sham edits,
    unlabelled, keep "edited" from meaning "fraud" (PROTOCOL L9b). Only rows
    from the first edit of a customer on are added; earlier ones are in the
    real rows already.

    Raises
    ------
    NotApplicable
        When labels are per entity, no scenario fits the table, or no normal is left.
    """
    if lens.level == "entity":
        raise NotApplicable("Scenarios mark events, but this table has one label for an entity.")
    usable = [s for s in scenarios if s.domain == "transactions" and s.mechanism == "transform"]
    if not usable:
        raise NotApplicable("No transactions scenario that edits events was given.")
    n = int(events.entity_label().sum()) * max(ratios)
    frauds, notes = _stressed_rows(events, lens, usable, n, seed)
    shams = _sham_rows(events, lens, n, seed)

    def option(ratio: int) -> Callable[[], Rows]:
        share = ratio / max(ratios)
        return lambda: real.plus(leading(frauds, share)).plus(leading(shams, share))

    options = {f"{ratio}:1": option(ratio) for ratio in ratios}
    return Arm("S3", "stress scenarios on real normals", True, options, note="; ".join(notes))


def normals(events: Events) -> Events:
    """Return the entities without a label.

    Raises
    ------
    NotApplicable
        When there is none.
    """
    kept = np.flatnonzero(~events.entity_label())
    if len(kept) == 0:
        raise NotApplicable("Every customer is labelled; there is no normal one to edit.")
    return events.take(kept)


def scenario_rows(
    events: Events, lens: Lens, scenarios: Sequence[StressScenario], n: int, seed: int
) -> Rows:
    """Return the rows of about ``n`` normal customers under scenarios, edits and after.

    Raises
    ------
    NotApplicable
        When no scenario could be applied.
    """
    return _stressed_rows(events, lens, scenarios, n, seed)[0].rows


def stressed(
    events: Events, scenario: StressScenario, severity: float, n: int, seed: int
) -> Stressed:
    """Return up to ``n`` entities drawn from ``events`` under a scenario."""
    path = ("stress arm", scenario.id, round(severity * 1000))
    base = drawn(events, n, stream(seed, *path), None)
    return stress_events(
        base, scenario, severity=severity, seed=derived_seed(seed, *path), share=1.0
    )


def _stressed_rows(
    events: Events, lens: Lens, scenarios: Sequence[StressScenario], n: int, seed: int
) -> tuple[Ranked, list[str]]:
    base, parts, notes = normals(events), [], list[str]()
    each = -(-n // (len(scenarios) * len(SEVERITIES)))
    for scenario in scenarios:
        try:
            found = [stressed(base, scenario, s, each, seed) for s in SEVERITIES]
        except ScenarioError as error:
            notes.append(f"{scenario.id} left out: {error}")
            continue
        parts += [_edited(lens, item) for item in found]
        count = sum(int(item.touched.sum()) for item in found)
        notes.append(f"{scenario.id}: {count} customers")
    parts = [part for part in parts if part.rows.labels.any()]
    if not parts:
        raise NotApplicable("No scenario could be applied to this table: " + "; ".join(notes))
    return together(parts), notes


def _sham_rows(events: Events, lens: Lens, n: int, seed: int) -> Ranked:
    base = drawn(normals(events), n, stream(seed, "sham arm"), None)
    return _edited(lens, sham_edit(base, share=1.0, seed=derived_seed(seed, "sham arm")))


def _edited(lens: Lens, found: Stressed) -> Ranked:
    events = found.events
    line = Timeline(events.offsets, events.seconds())
    keep = line.running_sum(found.affected.astype(np.float64)) > 0
    rows = lens.rows(events, keep)
    return Ranked(rows, events.owner[keep] / max(1, events.n_entities))
