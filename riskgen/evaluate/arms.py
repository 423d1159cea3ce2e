"""Training sets that are compared: PROTOCOL B1.

An arm says which rows a detector is trained on and how much they weigh. All
arms share features, detector, validation and test; only training differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.controls import drawn
from riskgen.evaluate.features import Levels, common_levels, entity_features, event_features
from riskgen.evaluate.trailing import Timeline
from riskgen.seeding import derived_seed, stream
from riskgen.simulate.engine import Sampler
from riskgen.simulate.mechanisms.sham import sham_edit
from riskgen.simulate.mechanisms.stressed import Stressed, stress_events
from riskgen.simulate.scenario import StressScenario

Level = Literal["event", "entity"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

RATIOS = (1, 5, 20)  # synthetic to real fraud entities (PROTOCOL B1, UTILITY "Ratio")
SEVERITIES = (0.15, 0.3, 0.45, 0.6)  # from mild up: too severe teaches the wrong boundary [J]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to train on.

    Attributes
    ----------
    features : ndarray of shape (n, k), float32
    labels : ndarray of shape (n,), bool
    weights : ndarray of shape (n,)
    """

    features: NDArray[np.float32]
    labels: Flags
    weights: Floats

    def plus(self, other: Rows) -> Rows:
        """Return the rows of both."""
        return Rows(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, eq=False)
class Lens:
    """How events become rows: one for each event, or one for each entity.

    Attributes
    ----------
    level : str
        ``event`` or ``entity``, where the label sits.
    levels : mapping of column to levels
        Of the generator's split.
    """

    level: Level
    levels: Levels

    @classmethod
    def of(cls, events: Events) -> Lens:
        """Choose by where the label sits."""
        level: Level = "entity" if events.schema.label_level == "entity" else "event"
        return cls(level, common_levels(events))

    def features(self, events: Events) -> NDArray[np.float32]:
        """Return the features of each row."""
        table = event_features if self.level == "event" else entity_features
        return table(events, self.levels)[0]

    def labels(self, events: Events) -> Flags:
        """Return the label of each row."""
        return events.event_label() if self.level == "event" else events.entity_label()

    def rows(self, events: Events, keep: Flags | None = None) -> Rows:
        """Return the rows of events, those in ``keep`` if given, each of weight one."""
        features, labels = self.features(events), self.labels(events)
        if keep is not None:
            features, labels = features[keep], labels[keep]
        return Rows(features, labels, np.ones(len(labels)))


@dataclass(frozen=True, eq=False)
class Arm:
    """One way to train.

    Attributes
    ----------
    id, title : str
        ``R0`` and so on, and what it is.
    synthetic : bool
        Whether anything simulated is in it.
    options : dict of str to callable
        Training rows for each setting; validation chooses among them.
    note : str
        What the reader must know of it.
    """

    id: str
    title: str
    synthetic: bool
    options: dict[str, Callable[[], Rows]]
    note: str = ""


def real_arms(real: Rows, owned: Flags, ratios: Sequence[int]) -> list[Arm]:
    """Return the arms that use real data only: nothing, weights, over-sampling.

    Parameters
    ----------
    real : Rows
        Rows of the generator's split.
    owned : ndarray of shape (n,), bool
        Rows that belong to fraud customers, their unlabelled ones included.
    ratios : sequence of int
        Copies of each fraud customer to choose from.
    """
    balance = max(1.0, float((~real.labels).sum()) / max(1, int(real.labels.sum())))
    return [
        Arm("R0", "real data only", False, {"as they are": lambda: real}),
        Arm(
            "R1",
            "class weights",
            False,
            {
                "square root": lambda: weighted(real, balance**0.5),
                "balanced": lambda: weighted(real, balance),
            },
        ),
        Arm(
            "R2",
            "over-sampled frauds",
            False,
            {f"{ratio}:1": _oversampled(real, owned, ratio) for ratio in ratios},
        ),
    ]


