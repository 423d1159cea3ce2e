"""Columns that follow exactly from others, computed again.

A generator must not guess what arithmetic knows: a balance is the running sum
of signed amounts, a weekday follows from the time. Knows events and formulas,
not how they were found, and no models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.derived.formula import Formula, parse
from riskgen.data.derived.ledger import absent, smallest_units
from riskgen.data.dtypes import cast_back, dtype_name
from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.data.times.functions import time_function
from riskgen.errors import SchemaError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def parse_formula(channel: Channel) -> Formula:
    """Return the formula of a derived channel.

    Raises
    ------
    SchemaError
        When the formula is missing or not one that riskgen knows.
    """
    return parse(channel.formula or "", channel.name)


def openings(events: Events) -> dict[str, Floats]:
    """Return the balance before the first event of each entity.

    Returns
    -------
    dict of column to ndarray of shape (n_entities,)
        One entry for each derived running sum, in its own unit. Where an
        entity has no balance at all, the median of the others (0 if none).
    """
    result = {}
    for channel in events.schema.with_role("derived"):
        formula = parse_formula(channel)
        if formula.is_running:
            scale = _places(events, channel, formula)
            result[channel.name] = _opening(events, channel.name, formula, scale) / 10.0**scale
    return result


def _opening(events: Events, name: str, formula: Formula, scale: int) -> Ints:
    column = events.frame[name]
    moved = signed_units(events.frame, formula, scale)
    total = np.cumsum(moved)
    if formula.function == "running_sum_before":
        total = total - moved
    start = smallest_units(column, scale) - total
    known = np.flatnonzero(~absent(column))
    owners, first = np.unique(events.owner[known], return_index=True)
    before = np.concatenate([[0], np.cumsum(moved)])[events.offsets[:-1]]
    found = start[known[first]] + before[owners]
    usual = int(np.median(found)) if len(found) else 0
    result = np.full(events.n_entities, usual, dtype=np.int64)
    result[owners] = found
    return result


def derive(events: Events, openings: Mapping[str, Floats]) -> Events:
    """Return events whose derived columns are computed from the other columns.

    Parameters
    ----------
    events : Events
        Whatever the derived columns hold is replaced; a missing amount adds 0.
    openings : mapping of column to ndarray of shape (n_entities,)
        Balance before the first event for each running sum; 0 where there is
        no entry.

    Raises
    ------
    SchemaError
        When a formula is unknown, needs a column that is not there, or
        columns need each other.
    """
    frame = events.frame
    for channel in _in_order(events.schema.with_role("derived")):
        formula = parse_formula(channel)
        _check_columns(events, channel, formula)
        current = Events(events.schema, frame, events.offsets)
        start = openings.get(channel.name, np.zeros(events.n_entities))
        values = _computed(current, channel, formula, start)
        dtype = dtype_name(frame[channel.name].dtype)
        frame = frame.with_columns(cast_back(values, dtype).alias(channel.name))
    return Events(events.schema, frame, events.offsets)


def derive_again(
    events: Events, openings: Mapping[str, Floats], entities: Ints, kept: Sequence[str] = ()
) -> Events:
    """Return events whose derived columns follow the edits that were made to some entities.

    Parameters
    ----------
    events : Events
        After the edits.
    openings : mapping of column to ndarray of shape (n_entities,)
        As for :func:`derive`.
    entities : ndarray of shape (n,), int64
        Edited entities; all others keep every value.
    kept : sequence of str
        Columns that are right already.
    """
    names = [c.name for c in events.schema.with_role("derived") if c.name not in kept]
    if not names:
        return events
    again = derive(events, openings).frame
    edited = np.zeros(events.n_entities, dtype=bool)
    edited[entities] = True
    rows = pl.Series(edited[events.owner])
    columns = [again[name].zip_with(rows, events.frame[name]) for name in names]
    return Events(events.schema, events.frame.with_columns(columns), events.offsets)


def _computed(events: Events, channel: Channel, formula: Formula, start: Floats) -> pl.Series:
    if formula.is_of_time:
        return time_function(events.frame[formula.source], formula)
    scale = _places(events, channel, formula)
    if formula.is_running:
        return _running_sum(events, formula, scale, start)
    return _BY_ROW[formula.function](events.frame, formula, scale)


def _check_columns(events: Events, channel: Channel, formula: Formula) -> None:
    missing = [name for name in formula.columns if name not in events.frame.columns]
    dropped = [c.name for c in events.schema.with_role("dropped") if c.name in formula.columns]
    if missing or dropped:
        raise SchemaError(
            f"Column '{channel.name}' is derived as {formula}, but '{(missing + dropped)[0]}' "
            "is not modelled. Change the formula, or the role of that column."
        )


def _in_order(channels: Sequence[Channel]) -> list[Channel]:
    """Order derived channels so that each comes after the ones it needs."""
    waiting, ordered = list(channels), list[Channel]()
    while waiting:
        names = {channel.name for channel in waiting}
        ready = [c for c in waiting if names.isdisjoint(parse_formula(c).columns)]
        if not ready:
            raise SchemaError(f"Derived columns need each other: {', '.join(sorted(names))}.")
        ordered += ready
        waiting = [c for c in waiting if c not in ready]
    return ordered


def signed_units(frame: pl.DataFrame, formula: Formula, scale: int, at: int = 0) -> Ints:
    """Return the amounts of column ``at`` in whole units, negative where the flag says so.

    The flag is the next column of the formula, if there is one; its values are
    the levels that mean minus. A missing amount is 0.
    """
    units = smallest_units(frame[formula.columns[at]], scale)
    if len(formula.columns) == at + 1:
        return units
    return np.where(is_minus(frame[formula.columns[at + 1]], formula.values), -units, units)


def is_minus(flag: pl.Series, levels: Sequence[str]) -> NDArray[np.bool_]:
    """Return where a flag has one of the levels that mean minus, shape (n,)."""
    return np.array(flag.cast(pl.String).is_in(list(levels)).fill_null(False).to_numpy())


def _running_sum(events: Events, formula: Formula, scale: int, start: Floats) -> pl.Series:
    # Whole numbers: sums of floating cents drift away from the cent.
    moved = signed_units(events.frame, formula, scale)
    total = np.cumsum(moved)
    before = np.concatenate([[0], total])[events.offsets[:-1]]
    if formula.function == "running_sum_before":
        total = total - moved
    opening = np.rint(np.asarray(start) * 10.0**scale).astype(np.int64)
    return pl.Series((total + (opening - before)[events.owner]) / 10.0**scale)


def _copy(frame: pl.DataFrame, formula: Formula, scale: int) -> pl.Series:
    return frame[formula.source]


def _absolute(frame: pl.DataFrame, formula: Formula, scale: int) -> pl.Series:
    return frame[formula.source].abs()


def _sign(frame: pl.DataFrame, formula: Formula, scale: int) -> pl.Series:
    values = frame[formula.source]
    below, above, *zero = formula.values
    level = pl.when(values < 0).then(pl.lit(below)).when(values > 0).then(pl.lit(above))
    level = level.when(values == 0).then(pl.lit(zero[0] if zero else above))
    return pl.select(level).to_series()


def _signed(frame: pl.DataFrame, formula: Formula, scale: int) -> pl.Series:
    sizes = frame[formula.source]
    return sizes.zip_with(~pl.Series(is_minus(frame[formula.columns[1]], formula.values)), -sizes)


def _difference(frame: pl.DataFrame, formula: Formula, scale: int) -> pl.Series:
    taken = signed_units(frame, formula, scale, at=1)
    held = smallest_units(frame[formula.source], scale)
    return _money(pl.Series(held - taken), frame, formula, scale)


def _total(frame: pl.DataFrame, formula: Formula, scale: int) -> pl.Series:
    first, second = (smallest_units(frame[name], scale) for name in formula.columns)
    return _money(pl.Series(first + second), frame, formula, scale)


def _money(units: pl.Series, frame: pl.DataFrame, formula: Formula, scale: int) -> pl.Series:
    """Return units as money; missing where one of the numbers is."""
    gone = absent(frame[formula.columns[0]]) | absent(frame[formula.columns[1]])
    values = (units / 10.0**scale).to_numpy()
    return pl.Series(np.where(gone, np.nan, values)).fill_nan(None)


_BY_ROW: dict[str, Callable[[pl.DataFrame, Formula, int], pl.Series]] = {
    "copy": _copy,
    "absolute": _absolute,
    "sign": _sign,
    "signed": _signed,
    "difference": _difference,
    "total": _total,
}


def _places(events: Events, channel: Channel, formula: Formula) -> int:
    used = [channel, *(events.schema.channel(name) for name in formula.columns)]
    return max(item.decimals or 0 for item in used)
