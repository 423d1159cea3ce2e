"""A schema as the JSON of SDV ``Metadata`` (``V2``), for teams that use both.

Knows schemas and SDV's words. No value of the table is written: no ranges and
no lists of values, which sdv would store as they are.
"""

from __future__ import annotations

from typing import Any

from riskgen.data.schema import Channel, Schema
from riskgen.data.sdv.described import sdv_form
from riskgen.data.sdv.tables import Described
from riskgen.data.sdv.types import kind_word, personal_sdtype, personal_word

_DATES = ("Date", "Datetime")


def to_metadata(
    schema: Schema, *, table: str = "transactions", described: Described | None = None
) -> dict[str, Any]:
    """Return what ``sdv.metadata.Metadata.load_from_dict`` takes and validates.

    Parameters
    ----------
    schema : Schema
        Of transactions or prices. The entity becomes the sequence key, time
        the sequence index, a row number the primary key; SDV has no word for
        label, context and derived columns, which are written by their kind.
    table : str
        Name of the table.
    described : Described or None
        The team's own description: an sdtype in it that means the same as the
        schema is written again as it was.
    """
    columns = {c.name: _column(c, described) for c in schema.channels}
    keys: dict[str, Any] = {}
    if schema.domain == "transactions":
        keys = {"sequence_key": schema.entity, "sequence_index": schema.time}
    rows = [c.name for c in schema.with_role("row_id") if columns[c.name]["sdtype"] == "id"]
    if rows:
        wanted = None if described is None else described.primary_key
        keys["primary_key"] = wanted if wanted in rows else rows[0]
    return {
        "tables": {table: {"columns": columns, **keys}},
        "relationships": [],
        "METADATA_SPEC_VERSION": "V2",
    }


def _column(channel: Channel, described: Described | None) -> dict[str, Any]:
    own = _own(channel)
    theirs = None if described is None else described.columns.get(channel.name)
    if theirs is None or own["sdtype"] == theirs.sdtype:
        return {**own, **({} if theirs is None else theirs.entry())}
    personal = personal_word(theirs.sdtype, theirs.pii) is not None
    same_kind = kind_word(theirs.sdtype) in (kind_word(own["sdtype"]), channel.kind)
    return theirs.entry() if personal == ("pii" in own) and (personal or same_kind) else own


def _own(channel: Channel) -> dict[str, Any]:
    if channel.role in ("entity", "row_id"):
        return {"sdtype": "id"}
    if channel.personal is not None:
        return {"sdtype": personal_sdtype(channel.personal, channel.name), "pii": True}
    if channel.role == "time" or (channel.kind == "timestamp" and _is_moment(channel)):
        return _time(channel)
    if channel.kind == "amount" or channel.kind == "number":
        places = channel.decimals
        return {"sdtype": "numerical", **({} if places is None else {"decimal_places": places})}
    return {"sdtype": "boolean" if channel.dtype == "Boolean" else "categorical"}


def _is_moment(channel: Channel) -> bool:
    return channel.dtype.startswith(_DATES) or channel.form is not None


def _time(channel: Channel) -> dict[str, Any]:
    pattern = None if channel.form is None else sdv_form(channel.form)
    if pattern is not None:
        return {"sdtype": "datetime", "datetime_format": pattern}
    is_date = channel.dtype.startswith(_DATES) or channel.dtype == "String"
    return {"sdtype": "datetime" if is_date else "numerical"}
