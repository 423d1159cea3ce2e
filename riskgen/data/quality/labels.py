"""Faults of the label: late, begun late, swapped.

Counts entities that turn positive, week by week; knows nothing of columns.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.data.inspection.evidence import Evidence, Ints
from riskgen.data.quality.problem import Problem

_EXPECTED = 6.0  # positives missed: by luck in 1 of 400 (Poisson, exp(-6))
_LOWER = 0.5  # part of the usual rate below which an edge is thinner [J]
_SURE = 1e-4  # chance of such an edge under the usual rate [J]
_FEWEST_WEEKS = 8


def find_late_labels(evidence: Evidence) -> Iterator[Problem]:
    """Find labels that fade at the end of the table, or start thin."""
    found = _weeks(evidence)
    if found is None or len(found[0]) < _FEWEST_WEEKS:
        return
    positives, events = found
    label = evidence.schema.label if evidence.schema else None
    for side, step in (("last", -1), ("first", 1)):
        weeks, seen, expected = _thin_edge(positives[::step], events[::step])
        if weeks:
            late = side == "last"
            yield Problem(
                code="label-arrives-late" if late else "label-begins-late",
                effect="wrong",
                found=f"'{label}' is positive {seen:,} times in the {side} {weeks} weeks; at the "
                f"usual rate {expected:,.0f} were expected.",
                then="Cases that are not yet known count as normal; the test of usefulness "
                "happens in those weeks."
                if late
                else "Cases that were not yet recorded are learned as normal.",
                advice=f"Cut the {side} {weeks} weeks off the table, unless the rate was so.",
                columns=(str(label),),
                count=seen,
                share=weeks / len(positives),
            )


def find_swapped_label(evidence: Evidence) -> Iterator[Problem]:
    """Find labels that are positive in most rows."""
    positive = evidence.positive
    if positive is not None and positive.mean() > 0.5:
        assert evidence.schema is not None
        yield Problem(
            code="label-mostly-positive",
            effect="look",
            found=f"'{evidence.schema.label}' is 1 in {100 * positive.mean():.0f} % of rows.",
            then="The class that is learned as rare and bad is the usual one.",
            advice="Swap 0 and 1, if 1 means good.",
            columns=(str(evidence.schema.label),),
            share=float(positive.mean()),
        )


def _weeks(evidence: Evidence) -> tuple[Ints, Ints] | None:
    """Return entities positive and entities active in each week of the table."""
    schema = evidence.schema
    if schema is None or schema.label_level != "event" or not evidence.is_events:
        return None
    if evidence.positive is None or not evidence.timed.any():
        return None
    week = np.floor(evidence.seconds[evidence.timed] / (7 * SECONDS_PER_DAY)).astype(np.int64)
    # Some tables hold a stray first or last date.
    low, high = (int(q) for q in np.quantile(week, [0.0005, 0.9995]))
    owner = evidence.owner[evidence.timed]
    positive = evidence.positive[evidence.timed]
    kept = (week >= low) & (week <= high)
    size = high - low + 1
    return (
        _owners_by_week(week[kept & positive] - low, owner[kept & positive], size),
        _owners_by_week(week[kept] - low, owner[kept], size),
    )


def _owners_by_week(week: Ints, owner: Ints, size: int) -> Ints:
    pairs = np.unique(week * (int(owner.max(initial=0)) + 1) + owner)
    return np.bincount(pairs // (int(owner.max(initial=0)) + 1), minlength=size)


def _thin_edge(positives: Ints, active: Ints) -> tuple[int, int, float]:
    """Return weeks, positives and positives expected of a thin beginning, or zeros.

    The usual rate is that of the other weeks; at most a third of the weeks
    can be an edge. Of the edges that pass, the most surprising.
    """
    best, surprise = (0, 0, 0.0), _SURE
    for weeks in range(1, len(positives) // 3 + 1):
        rest = positives[weeks:].sum() / max(1, active[weeks:].sum())
        expected = float(rest * active[:weeks].sum())
        seen = int(positives[:weeks].sum())
        if expected < _EXPECTED or seen >= _LOWER * expected:
            continue
        # Twice the variance of Poisson: cases come in waves [J].
        chance = float(stats.poisson.cdf(seen / 2.0, expected / 2.0))
        if chance < surprise or (seen == 0 and best[0] == 0 and chance < np.exp(-_EXPECTED / 2)):
            best, surprise = (weeks, seen, expected), min(surprise, chance)
    return best
