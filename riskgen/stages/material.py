"""The user's table, cleaned and split: what every stage starts from.

The same file, schema and salt give the same split, so that an evaluation
months later finds the partitions that the fit left untouched.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from riskgen.data.cleaning import clean
from riskgen.data.context.source import ContextSource, rows_of
from riskgen.data.events import Events
from riskgen.data.inference.inference import infer_schema
from riskgen.data.market import Prices, PriceSplit, clean_prices, split_prices
from riskgen.data.schema import Schema
from riskgen.data.schema_file import read_schema
from riskgen.data.sdv.described import infer_described
from riskgen.data.sdv.metadata import owner_in, read_metadata
from riskgen.data.size.selection import MOST_EVENTS, Drawn, Sample, draw
from riskgen.data.size.survey import Survey
from riskgen.data.size.windows import bounded
from riskgen.data.sources.address import Address
from riskgen.data.sources.checked import readable
from riskgen.data.sources.source import Source, Table, open_source
from riskgen.data.split import Split, split_events
from riskgen.errors import SchemaError


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
    metadata : Path or None
        SDV metadata, which go before what the table suggests.
    context : str or Path or None
        Table with one row for each entity, joined to the events.
    context_key : str or None
        Column of the context that holds the entities.
    domain, entity, time, label : str or None
        Overrides of the inference.
    keep, drop : tuple of str
        Columns to keep although they look personal, and columns to leave out.
    pseudonymise : tuple of str
        Columns to model by fresh ids.
    max_events : int
        Rows that are held in memory; of a larger table whole histories of a
        sample of entities are.
    """

    source: str | Path = field(repr=False)  # may hold a password
    query: str | None = None
    password_file: Path | None = None
    schema: Path | None = None
    metadata: Path | None = None
    context: str | Path | None = field(default=None, repr=False)  # may hold a key of a store
    context_key: str | None = None
    domain: str | None = None
    entity: str | None = None
    time: str | None = None
    label: str | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    pseudonymise: tuple[str, ...] = ()
    max_events: int = MOST_EVENTS

    def open(self) -> Source:
        """Return the source that is asked for, its context joined."""
        events = open_source(Address(str(self.source), self.query, self.password_file))
        if self.context is None:
            return events
        context = open_source(Address(str(self.context)))
        return ContextSource(events, context, self._owner(), self.context_key)

    def _owner(self) -> str | None:
        """Return the column that owns the events where the user has said so."""
        if self.entity is not None:
            return self.entity
        if self.schema is not None:
            owners = read_schema(self.schema).with_role("entity")
            return owners[0].name if owners else None
        return None if self.metadata is None else owner_in(self.metadata)

    def draw(self, source: Source, schema: Schema | None = None) -> tuple[Drawn, list[str]]:
        """Return the rows of ``source`` to work on, and notes on how they were put together.

        Raises
        ------
        DataError, SchemaError
            As the source and :func:`riskgen.data.size.selection.draw`.
        """
        known = read_schema(self.schema) if schema is None and self.schema is not None else schema
        market = known is not None and known.domain == "market"
        owner = self._owner() if known is None or market else known.entity
        with self.reading(source):
            rows, joined = rows_of(source)
            drawn = draw(
                rows,
                self.max_events,
                entity=owner,
                drop=self.drop,
                domain="market" if market else self.domain,
            )
        return drawn, joined

    def reading(self, source: Source) -> AbstractContextManager[None]:
        """Return a context in which damage of ``source`` is a DataError without secrets."""
        return readable(source.name, str(self.source), str(self.context or ""))

    def check(self) -> None:
        """Refuse options that contradict each other.

        Raises
        ------
        SchemaError
            When a schema and metadata are both given, or a key without a context.
        """
        if self.schema is not None and self.metadata is not None:
            raise SchemaError("--schema and --metadata both describe the columns. Give one.")
        if self.context_key is not None and self.context is None:
            raise SchemaError("--context-key names a column of --context, which is not given.")


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
    sample : Sample or None
        What was drawn of a table that is too large to hold; None where it is whole.
    survey : Survey or None
        Counts over all rows of such a table.
    """

    schema: Schema
    digest: str
    notes: list[str]
    sample: Sample | None = field(default=None, kw_only=True)
    survey: Survey | None = field(default=None, kw_only=True)


@dataclass(frozen=True, eq=False)
class EventMaterial(Material):
    """Transactions of many entities.

    Attributes
    ----------
    n_entities, n_events : int
        Of all partitions, and of what is in none of them.
    split : Split
        The partitions; nobody dominates those that are learned and compared.
    events : Events
        All of them, as they were split.
    """

    n_entities: int
    n_events: int
    split: Split = field(repr=False)
    events: Events = field(repr=False)

    def turned(self, turn: float) -> Split:
        """Return the partitions with entities moved on by a part of the whole, 0 to 1."""
        return bounded(split_events(self.events, turn=turn))[0] if turn else self.split


@dataclass(frozen=True, eq=False)
class PriceMaterial(Material):
    """Prices of several assets."""

    prices: Prices = field(repr=False)
    split: PriceSplit = field(repr=False)


def propose_schema(drawn: Drawn, request: TableRequest) -> Schema:
    """Return the schema that the user gave, or the one that the table suggests."""
    if request.schema is not None:
        return read_schema(request.schema)
    found = _inferred(drawn.table, request)
    sampled = drawn.entity is not None and found.domain == "transactions"
    if sampled and found.entity != drawn.entity:
        # Whole histories of one owner may look like those of another.
        return _inferred(drawn.table, replace(request, entity=drawn.entity))
    return found


def _inferred(table: Table, request: TableRequest) -> Schema:
    infer = infer_schema
    if request.metadata is not None:
        described = read_metadata(request.metadata, columns=table.columns)
        infer = partial(infer_described, described=described)
    return infer(
        table,
        domain=request.domain,
        entity=request.entity,
        time=request.time,
        label=request.label,
        keep=request.keep,
        drop=request.drop,
        pseudonymise=request.pseudonymise,
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
    request.check()
    source = request.open()
    drawn, joined = request.draw(source, schema)
    proposed = schema if schema is not None else propose_schema(drawn, request)
    digest = source.digest()
    if proposed.domain == "market":
        prices, found, notes = clean_prices(drawn.table, proposed)
        return PriceMaterial(found, digest, joined + notes, prices, split_prices(prices))
    with request.reading(source):
        survey = drawn.survey(proposed)
    return _event_material(drawn, proposed, digest, joined, survey)


def _event_material(
    drawn: Drawn, schema: Schema, digest: str, notes: list[str], survey: Survey | None
) -> EventMaterial:
    events, found, cleaned = clean(drawn.table, schema)
    split, shortened = bounded(split_events(events))
    told = [] if drawn.sample is None else [drawn.sample.sentence()]
    return EventMaterial(
        found,
        digest,
        [*told, *notes, *cleaned, *shortened],
        events.n_entities,
        events.n_events,
        split,
        events,
        sample=drawn.sample,
        survey=survey,
    )
