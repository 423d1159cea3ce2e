"""A schema proposed with the team's own description at hand.

What SDV metadata say of keys, kinds and personal data goes before what the
table suggests; roles that SDV has no word for (label, context, derived) are
proposed as ever. Knows one table and one description.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from riskgen.data.inference.inference import infer_schema
from riskgen.data.inference.profile import READABLE, Told
from riskgen.data.schema import Channel, Schema, unknown_name
from riskgen.data.sdv.tables import Described, SdvColumn
from riskgen.data.sdv.types import kind_word, personal_word
from riskgen.data.times.forms import read_form
from riskgen.errors import SchemaError

SAYS_SO = "SDV metadata says so"
_SHOWN = 8


@dataclass(frozen=True)
class Hints:
    """What a description adds to a proposal.

    Attributes
    ----------
    entity, time : str or None
        Columns that own and order the events.
    personal : dict of str to str
        Kind of personal data by column name: not modelled unless kept.
    told : dict of str to Told
        Kind and form of the other columns.
    """

    entity: str | None
    time: str | None
    personal: dict[str, str]
    told: dict[str, Told]


def hints_of(described: Described) -> Hints:
    """Return what ``described`` says in riskgen's words."""
    keys = {described.sequence_key, described.sequence_index}
    personal: dict[str, str] = {}
    told: dict[str, Told] = {}
    for name, column in described.columns.items():
        word = personal_word(column.sdtype, column.pii)
        if word is not None and name not in keys:
            personal[name] = word
        if name != described.sequence_key:
            told[name] = _told(column, name == described.primary_key)
    return Hints(described.sequence_key, described.sequence_index, personal, told)


def _told(column: SdvColumn, is_row_key: bool) -> Told:
    kind = "identifier" if is_row_key else kind_word(column.sdtype)
    form = column.datetime_format
    return Told(kind, None if form is None else polars_form(form))


def polars_form(datetime_format: str) -> str:
    """Return Python's strftime pattern as the pattern that riskgen reads.

    Only the fraction of a second differs: six digits after a point.
    """
    return re.sub(r"\.?%f", lambda found: "%.6f" if found[0][0] == "." else "%6f", datetime_format)


def sdv_form(form: str) -> str | None:
    """Return a form of times as Python's strftime pattern; None where there is none."""
    if form.startswith("epoch(") or " since " in form:
        return form.split(" since ")[0] if " since " in form else None
    return re.sub(r"%\.\d?f", ".%f", form).replace("%6f", "%f").replace("%:z", "%z")


def infer_described(
    table: pl.DataFrame,
    described: Described,
    *,
    entity: str | None = None,
    time: str | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    **asked: Any,
) -> Schema:
    """Return what each column is, as :func:`infer_schema` with a description before it.

    What the user names on the command line goes before the description, the
    description before what names and values suggest. Columns that the
    description calls personal are left out unless they are kept or
    pseudonymised. Columns that it does not know are proposed as ever, and say so.

    Raises
    ------
    SchemaError
        When the description does not fit the table.
    """
    hints = hints_of(described)
    _check(table, described, hints)
    entity, time = entity or hints.entity, time or hints.time
    spared = {entity, time, asked.get("label"), *keep, *asked.get("pseudonymise", ()), *drop}
    personal = {name: word for name, word in hints.personal.items() if name not in spared}
    schema = infer_schema(
        table,
        entity=entity,
        time=time,
        keep=keep,
        drop=(*drop, *personal),
        told={name: told for name, told in hints.told.items() if name != entity},
        **asked,
    )
    channels = [_explained(c, hints, personal, described) for c in schema.channels]
    return schema.model_copy(update={"channels": tuple(channels)})


def _explained(
    channel: Channel, hints: Hints, personal: dict[str, str], described: Described
) -> Channel:
    if channel.name in personal:
        word = personal[channel.name]
        reason = f"personal data ({word}): {SAYS_SO}; --keep models it all the same"
        return channel.model_copy(update={"reason": reason, "personal": word})
    looks = channel.personal or hints.personal.get(channel.name)
    reason = _reason(channel, hints, described)
    return channel.model_copy(update={"reason": reason, "personal": looks})


def _reason(channel: Channel, hints: Hints, described: Described) -> str:
    if (channel.role, channel.name) in (("entity", hints.entity), ("time", hints.time)):
        return SAYS_SO
    if channel.name not in described.columns:
        return f"{channel.reason}; SDV metadata do not name it"
    told = hints.told.get(channel.name)
    agrees = told is not None and told.kind is not None and channel.role != "dropped"
    return f"{channel.reason}; {SAYS_SO}" if agrees and _is_told(channel) else channel.reason


def _is_told(channel: Channel) -> bool:
    return channel.role in ("channel", "context", "row_id")


def _check(table: pl.DataFrame, described: Described, hints: Hints) -> None:
    absent = [name for name in described.columns if name not in table.columns]
    if absent:
        more = f" {len(absent) - 1} more columns are missing." if len(absent) > 1 else ""
        raise SchemaError(
            "The SDV metadata do not fit the table. "
            + unknown_name("column", absent[0], table.columns)
            + more
        )
    for name, told in hints.told.items():
        if name not in hints.personal:
            _check_kind(table[name], told, described.columns[name].sdtype)
    if described.primary_key is not None and described.primary_key != described.sequence_key:
        _check_row_key(table[described.primary_key])


def _check_kind(column: pl.Series, told: Told, sdtype: str) -> None:
    if told.kind == "number" and not column.dtype.is_numeric():
        raise SchemaError(
            f"SDV metadata call column '{column.name}' {sdtype}; it has type {column.dtype}. "
            "Store it as numbers, or correct its sdtype."
        )
    if told.kind == "flag" and column.drop_nulls().n_unique() > 2:
        raise SchemaError(
            f"SDV metadata call column '{column.name}' {sdtype}; it has "
            f"{column.drop_nulls().n_unique():,} values. Correct its sdtype."
        )
    if told.form is not None and not column.dtype.is_temporal():
        _check_form(column, told.form)


def _check_form(column: pl.Series, form: str) -> None:
    unread = read_form(column, form).is_null() & column.is_not_null()
    count, present = int(unread.sum()), len(column) - column.null_count()
    if count > (1 - READABLE) * present:
        raise SchemaError(
            f"SDV metadata give column '{column.name}' the datetime_format {form!r}; {count:,} of "
            f"{present:,} values do not fit it (first at row {int(unread.arg_true()[0]) + 1}). "
            "Correct the format."
        )


def _check_row_key(column: pl.Series) -> None:
    repeats = column.is_duplicated()
    if repeats.any():
        raise SchemaError(
            f"SDV metadata call '{column.name}' the primary key; {int(repeats.sum()):,} rows "
            f"share a value (first at row {int(repeats.arg_true()[0]) + 1}). A table of events has "
            "one row an event: the owner of events is the sequence_key."
        )
