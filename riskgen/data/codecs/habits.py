"""What an entity is like as a whole: summaries that are drawn before its events.

Persistent taste and pace cannot be guessed from the last few events. Habits
guide a generator; the decoder ignores them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.codecs.amounts import NumberColumn, read_numbers
from riskgen.data.codecs.bins import populated
from riskgen.data.codecs.categories import CategoryColumn, RecencyColumn
from riskgen.data.codecs.codecs import Column
from riskgen.data.codecs.disclosure import SMALLEST_GROUP, Floats, Ints
from riskgen.data.derived.derivation import parse_formula
from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.panel import Field
from riskgen.data.schema import Schema

MEDIAN_LEVELS, SPREAD_LEVELS, PACE_LEVELS, DISTINCT_LEVELS = 16, 8, 12, 8  # [J]
MOST_TOP_LEVELS = 30  # a category with more levels has no "commonest" habit [J]
MOST_AMOUNTS = 3  # number columns that are summarised [J]
BALANCE_LEVELS = 16  # of what an account usually holds, and of how low it goes [J]
USUAL, LOWEST = "usual", "lowest"


@dataclass(frozen=True, eq=False)
class Habits:
    """Levels of the summaries.

    Attributes
    ----------
    cuts : mapping of name to ndarray
        Inner edges of the levels of a measured summary; rounded quantiles over
        entities. The level after the last one stands for *not measurable*.
    tops : mapping of name to int
        Levels of the commonest category's summary.
    """

    cuts: Mapping[str, Floats] = field(repr=False)
    tops: Mapping[str, int]

    @classmethod
    def fit(
        cls, events: Events, columns: tuple[Column, ...], values: Mapping[str, Floats]
    ) -> Habits:
        """Learn the levels from events and their encoded ``values`` by column name."""
        measured = _measures(events, columns, values)
        cuts = {name: _cuts(found, levels) for name, (found, levels) in measured.items()}
        tops = {f"{column.name}.top": column.vocabulary.levels for column in _few(columns)}
        return cls({name: edges for name, edges in cuts.items() if len(edges)}, tops)

    @property
    def fields(self) -> tuple[Field, ...]:
        """One field for each summary, without places."""
        measured = [Field(name, len(edges) + 2) for name, edges in self.cuts.items()]
        return (*measured, *(Field(name, levels) for name, levels in self.tops.items()))

    def encode(
        self, events: Events, columns: tuple[Column, ...], values: Mapping[str, Floats]
    ) -> Floats:
        """Return levels of the summaries, shape (n_entities, n_habits)."""
        found = _measures(events, columns, values)
        parts = [_levels(found[name][0], edges) for name, edges in self.cuts.items()]
        for column in _few(columns):
            if f"{column.name}.top" in self.tops:
                levels = column.vocabulary.levels
                parts.append(_commonest(values[column.name][:, 0], events, levels))
        return np.column_stack(parts) if parts else np.zeros((events.n_entities, 0))

    def centres(self, name: str) -> Floats:
        """Return what each level of a measured summary stands for; NaN for *not measurable*.

        The outer levels are as wide as their neighbours.
        """
        edges = self.cuts[name]
        width = float(np.diff(edges).mean()) if len(edges) > 1 else 1.0
        whole = np.concatenate([[edges[0] - width], edges, [edges[-1] + width]])
        return np.append((whole[:-1] + whole[1:]) / 2, np.nan)

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        cuts = {name: edges.tolist() for name, edges in self.cuts.items()}
        return {"cuts": cuts, "tops": dict(self.tops)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Habits:
        """Return the habits that ``state`` was taken from."""
        cuts = {name: np.array(edges, dtype=np.float64) for name, edges in state["cuts"].items()}
        return cls(cuts, state["tops"])


def _measures(
    events: Events, columns: tuple[Column, ...], values: Mapping[str, Floats]
) -> dict[str, tuple[Floats, int]]:
    """Return each measured summary (n_entities,), NaN where there is none, and its levels."""
    result: dict[str, tuple[Floats, int]] = {}
    for name in [c.name for c in columns if isinstance(c, NumberColumn)][:MOST_AMOUNTS]:
        size = np.abs(read_numbers(events.frame[name]))
        logs = np.log(np.where(size > 0, size, np.nan))
        result[f"{name}.median"] = (_medians(logs, events), MEDIAN_LEVELS)
        result[f"{name}.spread"] = (_spreads(logs, events), SPREAD_LEVELS)
    gap = np.diff(events.seconds(), prepend=np.nan)
    gap[events.offsets[:-1][events.lengths > 0]] = np.nan
    result["pace"] = (_medians(np.log1p(np.maximum(gap, 0.0)), events), PACE_LEVELS)
    result["rate"] = (_rates(events), PACE_LEVELS)
    for name in running_sums(events.schema):
        held = _logged(read_numbers(events.frame[name]))
        result[f"{name}.{USUAL}"] = (_medians(held, events), BALANCE_LEVELS)
        result[f"{name}.{LOWEST}"] = (_smallest(held, events), BALANCE_LEVELS)
    for column in columns:
        if not isinstance(column, NumberColumn):
            distinct = _distinct(column, values[column.name][:, 0], events)
            result[f"{column.name}.distinct"] = (distinct, DISTINCT_LEVELS)
    return result


def running_sums(schema: Schema) -> list[str]:
    """Return the columns that are running sums of others: balances."""
    derived = schema.with_role("derived")
    return [channel.name for channel in derived if parse_formula(channel).is_running]


def _logged(values: Floats) -> Floats:
    """Return sign(x) · log(1 + |x|); NaN stays."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def unlogged(values: Floats) -> Floats:
    """Return what a summary of balances stands for, in the column's unit."""
    return np.asarray(np.sign(values) * np.expm1(np.abs(values)))


