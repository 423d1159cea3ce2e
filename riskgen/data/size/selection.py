"""Which rows of a large table are held in memory: whole histories of a sample of entities.

A simple random sample: entities in the order of a salted hash of their key, as
many as fit. Whether an entity is in it follows from the keys and the number of
their events alone, and is independent of the split, which salts otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.schema import Schema
from riskgen.data.size.preview import find_owner
from riskgen.data.size.survey import EVENTS, Counts, Survey, count_columns, count_events, survey
from riskgen.errors import DataError

MOST_EVENTS = 2_000_000
"""Events that are held at most: 50 million events of 2 million customers are then
inspected and fitted within 3 GiB; measured by benchmarks/ingestion.py."""

SALT = "riskgen.sample"
_LARGEST_SHARE = 0.1  # of the events held that one entity may have, else it is left out [J]
_KEYS_AT_ONCE = 100_000  # keys as Python text at a time


@dataclass(frozen=True)
class Sample:
    """What was taken of a table that has more than ``max_events`` events.

    Attributes
    ----------
    max_events : int
        Events that were to be held at most.
    entities, events : int
        Taken.
    all_entities, all_rows : int
        In the table.
    too_long : int
        Entities with more than a tenth of ``max_events``: never taken.
    """

    max_events: int
    entities: int
    events: int
    all_entities: int
    all_rows: int
    too_long: int

    def sentence(self) -> str:
        """Return what the reader of any number must know."""
        told = (
            f"The table has {self.all_rows:,} rows of {self.all_entities:,} entities. Learned and "
            f"judged on a simple random sample: {self.entities:,} of them with all their "
            f"{self.events:,} events (--max-events {self.max_events:,})."
        )
        if self.too_long:
            limit = int(_LARGEST_SHARE * self.max_events)
            told += (
                f" {self.too_long:,} with more than {limit:,} events each cannot be in the "
                "sample; raise --max-events to let them in."
            )
        return told

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Drawn:
    """The rows that are held, and how to count the others.

    Attributes
    ----------
    table : polars.DataFrame
        All rows, or those of the sampled entities, in the order of the table.
    sample : Sample or None
        None where the table is held whole.
    entity : str or None
        Column by which was sampled.
    """

    table: pl.DataFrame = field(repr=False)
    sample: Sample | None = None
    entity: str | None = None
    _rows: pl.LazyFrame | None = field(default=None, repr=False)
    _counts: Counts | None = field(default=None, repr=False)
    _lengths: pl.DataFrame | None = field(default=None, repr=False)

    @property
    def all_rows(self) -> int:
        """Rows of the whole table."""
        return self.table.height if self.sample is None else self.sample.all_rows

    def survey(self, schema: Schema) -> Survey | None:
        """Count all rows; None where the table is held whole, so that it counts itself.

        Raises
        ------
        DataError
            As :func:`riskgen.data.size.survey.survey`.
        """
        if self._rows is None or self._counts is None or self._lengths is None:
            return None
        return survey(self._rows, self._counts, self._lengths, schema)


def draw(
    rows: pl.LazyFrame,
    max_events: int = MOST_EVENTS,
    *,
    entity: str | None = None,
    drop: tuple[str, ...] = (),
    domain: str | None = None,
) -> Drawn:
    """Return the whole table where it is small, else whole histories of a sample.

    Parameters
    ----------
    rows : polars.LazyFrame
        The table.
    max_events : int
        Rows that are held at most.
    entity : str, optional
        Column that tells entities apart, where it is known; else it is looked for.
    drop : tuple of str
        Columns that cannot be the entity.
    domain : str, optional
        With ``market`` there are no entities, and the table is held whole.

    Raises
    ------
    SchemaError
        When no column tells entities apart, or there is no column ``entity``.
    DataError
        When every entity alone has more events than a tenth of what is held.
    """
    if domain == "market" or _height(rows) <= max_events:
        return Drawn(rows.collect())
    counts = count_columns(rows)
    owner = find_owner(rows, counts, entity, drop, domain)
    if owner is None:
        return Drawn(rows.collect())
    lengths = count_events(rows, owner)
    taken = choose(lengths, owner, max_events)
    table = _histories(rows, lengths[owner].gather(pl.Series(taken)))
    return Drawn(table, _sample(counts, lengths, taken, max_events), owner, rows, counts, lengths)


def _height(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def choose(lengths: pl.DataFrame, entity: str, max_events: int) -> NDArray[np.int64]:
    """Return the rows of ``lengths`` that are taken: the first by hash whose events fit.

    Parameters
    ----------
    lengths : polars.DataFrame
        Key and number of events of each entity, in any order.
    entity : str
        Column of the keys.
    max_events : int
        Events of all that are taken, at most.

    Raises
    ------
    DataError
        When each entity has more than a tenth of ``max_events``.
    """
    events = lengths[EVENTS].to_numpy()
    order = np.argsort(key_hashes(lengths[entity]), kind="stable")
    order = order[events[order] <= _LARGEST_SHARE * max_events]
    if not len(order):
        raise DataError(
            f"Each of the {lengths.height:,} values of '{entity}' has more than "
            f"{int(_LARGEST_SHARE * max_events):,} events, a tenth of what is held in memory. "
            "Raise --max-events, or name a finer key with --entity."
        )
    fits = np.cumsum(events[order]) <= max_events
    return np.asarray(order[: int(fits.sum())])


def key_hashes(keys: pl.Series, salt: str = SALT) -> NDArray[np.uint64]:
    """Return 64 bits of the SHA-256 of each key's text, shape (n,): the same in every version."""
    found = np.empty(len(keys), dtype=np.uint64)
    start = hashlib.sha256(f"{salt}\x00".encode())
    for place, text in enumerate(_texts(keys)):
        digest = start.copy()
        digest.update(text.encode())
        found[place] = int.from_bytes(digest.digest()[:8], "big")
    return found


def _texts(keys: pl.Series) -> Iterator[str]:
    for first in range(0, len(keys), _KEYS_AT_ONCE):
        yield from keys.slice(first, _KEYS_AT_ONCE).cast(pl.String).to_list()


def _histories(rows: pl.LazyFrame, keys: pl.Series) -> pl.DataFrame:
    wanted = keys.to_frame().lazy()
    # Rows of equal time stay in the order of the table.
    found = rows.join(wanted, on=keys.name, how="semi", maintain_order="left")
    return found.collect(engine="streaming")


def _sample(
    counts: Counts, lengths: pl.DataFrame, taken: NDArray[np.int64], max_events: int
) -> Sample:
    events = lengths[EVENTS].to_numpy()
    return Sample(
        max_events=max_events,
        entities=len(taken),
        events=int(events[taken].sum()),
        all_entities=lengths.height,
        all_rows=counts.rows,
        too_long=int((events > _LARGEST_SHARE * max_events).sum()),
    )
