"""Values that belong to few real customers and must not come out again.

Looks at single values, not at sequences: rare category levels (a merchant that
three customers use) and the one largest or smallest amount of the table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.privacy.rates import gated, judgement
from riskgen.evaluate.result import Estimate, MetricResult, Threshold

SMALL_CELL = 11  # fewer holders than this make a value personal (CMS/EMA-type cell size)


def rare_tokens(members: Events, synthetic: Events) -> dict[str, int]:
    """Count, per column, the emitted levels that fewer than 11 members hold.

    A level that no member holds was minted by the simulator and does not count.
    """
    found = {}
    for channel in members.schema.with_role("channel", "context"):
        if channel.kind in ("category", "flag", "identifier"):
            rare = _rare_levels(members, channel.name)
            found[channel.name] = len(rare & set(synthetic.codes(channel.name)[1]))
    return found


def own_extremes(members: Events, control: Events, synthetic: Events) -> dict[str, int]:
    """Count, per numeric column, emitted extremes that one member alone holds.

    The member's largest and smallest value count when no other member and no
    control entity has the same one; a value that strangers share names nobody.
    """
    found = {}
    for channel in members.schema.with_role("channel", "context"):
        if channel.kind in ("amount", "number"):
            values = members.numbers(channel.name)
            others = control.numbers(channel.name)
            made = synthetic.numbers(channel.name)
            ends = _single_ends(values, members.owner)
            found[channel.name] = sum(
                bool(np.any(made == end)) and not np.any(others == end) for end in ends
            )
    return found


def measure_emitted(members: Events, control: Events, synthetic: Events) -> list[MetricResult]:
    """Measure rare levels and single extremes in the output (gate P2)."""
    return [
        _result(
            "privacy.emitted.rare_levels",
            "Levels held by fewer than 11 members that the synthetic data contain",
            rare_tokens(members, synthetic),
            rare_tokens(members, control),
            Threshold(0.0, 0.0, "C", "gate P2: cell size 11, CMS/EMA-type convention"),
        ),
        _result(
            "privacy.emitted.extremes",
            "Largest or smallest values of one member that the synthetic data contain",
            own_extremes(members, control, synthetic),
            None,
            judgement(0.0, "gate P2: an extreme that one member alone holds"),
        ),
    ]


def _result(
    metric: str,
    title: str,
    found: dict[str, int],
    chance: dict[str, int] | None,
    threshold: Threshold,
) -> MetricResult:
    total = float(sum(found.values()))
    result = MetricResult(
        metric,
        title,
        "privacy",
        "NOT_APPLICABLE",
        estimate=Estimate(total),
        floor=None if chance is None else Estimate(float(sum(chance.values()))),
        threshold=threshold,
        method="Exact equality of values; the floor is what the control entities contain.",
        by={column: Estimate(float(count)) for column, count in found.items()},
    )
    if not found:
        return gated(result, "NOT_APPLICABLE", "The table has no such column.")
    if total > 0:
        columns = ", ".join(f"'{name}'" for name, count in found.items() if count)
        return gated(result, "FAIL", f"Personal values come out again in {columns}.")
    return gated(result, "PASS", f"None in {len(found)} columns.")


def _rare_levels(events: Events, name: str) -> set[str]:
    codes, levels = events.codes(name)
    known = codes >= 0
    pairs = np.unique(codes[known] * max(events.n_entities, 1) + events.owner[known])
    holders = np.bincount(pairs // max(events.n_entities, 1), minlength=len(levels))
    return {levels[i] for i in np.flatnonzero(holders < SMALL_CELL)}


def _single_ends(values: NDArray[np.float64], owner: NDArray[np.int64]) -> list[float]:
    known = np.isfinite(values)
    if not known.any():
        return []
    ends = {float(values[known].min()), float(values[known].max())}
    return [end for end in sorted(ends) if len(np.unique(owner[values == end])) == 1]