def _smallest(values: Floats, events: Events) -> Floats:
    """Return the smallest finite value of each entity; NaN where there is none."""
    result = np.full(events.n_entities, np.inf)
    np.minimum.at(result, events.owner, np.where(np.isfinite(values), values, np.inf))
    return np.where(np.isfinite(result), result, np.nan)


def _rates(events: Events) -> Floats:
    """Return the log of events a day between each entity's first and last; NaN for one event."""
    seconds, filled = events.seconds(), events.lengths > 1
    span = np.zeros(events.n_entities)
    first, last = events.offsets[:-1][filled], events.offsets[1:][filled] - 1
    span[filled] = (seconds[last] - seconds[first]) / SECONDS_PER_DAY
    # A week more, so that two events on one day are no rate of thousands a year.
    rate = np.log(np.maximum(events.lengths, 1) / (span + 7.0))
    return np.where(filled, rate, np.nan)


def _few(columns: tuple[Column, ...]) -> list[CategoryColumn]:
    found = [column for column in columns if isinstance(column, CategoryColumn)]
    return [column for column in found if 1 < column.vocabulary.levels <= MOST_TOP_LEVELS]


def _medians(values: Floats, events: Events) -> Floats:
    """Return the lower median of each entity's finite values; NaN where there are none."""
    kept = np.isfinite(values)
    owners, values = events.owner[kept], values[kept]
    counts = np.bincount(owners, minlength=events.n_entities)
    ordered = np.append(values[np.lexsort((values, owners))], np.nan)
    starts = np.cumsum(counts) - counts
    middle = np.where(counts > 0, starts + (counts - 1) // 2, len(ordered) - 1)
    return np.asarray(ordered[middle])


def _spreads(values: Floats, events: Events) -> Floats:
    """Return the standard deviation of each entity's finite values; NaN below two."""
    kept = np.isfinite(values)
    owners, values = events.owner[kept], values[kept]
    n = events.n_entities
    counts = np.bincount(owners, minlength=n)
    means = np.bincount(owners, values, minlength=n) / np.maximum(counts, 1)
    squares = np.bincount(owners, (values - means[owners]) ** 2, minlength=n)
    return np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)


def _distinct(column: Column, values: Floats, events: Events) -> Floats:
    levels = np.floor(values).astype(np.int64)
    if isinstance(column, RecencyColumn):
        first = column.recency.first_rank
        new = (levels == first - 1) | (levels == first - 2)
        return np.bincount(events.owner[new], minlength=events.n_entities).astype(np.float64)
    n_levels = int(levels.max(initial=0)) + 1
    pairs = np.unique(events.owner * n_levels + levels)
    counts = np.bincount(pairs // n_levels, minlength=events.n_entities)
    return counts.astype(np.float64)


def _commonest(values: Floats, events: Events, levels: int) -> Floats:
    cells = events.owner * levels + values.astype(np.int64)
    counts: Ints = np.bincount(cells, minlength=events.n_entities * levels)
    commonest: Ints = counts.reshape(events.n_entities, levels).argmax(axis=1)
    return commonest.astype(np.float64)


def _cuts(values: Floats, levels: int) -> Floats:
    """Return inner edges near quantiles, rounded, with at least 11 entities in each cell."""
    known = np.sort(values[np.isfinite(values)])
    if len(known) < 2 * SMALLEST_GROUP:
        return np.zeros(0)
    low, high = np.quantile(known, [0.1, 0.9])
    # Two digits of what most entities differ by, so that a cut is nobody's own value.
    unit = 10.0 ** (np.floor(np.log10(max(high - low, 1e-6))) - 1.0)
    edges = np.round(np.quantile(known, np.arange(1, levels) / levels) / unit) * unit
    inner = np.unique(np.round(edges, 9))
    kept = populated(np.array([-np.inf, *inner, np.inf]), known, np.arange(len(known)))
    return kept[1:-1]


def _levels(values: Floats, edges: Floats) -> Floats:
    levels: Ints = np.searchsorted(edges, values, side="right")
    return np.where(np.isfinite(values), levels, len(edges) + 1).astype(np.float64)
