"""What encoding and decoding promise of every value, said as assertions.

Categories: a level that 11 entities hold comes back as it was; a rarer text as
OTHER, or in a wide column under a fresh name. Numbers: a value that many share,
or that lies between the clipped bounds of its codec, comes back exactly in the
column's last decimal, as long as it has at most 53 binary digits and shares its
cell with fewer than 2^36 others; beyond the bounds it becomes the nearer bound, or
a number as round as it was next to it. Times come back to the second (day, month,
step) until the first clipped start or gap. Missing stays missing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskgen.data.codecs.amounts import NumberColumn, read_numbers
from riskgen.data.codecs.categories import CategoryColumn, RecencyColumn
from riskgen.data.codecs.gaps import EXACT, SHORT
from riskgen.data.codecs.recency import is_fresh
from riskgen.data.codecs.vocabulary import MOST_LEVELS, OTHER
from riskgen.data.derived.derivation import parse_formula
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events

GROUP = 11  # the convention of riskgen.data.codecs.disclosure, stated anew on purpose
EXACT_SIZE, EXACT_CELL = 2.0**53, 2.0**36


def check_round_trip(encoder: EventEncoder, events: Events) -> None:
    """Assert the promises on the events that the encoder was fitted on."""
    decoded = encoder.decode(encoder.encode(events))
    assert decoded.frame.columns == events.frame.columns
    assert decoded.lengths.tolist() == events.lengths.tolist()
    heads = pl.Series(events.offsets[:-1])
    for columns, rows in ((encoder.record.columns, None), (encoder.context.columns, heads)):
        for column in columns:
            old, new = events.frame[column.name], decoded.frame[column.name]
            owners = events.owner
            if rows is not None:
                old, new, owners = old.gather(rows), new.gather(rows), np.arange(len(rows))
            assert new.dtype == old.dtype
            CHECKS[type(column)](column, old, new, owners)
    check_times(encoder, events, decoded)
    check_roles(encoder, events, decoded)


def shared(old: pl.Series, owners: np.ndarray) -> set[str]:
    """Return the texts that at least 11 entities hold."""
    held = pl.DataFrame({"text": old.cast(pl.String), "owner": owners}).drop_nulls()
    counts = held.group_by("text").agg(pl.col("owner").n_unique())
    return set(counts.filter(pl.col("owner") >= GROUP)["text"])


def check_category(
    column: CategoryColumn, old: pl.Series, new: pl.Series, owners: np.ndarray
) -> None:
    kept = shared(old, owners)
    # A number cannot be OTHER: where no level is shared, all rare ones are missing.
    hidden = old.dtype != pl.String and not kept
    assert hidden or new.is_null().equals(old.is_null()), column.name
    if len(kept) > MOST_LEVELS - 2:
        return
    for before, after in zip(old.cast(pl.String), new.cast(pl.String), strict=True):
        if before in kept or before is None:
            assert after == before, column.name
        elif old.dtype == pl.String:
            assert after == OTHER, column.name
        else:
            assert not kept or after in kept, column.name


def check_recency(
    column: RecencyColumn, old: pl.Series, new: pl.Series, owners: np.ndarray
) -> None:
    assert new.is_null().equals(old.is_null()), column.name
    if old.dtype != pl.String:
        return
    kept = shared(old, owners)
    for before, after in zip(old, new, strict=True):
        assert after == before or is_fresh(after), column.name
        assert before in kept or before is None or after != before or is_fresh(before)
        if not column.kind.sizes and before in kept:
            assert after == before, column.name


def check_number(column: NumberColumn, old: pl.Series, new: pl.Series, owners: np.ndarray) -> None:
    codec = column.quantiles
    assert new.is_null().equals(old.is_null()), column.name
    known = np.flatnonzero(old.is_not_null().to_numpy())
    before = codec.whole(read_numbers(old)[known])
    after = codec.whole(read_numbers(new)[known])
    exact = np.isin(before, codec.atoms)
    if codec.bins is not None:
        low, high = codec.bins.low + codec.shift, codec.bins.high + codec.shift
        levels = np.floor(codec.bins.encode(before - codec.shift)).astype(np.int64)
        first, last = codec.bins.bounds(levels)
        exact |= (before >= low) & (before <= high) & (last - first < EXACT_CELL)
    exact &= np.abs(before) < EXACT_SIZE
    assert np.array_equal(after[exact], before[exact]), column.name
    if codec.bins is not None:
        beyond = ~np.isin(before, codec.atoms) & ((before < low) | (before > high))
        beyond &= (np.abs(before) < EXACT_SIZE) & (max(abs(low), abs(high)) < EXACT_SIZE)
        slack = grain_slack(column, before[beyond])
        assert (np.abs(after - np.clip(before, low, high))[beyond] <= slack).all(), column.name
    if codec.decimals >= 0 and not old.dtype.is_temporal():
        values = read_numbers(old)[known][exact]
        assert np.array_equal(read_numbers(new)[known][exact], codec.numbers(codec.whole(values)))


def grain_slack(column: NumberColumn, whole: np.ndarray) -> np.ndarray:
    """Return how far a multiple of a number's own step may lie from a bound."""
    steps = column.grain.steps
    level = column.grain.encode(whole).astype(np.int64)
    coarser = np.append(steps, 0.0)[level + 1]
    return np.maximum(3.0 * steps[level], coarser)


CHECKS = {
    CategoryColumn: check_category,
    RecencyColumn: check_recency,
    NumberColumn: check_number,
}


def check_times(encoder: EventEncoder, events: Events, decoded: Events) -> None:
    gaps, clock = encoder.clock.gaps, encoder.clock
    seconds, found = events.seconds(), decoded.seconds()
    heads = events.offsets[:-1]
    ticks, whole = gaps.ticks(seconds), np.floor(seconds)
    farthest = EXACT[gaps.resolution] - 1 if gaps.long is None else gaps.long.high
    # Gaps beyond the exact ones are in cells too, and in wide ones where they are long.
    kept = np.diff(ticks, prepend=ticks[:1]) <= min(farthest, EXACT_CELL / 8)
    if gaps.resolution == "clock":
        kept |= np.diff(whole, prepend=whole[:1]) < SHORT
    first = (ticks - gaps.ticks(np.array([clock.origin])))[heads]
    kept[heads] = clock.starts.decode(clock.starts.encode(first)) == first
    broken = np.cumsum(~kept)
    before = broken[heads] - ~kept[heads]
    exact = broken == before[events.owner]
    assert np.array_equal(found[exact], whole[exact]), "time"


def check_roles(encoder: EventEncoder, events: Events, decoded: Events) -> None:
    schema = events.schema
    if schema.label is not None:
        assert np.array_equal(decoded.event_label(), events.event_label())
        assert decoded.frame[schema.label].dtype == events.frame[schema.label].dtype
    for channel in schema.with_role("derived"):
        formula = parse_formula(channel)
        if formula.function != "running_sum" or len((*formula.columns, *formula.values)) > 1:
            continue
        source = formula.source
        places = max(channel.decimals or 0, schema.channel(source).decimals or 0)
        balance, moved = (
            np.round(decoded.numbers(name) * 10.0**places) for name in (channel.name, source)
        )
        inside = np.diff(decoded.owner) == 0
        exact = inside & (np.abs(balance[1:]) < EXACT_SIZE)
        steps = np.diff(balance)[exact]
        assert np.array_equal(steps, np.nan_to_num(moved[1:])[exact]), channel.name
