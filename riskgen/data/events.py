"""Raw events in the user's units, sorted by entity and time.

The table that every room above ``data`` shares: real and simulated sequences
look the same. polars stays behind this door; what comes out is numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.schema import Schema

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class Events:
    """Events of many entities; rows of one entity lie together, in time order.

    Attributes
    ----------
    schema : Schema
        What the columns are.
    frame : polars.DataFrame
        Columns of the schema in its order, sorted by entity (order of first
        appearance is not kept) and time; ties keep their order in the file.
    offsets : ndarray of shape (n_entities + 1,), int64
        Entity ``i`` owns rows ``offsets[i]`` to ``offsets[i + 1]``.
    """

    schema: Schema
    frame: pl.DataFrame = field(repr=False)
    offsets: NDArray[np.int64] = field(repr=False)

    @classmethod
    def build(cls, frame: pl.DataFrame, schema: Schema) -> Events:
        """Sort ``frame`` by entity and time (stable) and find the entities."""
        names = [channel.name for channel in schema.channels]
        ordered = frame.select(names).sort(schema.entity, schema.time, maintain_order=True)
        return cls(schema, ordered, _offsets(ordered[schema.entity]))

    @property
    def n_events(self) -> int:
        """Number of rows."""
        return self.frame.height

    @property
    def n_entities(self) -> int:
        """Number of entities."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events per entity, shape (n_entities,)."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> NDArray[np.int64]:
        """Entity index of each event, shape (n_events,)."""
        return np.repeat(np.arange(self.n_entities), self.lengths)

    @property
    def entity_ids(self) -> list[str]:
        """Entity keys as text, shape (n_entities,); never to be printed."""
        return self.frame[self.schema.entity].gather(self.offsets[:-1]).cast(pl.String).to_list()

    def seconds(self) -> NDArray[np.float64]:
        """Time of each event in seconds since 1970; a whole-number step counts as a day."""
        return column_seconds(self.frame[self.schema.time])

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Values of a numeric column, shape (n_events,); missing is NaN."""
        column = self.frame[name].cast(pl.Float64)
        return np.array(column.fill_null(float("nan")).to_numpy(), dtype=np.float64)

    def texts(self, name: str) -> NDArray[np.object_]:
        """Values of any column as text, shape (n_events,); missing is None."""
        return np.array(self.frame[name].cast(pl.String).to_list(), dtype=object)

    def codes(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        """Values of a column as codes into its sorted distinct texts; missing is -1."""
        column = self.frame[name].cast(pl.String)
        levels = column.drop_nulls().unique().sort()
        keys = pl.DataFrame({"text": levels, "code": np.arange(len(levels), dtype=np.int64)})
        joined = pl.DataFrame({"text": column}).join(
            keys, on="text", how="left", maintain_order="left"
        )
        return joined["code"].fill_null(-1).to_numpy().copy(), levels.to_list()

    def event_label(self) -> NDArray[np.bool_]:
        """Label of each event, shape (n_events,); False where there is none."""
        if self.schema.label is None:
            return np.zeros(self.n_events, dtype=bool)
        return self.numbers(self.schema.label) > 0

    def entity_label(self) -> NDArray[np.bool_]:
        """Whether any event of an entity is labelled, shape (n_entities,)."""
        if self.n_events == 0:
            return np.zeros(self.n_entities, dtype=bool)
        return np.logical_or.reduceat(self.event_label(), self.offsets[:-1])

    def take(self, entities: NDArray[np.int64], renew: bool = False) -> Events:
        """Return the named entities in the given order.

        Parameters
        ----------
        entities : ndarray of shape (n,), int64
            Entity indices; may repeat when ``renew`` is set.
        renew : bool
            Give each taken entity a fresh key, so that repeats stay apart.
        """
        lengths = self.lengths[entities]
        rows = np.repeat(self.offsets[entities], lengths) + ranges(lengths)
        frame = self.frame[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        if renew:
            keys = np.repeat(np.arange(len(entities)), lengths)
            frame = frame.with_columns(pl.Series(self.schema.entity, keys).cast(pl.String))
        return Events(self.schema, frame, offsets)

    def where(self, rows: NDArray[np.bool_]) -> Events:
        """Return the events that ``rows`` (shape (n_events,)) keeps; empty entities go."""
        kept = self.owner[rows]
        counts = np.bincount(kept, minlength=self.n_entities)
        offsets = np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64)
        return Events(self.schema, self.frame.filter(pl.Series(rows)), offsets)

    def edit(
        self,
        rows: NDArray[np.int64],
        changes: Mapping[str, tuple[NDArray[np.int64], Sequence[object] | NDArray[np.generic]]],
    ) -> Events:
        """Rebuild from copies of rows, with some values changed, back in time order.

        Parameters
        ----------
        rows : ndarray of shape (n,), int64
            Rows of this table to copy; a row copied twice is an inserted event.
        changes : mapping of column to (positions, values)
            Positions index ``rows``; times are given in seconds since 1970.
        """
        frame = self.frame[rows]
        for name, (positions, values) in changes.items():
            frame = frame.with_columns(self._changed(frame[name], positions, values))
        owner = self.owner[rows]
        seconds = column_seconds(frame[self.schema.time])
        order = np.lexsort((np.arange(len(rows)), seconds, owner))
        counts = np.bincount(owner, minlength=self.n_entities)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Events(self.schema, frame[order], offsets)

    def _changed(
        self,
        column: pl.Series,
        positions: NDArray[np.int64],
        values: Sequence[object] | NDArray[np.generic],
    ) -> pl.Series:
        if column.name == self.schema.time:
            fresh = seconds_column(np.asarray(values, dtype=np.float64), column.dtype)
        else:
            fresh = pl.Series(values).cast(column.dtype)
        return column.scatter(pl.Series(positions), fresh)


def concatenate(parts: Sequence[Events]) -> Events:
    """Return the entities of all parts, one part after another, with fresh keys."""
    schema = parts[0].schema
    name = schema.entity
    as_text = pl.col(name).cast(pl.String)
    frame = pl.concat([p.frame.with_columns(as_text) for p in parts], how="vertical_relaxed")
    lengths = np.concatenate([part.lengths for part in parts])
    keys = pl.Series(name, np.repeat(np.arange(len(lengths)), lengths)).cast(pl.String)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Events(schema, frame.with_columns(keys), offsets)


def column_seconds(column: pl.Series) -> NDArray[np.float64]:
    """Return a time column as seconds since 1970 (a whole-number step is a day)."""
    if column.dtype == pl.Date:
        return column.cast(pl.Int32).to_numpy().astype(np.float64) * SECONDS_PER_DAY
    if column.dtype.base_type() == pl.Datetime:
        return column.dt.timestamp("us").to_numpy().astype(np.float64) / 1e6
    return column.cast(pl.Float64).to_numpy().astype(np.float64) * SECONDS_PER_DAY


def seconds_column(seconds: NDArray[np.float64], dtype: pl.DataType) -> pl.Series:
    """Return seconds since 1970 as a time column of type ``dtype``."""
    if dtype == pl.Date:
        days = np.floor(seconds / SECONDS_PER_DAY).astype(np.int32)
        return pl.Series(days).cast(pl.Date)
    if dtype.base_type() == pl.Datetime:
        micros = np.round(seconds * 1e6).astype(np.int64)
        return pl.Series(micros).cast(pl.Datetime("us")).cast(dtype)
    return pl.Series(np.floor(seconds / SECONDS_PER_DAY)).cast(dtype)


def ranges(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0..lengths[0]-1, 0..lengths[1]-1, … one after another."""
    starts = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) - np.repeat(starts, lengths)


def _offsets(keys: pl.Series) -> NDArray[np.int64]:
    if len(keys) == 0:
        return np.zeros(1, dtype=np.int64)
    first = np.flatnonzero((keys != keys.shift(1)).fill_null(True).to_numpy())
    return np.append(first, len(keys)).astype(np.int64)


def edges(events: Events) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the time of the first and of the last event of each entity, seconds."""
    seconds = events.seconds()
    return seconds[events.offsets[:-1]], seconds[events.offsets[1:] - 1]
