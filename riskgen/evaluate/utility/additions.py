"""Normal customers under stress scenarios, transplants and sham edits, as additions.

PROTOCOL B1, S3 and S4; UTILITY, what follows for the design. Knows scenarios and
lessons; the mechanisms themselves live in ``simulate``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from riskgen.data.events import Events, concatenate
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.controls import drawn
from riskgen.evaluate.detection.lesson import Floats
from riskgen.evaluate.features.trailing import Timeline
from riskgen.evaluate.utility.arms import Addition
from riskgen.evaluate.utility.recipe import Recipe
from riskgen.seeding import derived_seed, stream
from riskgen.simulate.mechanisms.sham import sham_edit
from riskgen.simulate.mechanisms.stressed import Stressed, stress_events
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.scenario import StressScenario


def scenario_addition(
    base: Events, recipe: Recipe, n: int, seed: int
) -> tuple[Addition, list[str]]:
    """Return about ``n`` customers under the scenarios of a recipe, and how many of each.

    Only rows from the first edit of a customer on count; earlier ones are in the
    real rows already.

    Raises
    ------
    NotApplicable
        When no scenario touched anybody.
    """
    parts, counts, notes = [], dict[str, int](), list[str]()
    for cell, share in recipe.shares.items():
        scenario = recipe.scenarios[cell.scenario]
        try:
            found = stressed(base, scenario, cell.severity, max(1, round(n * share)), seed)
        except ScenarioError as error:
            notes.append(f"{scenario.id} left out: {error}")
            continue
        if found.affected.any():
            parts.append(found)
            counts[scenario.id] = counts.get(scenario.id, 0) + int(found.touched.sum())
    if not parts:
        raise NotApplicable(_nobody(notes))
    told = [f"{name}: {count} customers" for name, count in counts.items()]
    return edited(parts), told + list(dict.fromkeys(notes))


def _nobody(notes: Sequence[str]) -> str:
    why = "; ".join(dict.fromkeys(notes)) or "nobody was touched"
    return f"No scenario could be applied to this table: {why}"


def transplant_addition(
    real: Events, base: Events, scenario: StressScenario, n: int, seed: int
) -> Addition:
    """Return about ``n`` customers with the shape of a known fraud.

    Raises
    ------
    NotApplicable
        When no known fraud can be transplanted.
    """
    try:
        donors = Donors.of(real)
        found = stressed(base, scenario, scenario.severity.default, n, seed, donors)
    except ScenarioError as error:
        raise NotApplicable(str(error)) from error
    if not found.affected.any():
        raise NotApplicable("No customer could take the shape of a known fraud.")
    return edited([found])


def sham_addition(base: Events, n: int, seed: int) -> Addition:
    """Return about ``n`` customers whose own events were put in again, unlabelled."""
    who = drawn(base, n, stream(seed, "sham arm"), None)
    return edited([sham_edit(who, share=1.0, seed=derived_seed(seed, "sham arm"))])


def stressed(
    events: Events,
    scenario: StressScenario,
    severity: float,
    n: int,
    seed: int,
    donors: Donors | None = None,
) -> Stressed:
    """Return up to ``n`` entities drawn from ``events`` under a scenario."""
    path = ("stress arm", scenario.id, round(severity * 1000))
    base = drawn(events, n, stream(seed, *path), None)
    return stress_events(
        base,
        scenario,
        severity=severity,
        seed=derived_seed(seed, *path),
        share=1.0,
        donors=donors,
    )


def edited(parts: Sequence[Stressed]) -> Addition:
    """Return the edited customers, of whom rows from the first edit on count."""
    touched = [(part, np.flatnonzero(part.touched)) for part in parts]
    weights = [_since_edit(part)[part.touched[part.events.owner]] for part, _ in touched]
    places = [np.arange(len(who)) / max(1, len(who)) for _, who in touched]
    whole = concatenate([part.events.take(who) for part, who in touched])
    return Addition.of(whole, np.concatenate(weights), np.concatenate(places))


def _since_edit(part: Stressed) -> Floats:
    line = Timeline(part.events.offsets, part.events.seconds())
    since = line.running_sum(part.affected.astype(np.float64)) > 0
    return np.asarray(since, dtype=np.float64)
