"""What is in a table, counted: entities, lengths, time, gaps, labels by month.

Plain numbers over all or many entities; no single customer's value: lengths
and gaps are quantiles, bounds have eleven entities at or beyond them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from riskgen.data.codecs.disclosure import SMALLEST_GROUP, holders, shared_range
from riskgen.data.events import SECONDS_PER_DAY
from riskgen.data.inspection.evidence import Evidence, Floats

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_FEW_EVENTS = 100  # a month below that has no rate worth reading [J]
_GRIDS = (1.0, 60.0, 300.0, 900.0, 3_600.0, SECONDS_PER_DAY)
_ON_GRID = 0.99  # share of gaps that makes a grid [J]


def entity_facts(evidence: Evidence) -> dict[str, Any]:
    """Return how many entities there are and how long their histories are.

    Quantiles between which fewer than 11 entities lie on a side are left out.
    """
    owner = evidence.owner[evidence.timed]
    lengths = np.bincount(owner, minlength=evidence.n_entities)
    lengths = lengths[lengths > 0]
    return {
        "entities": len(lengths),
        "single_event": int((lengths == 1).sum()),
        "events": int(lengths.sum()),
        "length_quantiles": _quantiles(lengths.astype(np.float64)),
    }


def _quantiles(values: Floats) -> dict[str, float]:
    """Return the quantiles that at least 11 values lie at or beyond, on both sides."""
    n = len(values)
    shown = [q for q in _QUANTILES if min(q, 1 - q) * n >= SMALLEST_GROUP]
    return {f"{100 * q:.0f}%": float(np.quantile(values, q, method="nearest")) for q in shown}


def time_facts(evidence: Evidence) -> dict[str, Any]:
    """Return the span and the rhythm of time.

    Returns
    -------
    dict
        ``resolution``; ``first`` and ``last`` day (or step) that at least 11
        entities reach; ``equal_times`` and ``on_grid`` as shares of gaps;
        ``grid_seconds``; ``gap_days`` quantiles; ``days``,
        ``days_without_events``.
    """
    order = evidence.order
    owner, seconds = evidence.owner[order], evidence.seconds[order]
    gaps = np.diff(seconds)[np.diff(owner) == 0]
    facts: dict[str, Any] = {"resolution": evidence.schema.resolution if evidence.schema else None}
    facts |= _span(evidence, seconds, owner)
    moved = gaps[gaps > 0]
    facts["equal_times"] = round(float(np.mean(gaps == 0)), 4) if len(gaps) else None
    facts |= _grid(moved)
    facts["gap_days"] = {k: round(v, 6) for k, v in _quantiles(moved / SECONDS_PER_DAY).items()}
    return facts


def _span(evidence: Evidence, seconds: Floats, owner: np.ndarray) -> dict[str, Any]:
    reached = shared_range(np.floor(seconds / SECONDS_PER_DAY), owner)
    if reached is None:
        return {"first": None, "last": None, "days": None, "days_without_events": None}
    low, high = int(min(reached)), int(max(reached))
    days = np.unique(evidence.day[evidence.timed])
    inside = int(((days >= low) & (days <= high)).sum())
    monthly = evidence.schema is not None and evidence.schema.resolution == "month"
    return {
        "first": _day(evidence, low),
        "last": _day(evidence, high),
        "days": high - low + 1,
        "days_without_events": None if monthly else high - low + 1 - inside,
    }


def _day(evidence: Evidence, day: int) -> str:
    return str(np.datetime64(day, "D")) if evidence.has_calendar else str(day)


def _grid(gaps: Floats) -> dict[str, Any]:
    """Return the coarsest regular step that 99 % of gaps are multiples of."""
    for step in reversed(_GRIDS):
        share = (
            float(np.mean(np.abs(gaps - np.rint(gaps / step) * step) < 1e-6)) if len(gaps) else 0
        )
        if share >= _ON_GRID:
            return {"grid_seconds": step, "on_grid": round(share, 4)}
    return {"grid_seconds": None, "on_grid": None}


def null_facts(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return type, missing values and distinct values of each column."""
    return {
        column.name: {
            "type": str(column.dtype),
            "missing": column.null_count(),
            "missing_share": round(column.null_count() / max(1, len(column)), 6),
            "distinct": column.drop_nulls().n_unique(),
        }
        for column in frame
    }


def duplicate_facts(evidence: Evidence) -> dict[str, int]:
    """Return rows that repeat another: whole, and but for the row's number."""
    frame = evidence.frame
    numbers = [c.name for c in evidence.columns("row_id")]
    whole = frame.height - frame.select(pl.struct(pl.all()).n_unique()).item()
    facts = {"whole_rows": int(whole)}
    if numbers and frame.width > len(numbers):
        rest = frame.drop(numbers).select(pl.struct(pl.all()).n_unique()).item()
        facts["but_for_row_id"] = int(frame.height - rest)
    return facts


def label_facts(evidence: Evidence) -> dict[str, Any] | None:
    """Return how often the label is positive, in all and by month; None without a label."""
    positive = evidence.positive
    if positive is None or evidence.schema is None:
        return None
    owners = np.unique(evidence.owner[positive & (evidence.owner >= 0)])
    facts: dict[str, Any] = {
        "column": evidence.schema.label,
        "level": evidence.schema.label_level,
        "positive_rows": int(positive.sum()),
        "positive_entities": len(owners),
        "missing": evidence.frame[str(evidence.schema.label)].null_count(),
    }
    if evidence.has_calendar and evidence.timed.any():
        facts["months"] = _by_month(evidence, positive)
    return facts


def _by_month(evidence: Evidence, positive: np.ndarray) -> list[dict[str, Any]]:
    """Return counts of the months in which at least 11 entities have an event."""
    month = evidence.month[evidence.timed]
    months, codes, counts = np.unique(month, return_inverse=True, return_counts=True)
    hits = np.bincount(codes, weights=positive[evidence.timed]).astype(int)
    held = holders(codes, evidence.owner[evidence.timed], len(months))
    return [
        {
            "month": f"{m // 12}-{m % 12 + 1:02d}",
            "events": int(n),
            "positive": int(k),
            "rate": round(float(k / n), 6),
            "few": bool(n < _FEW_EVENTS or k < SMALLEST_GROUP),
        }
        for m, n, k, people in zip(months, counts, hits, held, strict=True)
        if people >= SMALLEST_GROUP
    ]
