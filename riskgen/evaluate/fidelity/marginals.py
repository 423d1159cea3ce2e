"""Each column alone and each pair of columns: PROTOCOL A5, points 1 and 2."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.evaluate.curves import bars, distribution
from riskgen.evaluate.features.per_event import signed_log
from riskgen.evaluate.fidelity.cohorts import Cohorts, per_event
from riskgen.evaluate.fidelity.comparison import (
    Comparison,
    against_noise,
    averaged,
    ks,
    total_variation,
)
from riskgen.evaluate.fidelity.tally import Tally, cell_of, cuts, n_cells, shared_levels
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.thresholds import bands

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Coded = tuple[list[Ints], int]

BINS = 10  # quantile bins of a number in a pair (SDMetrics ContingencySimilarity)
PAIR_LEVELS = 12  # levels of a category in a pair [J]
MOST_PAIRED = 8  # columns that are paired, in table order [J]

_KS = "Largest gap between the distribution functions (Kolmogorov-Smirnov), all events"
_TV = "Half the summed difference of the levels' shares (total variation), all events"


def measure_marginals(cohorts: Cohorts) -> list[MetricResult]:
    """Return one result for each column that is modelled, label included."""
    return [_marginal(cohorts, channel) for channel in modelled(cohorts.real)]


def measure_pairs(cohorts: Cohorts) -> list[MetricResult]:
    """Return the mean distance of pairs of columns: joint shares and correlations."""
    channels = modelled(cohorts.real)[:MOST_PAIRED]
    numeric = [c for c in channels if is_number(c) and c.role != "label"]
    coded = {c.name: _bins(cohorts, c) for c in channels}
    joint = {
        f"{a.name} × {b.name}": _contingency(cohorts, coded[a.name], coded[b.name])
        for a, b in combinations(channels, 2)
    }
    linear = {
        f"{a.name} × {b.name}": _correlation(cohorts, a.name, b.name)
        for a, b in combinations(numeric, 2)
    }
    method = "Total variation between joint shares; numbers in 10 quantile bins; mean over pairs"
    other = "Half the difference of Pearson correlations of sign·log(1+|x|); mean over pairs"
    return [
        *_family("fidelity.pairs.contingency", "Pairs of columns, joint shares", joint, method),
        *_family("fidelity.pairs.correlation", "Pairs of numbers, correlations", linear, other),
    ]


def modelled(events: Events) -> tuple[Channel, ...]:
    """Return the columns that a generator makes, in table order.

    Functions of the time are left out: the calendar says whether times are right.
    """
    made = events.schema.with_role("channel", "context", "derived", "label")
    return tuple(channel for channel in made if channel.kind != "timestamp")


def is_number(channel: Channel) -> bool:
    """Return whether a column is compared as a number."""
    return channel.kind in ("amount", "number")


def _marginal(cohorts: Cohorts, channel: Channel) -> MetricResult:
    key, title = f"fidelity.marginals.{channel.name}", f"Distribution of {channel.name}"
    ratio = bands("fidelity.ratio")
    if is_number(channel):
        values = [events.numbers(channel.name) for events in cohorts.each]
        edges = cuts(values[:2])
        tally = [
            per_event(e, cell_of(v, edges), n_cells(edges))
            for e, v in zip(cohorts.each, values, strict=True)
        ]
        found = cohorts.compare(ks, lambda i: tally[i])
        result = against_noise(key, title, found, ratio, method=_KS)
        drawn = distribution(values[1], values[0], cohorts.control.owner)
    else:
        codes, levels = shared_levels(channel.name, cohorts.each, (cohorts.real, cohorts.control))
        tally = [per_event(e, c, len(levels)) for e, c in zip(cohorts.each, codes, strict=True)]
        found = cohorts.compare(total_variation, lambda i: tally[i])
        result = against_noise(key, title, found, ratio, method=_TV)
        drawn = bars(tally[1], tally[0], levels)
    result.curves.update(drawn)
    return result


def _bins(cohorts: Cohorts, channel: Channel) -> Coded:
    if not is_number(channel):
        reference = (cohorts.real, cohorts.control)
        codes, levels = shared_levels(channel.name, cohorts.each, reference, PAIR_LEVELS)
        return codes, len(levels)
    values = [events.numbers(channel.name) for events in cohorts.each]
    edges = cuts(values[1:2], BINS)
    return [cell_of(v, edges) for v in values], n_cells(edges)


def _contingency(cohorts: Cohorts, first: Coded, second: Coded) -> Comparison:
    wide = second[1]

    def tally(i: int) -> Tally:
        return per_event(cohorts.each[i], first[0][i] * wide + second[0][i], first[1] * wide)

    return cohorts.compare(total_variation, tally)


def _correlation(cohorts: Cohorts, first: str, second: str) -> Comparison:
    def tally(i: int) -> Tally:
        events = cohorts.each[i]
        x, y = signed_log(events.numbers(first)), signed_log(events.numbers(second))
        known = ~(np.isnan(x) | np.isnan(y))
        parts = [np.ones(len(x)), x, y, x * x, y * y, x * y]
        columns = [
            np.bincount(events.owner, np.where(known, part, 0.0), events.n_entities)
            for part in parts
        ]
        return Tally(np.stack(columns, axis=1))

    return cohorts.compare(lambda p, q: np.asarray(np.abs(pearson(p) - pearson(q)) / 2), tally)


def pearson(sums: Floats) -> Floats:
    """Return the correlation that sums (n, Σx, Σy, Σx², Σy², Σxy) on the last axis give."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    n = np.maximum(n, 1.0)
    scale = np.sqrt(np.maximum(xx - x * x / n, 0.0) * np.maximum(yy - y * y / n, 0.0))
    return np.asarray(np.where(scale > 1e-9, (xy - x * y / n) / np.maximum(scale, 1e-9), 0.0))


def _family(key: str, title: str, parts: dict[str, Comparison], method: str) -> list[MetricResult]:
    if not parts:
        return []
    found = averaged(list(parts.values()))
    result = against_noise(key, title, found, bands("fidelity.ratio"), method=method)
    result.by.update({name: part.estimate for name, part in parts.items()})
    return [result]
