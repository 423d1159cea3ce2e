"""How events follow one another: PROTOCOL A5, points 3 to 5."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.schema import Schema
from riskgen.evaluate.curves import distribution
from riskgen.evaluate.features.per_entity import Group, burstiness, day_of_month
from riskgen.evaluate.features.per_event import hour_of_day, weekday
from riskgen.evaluate.features.trailing import Timeline
from riskgen.evaluate.fidelity.cohorts import Cohorts, per_event
from riskgen.evaluate.fidelity.comparison import against_noise, ks, shares, total_variation
from riskgen.evaluate.fidelity.tally import (
    HELD_BY,
    Tally,
    cell_of,
    counted,
    cuts,
    n_cells,
    shared_levels,
)
from riskgen.evaluate.result import Curve, Estimate, MetricResult
from riskgen.evaluate.thresholds import bands

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATE_LEVELS = 12  # levels of a column that make states [J]
MOST_STATES = 60  # beyond this only the first column makes states [J]


def measure_dynamics(cohorts: Cohorts) -> list[MetricResult]:
    """Return transitions, gaps, the calendar and lengths."""
    return [
        *_transitions(cohorts),
        *_gaps(cohorts),
        *_calendar(cohorts),
        _lengths(cohorts),
    ]


def state_columns(schema: Schema) -> list[str]:
    """Return the columns whose levels are the states: category and channel, if so meant."""
    meant = [schema.meaning("category"), schema.meaning("channel")]
    named = [c.name for c in meant if c is not None and c.role == "channel"]
    kinds = [c.name for c in schema.with_role("channel") if c.kind in ("category", "flag")]
    return named or kinds[:1]


def _transitions(cohorts: Cohorts) -> list[MetricResult]:
    columns = state_columns(cohorts.real.schema)
    if not columns:
        return []
    states, n_states = _states(cohorts, columns)
    tally = [
        _moves(events, state, n_states) for events, state in zip(cohorts.each, states, strict=True)
    ]
    found = cohorts.compare(lambda p, q: transition_distance(q, p, n_states), lambda i: tally[i])
    method = (
        "Σ π(a) · ½ Σ |P(b|a) − Q(b|a)| over states " + " × ".join(columns) + " with start and "
        "end, one added to every count (Laplace), π of the control"
    )
    title = "What follows what"
    result = against_noise(
        "fidelity.transitions", title, found, bands("fidelity.ratio"), method=method
    )
    made, real = tally[0].total(), tally[1].total() + tally[2].total()
    n = cohorts.synthetic.n_entities
    result.by["share of synthetic moves never seen in real"] = Estimate(_novel(made, real), n=n)
    result.by["share of frequent real moves missing"] = Estimate(_missing(made, real), n=n)
    return [result]


def _states(cohorts: Cohorts, columns: list[str]) -> tuple[list[Ints], int]:
    reference = (cohorts.real, cohorts.control)
    states, total = [np.zeros(e.n_events, dtype=np.int64) for e in cohorts.each], 1
    for name in columns:
        codes, levels = shared_levels(name, cohorts.each, reference, STATE_LEVELS)
        if total > 1 and total * len(levels) > MOST_STATES:
            break
        states = [s * len(levels) + c for s, c in zip(states, codes, strict=True)]
        total *= len(levels)
    return states, total


def _moves(events: Events, state: Ints, n_states: int) -> Tally:
    """Count moves from state to state; the last state is both start and end."""
    wide = n_states + 1
    line = Timeline(events.offsets, events.seconds())
    before = line.previous(state.astype(np.float64), first=n_states).astype(np.int64)
    last = events.offsets[1:] - 1
    owner = np.concatenate([events.owner, np.arange(events.n_entities)])
    cell = np.concatenate([before * wide + state, state[last] * wide + n_states])
    return counted(owner, cell, events.n_entities, wide * wide)


def transition_distance(reference: Floats, other: Floats, n_states: int) -> Floats:
    """Return the distance of two transition counts, rows weighed by the reference's.

    Parameters
    ----------
    reference, other : ndarray of shape (..., (n_states + 1)²)
        Counts of moves, from state by to state.
    """
    wide = n_states + 1
    p = reference.reshape(*reference.shape[:-1], wide, wide)
    q = other.reshape(*other.shape[:-1], wide, wide)
    weight = p.sum(axis=-1) / np.maximum(p.sum(axis=(-2, -1)), 1.0)[..., None]
    gap = np.abs(_conditional(p) - _conditional(q)).sum(axis=-1) / 2
    return np.asarray((weight * gap).sum(axis=-1))


def _conditional(counts: Floats) -> Floats:
    return np.asarray((counts + 1.0) / (counts + 1.0).sum(axis=-1, keepdims=True))


def _novel(made: Floats, real: Floats) -> float:
    return float(made[real == 0].sum() / max(made.sum(), 1.0))


def _missing(made: Floats, real: Floats) -> float:
    """Share of the real moves that make up 95 % of all which never occur."""
    order = np.argsort(-real, kind="stable")
    mass = np.cumsum(real[order]) / max(real.sum(), 1.0)
    frequent = order[: int(np.searchsorted(mass, 0.95)) + 1]
    return float(np.mean(made[frequent] == 0))


def _gaps(cohorts: Cohorts) -> list[MetricResult]:
    logs, bursts = zip(*(_gap_values(e) for e in cohorts.each), strict=True)
    edges = cuts(logs[:2])
    known = [~np.isnan(v) for v in logs]

    def tally(i: int) -> Tally:
        owner, cell = cohorts.each[i].owner[known[i]], cell_of(logs[i][known[i]], edges)
        return counted(owner, cell, cohorts.each[i].n_entities, n_cells(edges))

    if not any(k.any() for k in known):
        return []
    ratio = bands("fidelity.ratio")
    found = cohorts.compare(ks, tally)
    gaps = against_noise(
        "fidelity.gaps",
        "Time between events",
        found,
        ratio,
        method="Kolmogorov-Smirnov distance of log(1 + seconds) between events of an entity",
    )
    hours = [np.expm1(v) / 3_600.0 for v in logs]
    gaps.curves.update(distribution(hours[1], hours[0], cohorts.control.owner))
    found = cohorts.compare(_mean_gap, lambda i: _mean_parts(bursts[i]))
    method = "Difference of the mean of (σ − μ)/(σ + μ) of each entity's gaps (Goh & Barabási 2008)"
    burst = against_noise(
        "fidelity.burstiness", "Burstiness of events", found, ratio, method=method
    )
    return [gaps, burst]


def _gap_values(events: Events) -> tuple[Floats, Floats]:
    line = Timeline(events.offsets, events.seconds())
    gap = line.seconds - line.previous(line.seconds)
    group = Group(events.offsets)
    return np.log1p(np.maximum(gap, 0.0)), burstiness(group.mean(gap), group.std(gap))


def _mean_parts(values: Floats) -> Tally:
    known = ~np.isnan(values)
    return Tally(np.stack([known.astype(np.float64), np.where(known, values, 0.0)], axis=1))


def _mean_gap(first: Floats, second: Floats) -> Floats:
    means = [x[..., 1] / np.maximum(x[..., 0], 1.0) for x in (first, second)]
    return np.asarray(np.abs(means[0] - means[1]))


def _calendar(cohorts: Cohorts) -> list[MetricResult]:
    resolution = cohorts.real.schema.resolution
    if resolution not in ("clock", "day"):
        return []
    wide = 24 if resolution == "clock" else 1

    def week(i: int) -> Tally:
        seconds = cohorts.each[i].seconds()
        hour = np.floor(hour_of_day(seconds)) if wide == 24 else 0.0
        cell = (weekday(seconds) * wide + hour).astype(np.int64)
        return per_event(cohorts.each[i], cell, 7 * wide)

    def month(i: int) -> Tally:
        cell = day_of_month(cohorts.each[i].seconds()).astype(np.int64) - 1
        return per_event(cohorts.each[i], cell, 31)

    ratio, method = bands("fidelity.ratio"), "Total variation of the share of events in each cell"
    title = "Hour and day of the week" if wide == 24 else "Day of the week"
    weekly = cohorts.compare(total_variation, week)
    monthly = cohorts.compare(total_variation, month)
    first = against_noise("fidelity.calendar.week", title, weekly, ratio, method=method)
    if wide == 24:
        first.curves.update(_by_hour(cohorts))
    name = "fidelity.calendar.month"
    return [first, against_noise(name, "Day of the month", monthly, ratio, method=method)]


def _by_hour(cohorts: Cohorts) -> dict[str, Curve]:
    def hours(events: Events) -> Tally:
        cell = np.floor(hour_of_day(events.seconds())).astype(np.int64)
        return per_event(events, cell, 24)

    control, made = hours(cohorts.control), hours(cohorts.synthetic)
    holders = np.asarray((control.cells > 0).sum(axis=0)).ravel()
    if np.any((holders > 0) & (holders < HELD_BY)):
        return {}
    x = [float(hour) for hour in range(24)]
    return {
        name: {"x": x, "y": [float(share) for share in shares(tally.total()).round(5)]}
        for name, tally in (("control", control), ("synthetic", made))
    }


def _lengths(cohorts: Cohorts) -> MetricResult:
    lengths = [e.lengths.astype(np.float64) for e in cohorts.each]
    edges = cuts(lengths[:2])

    def tally(i: int) -> Tally:
        everyone = np.arange(len(lengths[i]))
        return counted(everyone, cell_of(lengths[i], edges), len(everyone), n_cells(edges))

    found = cohorts.compare(ks, tally)
    result = against_noise(
        "fidelity.lengths",
        "Events per entity",
        found,
        bands("fidelity.ratio"),
        method="Kolmogorov-Smirnov distance of the number of events",
    )
    result.curves.update(distribution(lengths[1], lengths[0]))
    return result