def weighted(real: Rows, factor: float) -> Rows:
    """Return the rows with frauds that weigh ``factor`` times as much."""
    return Rows(real.features, real.labels, real.weights * np.where(real.labels, factor, 1.0))


def _oversampled(real: Rows, owned: Flags, ratio: int) -> Callable[[], Rows]:
    # A row that weighs 1 + ratio is a row repeated ratio times, at no cost.
    more = np.where(owned, 1.0 + ratio, 1.0)
    return lambda: Rows(real.features, real.labels, real.weights * more)


def conditional_arm(
    real: Rows, events: Events, lens: Lens, sampler: Sampler, ratios: Sequence[int], seed: int
) -> Arm:
    """Return the arm with simulated frauds and as many simulated normals.

    The normals keep "simulated" from meaning "fraud" (PROTOCOL L9).

    Raises
    ------
    NotApplicable
        When the generator cannot draw by label, or draws no fraud.
    """
    n = int(events.entity_label().sum()) * max(ratios)
    frauds = sampler.draw(n, seed=derived_seed(seed, "conditional", 1), label=1)
    normals = sampler.draw(n, seed=derived_seed(seed, "conditional", 0), label=0)
    if not frauds.entity_label().any():
        raise NotApplicable("The generator drew no labelled event when asked for frauds.")
    parts = [_by_entity(lens, sample) for sample in (frauds, normals)]

    def option(ratio: int) -> Callable[[], Rows]:
        share = ratio / max(ratios)
        return lambda: real.plus(_first(parts[0], share)).plus(_first(parts[1], share))

    options = {f"{ratio}:1": option(ratio) for ratio in ratios}
    return Arm("S2", "simulated frauds and normals", True, options)


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
        return lambda: real.plus(_first(frauds, share)).plus(_first(shams, share))

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


def stressed(
    events: Events, scenario: StressScenario, severity: float, n: int, seed: int
) -> Stressed:
    """Return up to ``n`` entities drawn from ``events`` under a scenario."""
    path = ("stress arm", scenario.id, round(severity * 1000))
    base = drawn(events, n, stream(seed, *path), None)
    return stress_events(
        base, scenario, severity=severity, seed=derived_seed(seed, *path), share=1.0
    )


@dataclass(frozen=True, eq=False)
class _Numbered:
    """Rows with the rank (0..1) of their entity, so that a share of entities can be taken."""

    rows: Rows
    rank: Floats


def _stressed_rows(
    events: Events, lens: Lens, scenarios: Sequence[StressScenario], n: int, seed: int
) -> tuple[_Numbered, list[str]]:
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
    return _together(parts), notes


def _sham_rows(events: Events, lens: Lens, n: int, seed: int) -> _Numbered:
    base = drawn(normals(events), n, stream(seed, "sham arm"), None)
    return _edited(lens, sham_edit(base, share=1.0, seed=derived_seed(seed, "sham arm")))


def _edited(lens: Lens, found: Stressed) -> _Numbered:
    events = found.events
    line = Timeline(events.offsets, events.seconds())
    keep = line.running_sum(found.affected.astype(np.float64)) > 0
    rows = lens.rows(events, keep)
    return _Numbered(rows, events.owner[keep] / max(1, events.n_entities))


def _by_entity(lens: Lens, events: Events) -> _Numbered:
    owner = events.owner if lens.level == "event" else np.arange(events.n_entities)
    return _Numbered(lens.rows(events), owner / max(1, events.n_entities))


def _together(parts: Sequence[_Numbered]) -> _Numbered:
    rows = parts[0].rows
    for part in parts[1:]:
        rows = rows.plus(part.rows)
    return _Numbered(rows, np.concatenate([part.rank for part in parts]))


def _first(numbered: _Numbered, share: float) -> Rows:
    keep, rows = numbered.rank < share, numbered.rows
    return Rows(rows.features[keep], rows.labels[keep], rows.weights[keep])
