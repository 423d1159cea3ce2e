"""The user's table, cleaned and split: what every stage starts from.

The same file, schema and salt give the same split, so that an evaluation
months later finds the partitions that the fit left untouched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from riskgen.data.cleaning import clean
from riskgen.data.events import Events
from riskgen.data.inference import infer_schema
from riskgen.data.market import Prices, PriceSplit, clean_prices, split_prices
from riskgen.data.schema import Schema
from riskgen.data.schema_file import read_schema
from riskgen.data.sources.address import Address
from riskgen.data.sources.source import Source, Table, open_source
from riskgen.data.split import Split, split_events


@dataclass(frozen=True)
class TableRequest:
    """How the user wants a table to be read.

    Attributes
    ----------
    source : str or Path
        File, folder or URI.
    query : str or None
        SQL that selects the rows, where the source is a database.
    password_file : Path or None
        File that holds the database's password.
    schema : Path or None
        YAML or JSON that replaces the inference.
    domain, entity, time, label : str or None
        Overrides of the inference.
    keep, drop : tuple of str
        Columns to keep although they look personal, and columns to leave out.
    """

    source: str | Path = field(repr=False)  # may hold a password
    query: str | None = None
    password_file: Path | None = None
    schema: Path | None = None
    domain: str | None = None
    entity: str | None = None
    time: str | None = None
    label: str | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def open(self) -> Source:
        """Return the source that is asked for."""
        return open_source(Address(str(self.source), self.query, self.password_file))


@dataclass(frozen=True, eq=False)
class Material:
    """A cleaned table with its partitions.

    Attributes
    ----------
    schema : Schema
        As fitted: what cleaning set aside is marked.
    digest : str
        SHA-256 that changes when the table does.
    notes : list of str
        What was done to the table, for the user; no values.
    """

    schema: Schema
    digest: str
    notes: list[str]


@dataclass(frozen=True, eq=False)
class EventMaterial(Material):
    """Transactions of many entities."""

    events: Events = field(repr=False)
    split: Split = field(repr=False)


@dataclass(frozen=True, eq=False)
class PriceMaterial(Material):
    """Prices of several assets."""

    prices: Prices = field(repr=False)
    split: PriceSplit = field(repr=False)


def propose_schema(table: Table, request: TableRequest) -> Schema:
    """Return the schema that the user gave, or the one that the table suggests."""
    if request.schema is not None:
        return read_schema(request.schema)
    return infer_schema(
        table,
        domain=request.domain,
        entity=request.entity,
        time=request.time,
        label=request.label,
        keep=request.keep,
        drop=request.drop,
    )


def prepare(request: TableRequest, schema: Schema | None = None) -> Material:
    """Read, describe, clean and split the table of ``request``.

    Parameters
    ----------
    request : TableRequest
        What to read.
    schema : Schema or None
        The schema of an earlier fit, which then is used as it is.

    Raises
    ------
    DataError, SchemaError
        When the table cannot be used; nothing has been written by then.
    """
    source = request.open()
    table = source.scan().collect()
    proposed = schema if schema is not None else propose_schema(table, request)
    digest = source.digest()
    if proposed.domain == "market":
        prices, found, notes = clean_prices(table, proposed)
        return PriceMaterial(found, digest, notes, prices, split_prices(prices))
    events, found, notes = clean(table, proposed)
    return EventMaterial(found, digest, notes, events, split_events(events))
