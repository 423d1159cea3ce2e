"""Look at a table without fitting it: what it is, what is wrong, whether fit would take it."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from riskgen.data.cleaning import clean
from riskgen.data.inspection.evidence import Evidence
from riskgen.data.inspection.inspection import Inspection, inspect_evidence
from riskgen.data.market import clean_prices
from riskgen.data.quality.problem import Problem
from riskgen.data.schema import Schema, unknown_name
from riskgen.data.schema_file import commented_yaml, read_schema
from riskgen.data.sdv.described import SAYS_SO
from riskgen.data.sdv.export import to_metadata
from riskgen.data.sdv.metadata import read_metadata
from riskgen.data.size.selection import Drawn
from riskgen.data.size.survey import Survey
from riskgen.data.size.windows import bounded
from riskgen.data.sources.source import Table
from riskgen.data.split import split_events
from riskgen.errors import RiskgenError, SchemaError
from riskgen.stages.material import TableRequest, propose_schema
from riskgen.stages.power import power_problems


@dataclass(frozen=True)
class _Trial:
    """What preparing a table for fit came to."""

    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    survey: Survey | None = None


def inspect_table(request: TableRequest) -> Inspection:
    """Return what riskgen makes of a table, also where ``fit`` would refuse it.

    Parameters
    ----------
    request : TableRequest
        What to read, and what the user knows about it.

    Raises
    ------
    DataError
        When there is no table, or it cannot be read.
    SchemaError
        When the user names a column that is not there, or the schema's file
        is wrong. A table that fit would refuse is no error: the refusal is
        the first problem.
    """
    request.check()
    source = request.open()
    drawn, joined = request.draw(source)
    table = drawn.table
    _check_names(table, request)
    if request.schema is not None:
        read_schema(request.schema)
    if request.metadata is not None:
        read_metadata(request.metadata, columns=table.columns)
    schema, refusal = _proposed(drawn, request)
    evidence, fault = _evidence(table, schema)
    trial = _Trial(problems=tuple(p for p in (refusal, fault) if p is not None))
    if evidence.schema is not None:
        trial = _tried(drawn, evidence.schema, request.reading(source))
    found = inspect_evidence(
        evidence,
        source=source.name,
        rows=drawn.all_rows,
        sampled="" if drawn.sample is None else drawn.sample.sentence(),
        named=_named(request, table) | _told(schema),
        more=trial.problems,
        notes=(*joined, *trial.notes),
    )
    if trial.survey is None:
        return found
    return replace(found, facts=found.facts | {"all_rows": trial.survey.to_json()})


def schema_text(inspection: Inspection) -> str:
    """Return the proposed schema as a commented file.

    Raises
    ------
    SchemaError
        When no schema could be proposed.
    """
    return commented_yaml(_proposal(inspection), inspection.remarks())


def sdv_text(inspection: Inspection, request: TableRequest) -> str:
    """Return the proposed schema as SDV metadata (JSON), with the team's own words kept.

    Raises
    ------
    SchemaError
        When no schema could be proposed.
    """
    schema = _proposal(inspection)
    if request.metadata is None:
        document = to_metadata(schema, table=request.open().stem)
    else:
        described = read_metadata(request.metadata, columns=[c.name for c in schema.channels])
        document = to_metadata(schema, table=described.table, described=described)
    return json.dumps(document, indent=4) + "\n"


def _proposal(inspection: Inspection) -> Schema:
    if inspection.schema is None:
        raise SchemaError(f"No schema can be written. {inspection.problems[0].found}")
    return inspection.schema


def _check_names(table: Table, request: TableRequest) -> None:
    asked = (request.entity, request.time, request.label)
    named = [name for name in asked if name is not None]
    for name in (*named, *request.keep, *request.drop, *request.pseudonymise):
        if name not in table.columns:
            raise SchemaError(unknown_name("column", name, table.columns))


def _named(request: TableRequest, table: Table) -> frozenset[str]:
    if request.schema is not None:
        return frozenset(table.columns)
    asked = {request.entity, request.time, request.label} - {None}
    asked |= {*request.keep, *request.drop, *request.pseudonymise}
    return frozenset(str(name) for name in asked)


def _told(schema: Schema | None) -> frozenset[str]:
    """Return the columns of which SDV metadata say what they are."""
    channels = () if schema is None else schema.channels
    return frozenset(c.name for c in channels if SAYS_SO in c.reason)


def _proposed(drawn: Drawn, request: TableRequest) -> tuple[Schema | None, Problem | None]:
    try:
        return propose_schema(drawn, request), None
    except RiskgenError as error:
        return None, _refusal(error)


def _evidence(table: Table, schema: Schema | None) -> tuple[Evidence, Problem | None]:
    """Return the rows with their schema, or without one that does not fit them."""
    names = [c.name for c in schema.with_role("entity", "time", "label")] if schema else []
    missing = [name for name in names if name not in table.columns]
    if schema is None:
        return Evidence.build(table, None), None
    if missing:
        fault = SchemaError(
            "The schema does not fit the table. "
            + unknown_name("column", missing[0], table.columns)
        )
        return Evidence.build(table, None), _refusal(fault)
    try:
        return Evidence.build(table, schema), None
    except RiskgenError as error:
        return Evidence.build(table, None), _refusal(error)


def _tried(drawn: Drawn, schema: Schema, reading: AbstractContextManager[None]) -> _Trial:
    """Return what fit would say of the table, up to the partitions."""
    try:
        if schema.domain == "market":
            return _Trial(notes=tuple(clean_prices(drawn.table, schema)[2]))
        with reading:
            survey = drawn.survey(schema)
        told = [] if survey is None else survey.sentences()
        events, _, notes = clean(drawn.table, schema)
        split, shortened = bounded(split_events(events))
        problems = tuple(power_problems(events, split))
        return _Trial((*told, *notes, *shortened), problems, survey)
    except RiskgenError as error:
        return _Trial(problems=(_refusal(error),))


def _refusal(error: RiskgenError) -> Problem:
    return Problem(
        code="fit-refuses",
        effect="refused",
        found=str(error),
        then="riskgen fit will stop here, with exit code 2.",
        advice="Do what the message says; the rest of this list shows what is known so far.",
        share=1.0,
    )
