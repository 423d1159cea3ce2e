"""Faults that begin or end on a date: units, rounding, levels, filled columns.

Compares months of the same column; knows rows with a time, not causes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from riskgen.data.inspection.evidence import Evidence, Floats, Ints
from riskgen.data.quality.problem import Problem
from riskgen.data.schema import Channel

_FEWEST_ROWS = 100  # a month below that is not compared [J]
_FEWEST_OWNERS = 11
_SCALE = 10.0  # factor between medians before and after that no season makes [J]
_JUMP = 0.3  # change of a share that no season makes [J]
_STEADY = 0.1  # largest spread of the share on one side of the change [J]
_MOST_LEVELS = 50
_SHARP = 28  # days within which a new code is in full use [J]
_SETTLED = 60  # days after an entity's first event that its habits take to show [J]
_LEAST_SHARE = 0.01  # share of rows, while it is used, that makes a level worth naming [J]


def find_unit_changes(evidence: Evidence) -> Iterator[Problem]:
    """Find amounts whose scale breaks at a month and stays broken."""
    for channel in _numbers(evidence):
        values = _sizes(evidence, channel)
        months, groups = _monthly(evidence, np.isfinite(values) & (values > 0))
        if len(months) < 2:
            continue
        middles = np.log10([np.median(values[rows]) for rows in groups])
        split = _change(middles, np.log10(_SCALE), 0.3 * np.log10(_SCALE))
        if split is not None:
            factor = 10.0 ** abs(np.mean(middles[split:]) - np.mean(middles[:split]))
            yield Problem(
                code="unit-changes",
                effect="wrong",
                found=f"The usual size of '{channel.name}' changes {factor:,.0f}-fold in "
                f"{_month(months[split])}.",
                then="Two scales are learned as one: thresholds and totals mean nothing.",
                advice="Bring the column into one unit or currency.",
                columns=(channel.name,),
                share=1.0,
            )


def find_rounding_changes(evidence: Evidence) -> Iterator[Problem]:
    """Find amounts that are whole numbers before or after a month, but not beyond it."""
    for channel in _numbers(evidence):
        values = _sizes(evidence, channel)
        months, groups = _monthly(evidence, np.isfinite(values) & (values > 0))
        if len(months) < 2 or not channel.decimals:
            continue
        whole = np.array([np.mean(np.mod(values[rows], 1.0) == 0) for rows in groups])
        split = _change(whole, _JUMP, _STEADY)
        if split is not None:
            before, after = np.mean(whole[:split]), np.mean(whole[split:])
            yield Problem(
                code="rounding-changes",
                effect="worse",
                found=f"Whole numbers in '{channel.name}' go from {100 * before:.0f} % to "
                f"{100 * after:.0f} % in {_month(months[split])}.",
                then="A mixture of rounded and exact amounts is learned for all times.",
                advice="Use one source for the whole time, or cut the table at that month.",
                columns=(channel.name,),
                share=1.0,
            )


def find_levels_in_time(evidence: Evidence) -> Iterator[Problem]:
    """Find levels that begin or end on a date although they are common while they last."""
    if not evidence.has_calendar:
        return
    for channel in evidence.columns("channel", "context"):
        column = evidence.frame[channel.name].cast(pl.String)
        if channel.kind not in ("category", "flag") or not 2 <= column.n_unique() <= _MOST_LEVELS:
            continue
        late, early = _bounded_levels(evidence, column)
        told = [_told(late, "appear"), _told(early, "vanish")]
        if late or early:
            yield Problem(
                code="levels-that-begin-or-end",
                effect="worse",
                found=f"'{channel.name}': {' and '.join(filter(None, told))} within the table, "
                "though common while in use.",
                then="The generator mixes old and new codes at all times.",
                advice="Map old codes to new ones, or cut the table at the change.",
                columns=(channel.name,),
                count=len(late) + len(early),
            )


def _told(days: list[int], verb: str) -> str:
    months = sorted({str(np.datetime64(day, "D").astype("datetime64[M]")) for day in days})
    what = f"1 level {verb}s" if len(days) == 1 else f"{len(days)} levels {verb}"
    return f"{what} ({', '.join(months[:3])})" if days else ""


def _bounded_levels(evidence: Evidence, column: pl.Series) -> tuple[list[int], list[int]]:
    """Return the days at which common levels begin, and at which they end."""
    rows = np.flatnonzero(evidence.timed)
    days, owners = evidence.day[rows], evidence.owner[rows]
    opened = np.full(evidence.n_entities, np.iinfo(np.int64).max)
    np.minimum.at(opened, owners, days)
    # A new customer has no standing orders yet: that is no change of codes.
    settled = days - opened[owners] >= _SETTLED
    codes = column[pl.Series(rows)].rank("dense").fill_null(0).to_numpy().astype(np.int64)
    late, early = [], []
    for code in range(1, int(codes.max(initial=0)) + 1):
        own = np.flatnonzero(codes == code)
        if len(np.unique(owners[own])) < _FEWEST_OWNERS:
            continue
        # All but two events in a hundred: strays do not stretch a level's time.
        first, last = np.quantile(days[own], [0.01, 0.99])
        used = (days >= first) & (days <= last)
        held = len(np.unique(owners[own] * 100_003 + days[own])) / max(1, int(used.sum()))
        if held < _LEAST_SHARE:
            continue
        begin = used & (days < first + _SHARP)
        end = used & (days > last - _SHARP)
        if _absent(days, owners, (days < first) & settled, held) and _full(own, begin, held):
            late.append(int(first))
        if _absent(days, owners, (days > last) & settled, held) and _full(own, end, held):
            early.append(int(last))
    return late, early


def _full(own: Ints, edge: np.ndarray, held: float) -> bool:
    """Whether a level is used as much at the edge of its time as within it: no slow growth."""
    return bool(edge[own].sum() >= 0.5 * held * edge.sum())


def _absent(days: Ints, owners: Ints, outside: np.ndarray, held: float) -> bool:
    """Whether a level should have been seen 50 times, by 11 entities, in days it is not."""
    if not outside.any() or held * outside.sum() < 50:
        return False
    away, span = days[outside], int(days.max()) - int(days.min())
    long = int(away.max()) - int(away.min()) >= max(28, 0.1 * span)
    return bool(long and len(np.unique(owners[outside])) >= _FEWEST_OWNERS)


def find_filling_changes(evidence: Evidence) -> Iterator[Problem]:
    """Find columns that are filled from or until a month only."""
    if not evidence.has_calendar:
        return
    months, groups = _monthly(evidence, evidence.timed)
    if len(months) < 2:
        return
    for channel in evidence.columns("channel", "context", "derived"):
        missing = evidence.frame[channel.name].is_null().to_numpy()
        if not 0.01 < missing.mean() < 0.99:
            continue
        shares = np.array([np.mean(missing[rows]) for rows in groups])
        split = _change(shares, 0.5, _STEADY)
        if split is not None:
            yield Problem(
                code="filling-changes",
                effect="worse",
                found=f"'{channel.name}' is missing in {100 * np.mean(shares[:split]):.0f} % of "
                f"rows before {_month(months[split])} and in "
                f"{100 * np.mean(shares[split:]):.0f} % from then on.",
                then="Missing is learned as a habit of customers.",
                advice="Cut the table at that month, or leave the column out with --drop.",
                columns=(channel.name,),
                share=float(missing.mean()),
            )


def _numbers(evidence: Evidence) -> list[Channel]:
    if not evidence.has_calendar:
        return []
    found = evidence.columns("channel")
    return [c for c in found if c.kind == "amount" and evidence.frame[c.name].dtype.is_numeric()]


def _sizes(evidence: Evidence, channel: Channel) -> Floats:
    values = evidence.frame[channel.name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.asarray(np.abs(values))


def _monthly(evidence: Evidence, usable: np.ndarray) -> tuple[Ints, list[Ints]]:
    """Return the months with enough rows, and their rows."""
    rows = np.flatnonzero(usable & evidence.timed)
    month = evidence.month[rows]
    order = np.argsort(month, kind="stable")
    found, starts = np.unique(month[order], return_index=True)
    groups = np.split(rows[order], starts[1:]) if len(found) else []
    kept = [i for i, group in enumerate(groups) if len(group) >= _FEWEST_ROWS]
    return found[kept], [groups[i] for i in kept]


def _change(series: Floats, jump: float, steady: float) -> int | None:
    """Return where a series steps once and is steady on both sides, or None."""
    series = np.asarray(series, dtype=np.float64)
    if len(series) < 2:
        return None
    steps = np.abs(np.diff(series))
    split = int(steps.argmax()) + 1
    before, after = series[:split], series[split:]
    moved = abs(after.mean() - before.mean())
    calm = np.ptp(before) <= max(steady, 0.3 * moved) and np.ptp(after) <= max(steady, 0.3 * moved)
    return split if moved >= jump and calm else None


def _month(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02d}"
