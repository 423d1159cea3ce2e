"""Customers as wholes: aggregates of each, and how much they differ: PROTOCOL A5, point 6."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.features import common_levels, entity_features
from riskgen.evaluate.features.per_event import category_channels, main_amount, signed_log
from riskgen.evaluate.features.trailing import Timeline
from riskgen.evaluate.fidelity.cohorts import Cohorts
from riskgen.evaluate.fidelity.comparison import Comparison, against_noise, averaged, ks
from riskgen.evaluate.fidelity.tally import Tally, cell_of, counted, cuts, n_cells
from riskgen.evaluate.result import Estimate, MetricResult
from riskgen.evaluate.thresholds import bands

Floats = NDArray[np.float64]


def measure_aggregates(cohorts: Cohorts) -> list[MetricResult]:
    """Return the aggregates of customers and the share of variance between them."""
    return [_profiles(cohorts), *_between(cohorts)]


def _profiles(cohorts: Cohorts) -> MetricResult:
    levels = common_levels(cohorts.real)
    tables = [entity_features(events, levels) for events in cohorts.each]
    names = tables[0][1]
    chosen = [name for name in aggregates(cohorts.real) if name in names]
    parts = {
        name: _distance(cohorts, [table[:, names.index(name)] for table, _ in tables])
        for name in chosen
    }
    found = averaged(list(parts.values()))
    result = against_noise(
        "fidelity.aggregates",
        "Customers' totals, means, extremes and habits",
        found,
        bands("fidelity.ratio"),
        method="Kolmogorov-Smirnov distance of each aggregate over entities; mean of them",
    )
    result.by.update({name: part.estimate for name, part in parts.items()})
    return result


def aggregates(events: Events) -> list[str]:
    """Return the names of the entity features that are compared one by one."""
    schema = events.schema
    amount, balance = main_amount(schema), schema.meaning("balance")
    names = ["n_events", "active_days", "span_days", "night_share", "gap.memory"]
    if amount is not None:
        names += [f"{amount.name}.{part}" for part in ("sum", "mean", "std", "max")]
    if balance is not None:
        names += [f"{balance.name}.{part}" for part in ("min", "last")]
    for channel in category_channels(schema):
        names += [f"{channel.name}.{part}" for part in ("distinct", "favourite_share")]
    return names


def _distance(cohorts: Cohorts, columns: list[NDArray[np.float32]]) -> Comparison:
    values = [column.astype(np.float64) for column in columns]
    edges = cuts(values[:2])

    def tally(i: int) -> Tally:
        everyone = np.arange(len(values[i]))
        return counted(everyone, cell_of(values[i], edges), len(everyone), n_cells(edges))

    return cohorts.compare(ks, tally)


def _between(cohorts: Cohorts) -> list[MetricResult]:
    results = [_icc(cohorts, "gap", "time between events")]
    if main_amount(cohorts.real.schema) is not None:
        results.insert(0, _icc(cohorts, "amount", "amounts"))
    return results


def _icc(cohorts: Cohorts, key: str, words: str) -> MetricResult:
    tally = [_sums(events, _values(events, key)) for events in cohorts.each]
    found = cohorts.compare(
        lambda p, q: np.asarray(np.abs(intraclass(p) - intraclass(q))), lambda i: tally[i]
    )
    shipped = bands("fidelity.icc").threshold()
    green = max(shipped.green, found.chance)
    result = MetricResult(
        f"fidelity.icc.{key}",
        f"How far customers differ from one another in {words}",
        "fidelity",
        "NOT_RUN",
        found.estimate,
        found.floor,
        references={"generator split": Estimate(found.observed, n=found.n)},
        threshold=replace(shipped, green=green, red=max(shipped.red, green)),
        method="Difference of the intraclass correlation (one-way random effects, ICC(1), "
        "Shrout & Fleiss 1979) of logs",
    )
    for name, part in zip(("synthetic", "control", "real"), tally, strict=True):
        result.by[name] = Estimate(float(intraclass(part.total())), n=part.n_entities)
    return result.judged()


def _values(events: Events, key: str) -> Floats:
    if key == "gap":
        line = Timeline(events.offsets, events.seconds())
        return np.log1p(np.maximum(line.seconds - line.previous(line.seconds), 0.0))
    channel = main_amount(events.schema)
    assert channel is not None
    return signed_log(events.numbers(channel.name))


def _sums(events: Events, values: Floats) -> Tally:
    known = ~np.isnan(values)
    x = np.where(known, values, 0.0)
    n, s, ss = (
        np.bincount(events.owner, part, events.n_entities)
        for part in (known.astype(np.float64), x, x * x)
    )
    some = (n > 0).astype(np.float64)
    return Tally(np.stack([some, n, s, ss, s * s / np.maximum(n, 1.0), n * n], axis=1))


def intraclass(sums: Floats) -> Floats:
    """Return ICC(1) from sums over entities on the last axis.

    Parameters
    ----------
    sums : ndarray of shape (..., 6)
        Entities, n, Σx, Σx², Σ(Σx)²/n and Σn², summed over entities.
    """
    k, n, s, ss, within, squares = np.moveaxis(sums, -1, 0)
    n, k = np.maximum(n, 2.0), np.maximum(k, 1.0)
    between = np.maximum(within - s * s / n, 0.0) / np.maximum(k - 1, 1.0)
    inside = np.maximum(ss - within, 0.0) / np.maximum(n - k, 1.0)
    size = np.maximum((n - squares / n) / np.maximum(k - 1, 1.0), 1e-9)
    variance = np.maximum((between - inside) / size, 0.0)
    return np.asarray(variance / np.maximum(variance + inside, 1e-12))
