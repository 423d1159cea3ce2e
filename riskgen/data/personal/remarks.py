"""What a run says of personal data that is modelled: kept by name, or pseudonymised.

Knows schemas and tables; decides nothing.
"""

from __future__ import annotations

import polars as pl

from riskgen.data.personal.column import personal_kind
from riskgen.data.schema import Channel, Schema


def marked(table: pl.DataFrame, schema: Schema) -> Schema:
    """Return the schema with the kind of personal data of every modelled column.

    A schema that the user wrote may model a column that the inference would
    have left out; the run must say so all the same.
    """
    channels = [_marked(channel, table) for channel in schema.channels]
    return schema.model_copy(update={"channels": tuple(channels)})


def remarks(schema: Schema) -> list[str]:
    """Return a sentence for each modelled column that looks personal; no values."""
    return [
        *(
            f"'{c.name}' looks like personal data ({c.personal}) and is kept, because you named it."
            for c in kept(schema)
        ),
        *(
            f"'{c.name}'{_looks(c)} was pseudonymised: fresh ids stand for its values, and no "
            "list of them is kept."
            for c in schema.with_role("channel", "context", "derived")
            if c.pseudonymised
        ),
    ]


def kept(schema: Schema) -> list[Channel]:
    """Return the columns that are modelled as they are although they look personal."""
    modelled = schema.with_role("channel", "context")
    return [c for c in modelled if c.personal is not None and not c.pseudonymised]


def _looks(channel: Channel) -> str:
    return f" ({channel.personal})" if channel.personal else ""


def _marked(channel: Channel, table: pl.DataFrame) -> Channel:
    if channel.role not in ("channel", "context") or channel.personal is not None:
        return channel
    kind = None if channel.pseudonymised else personal_kind(table[channel.name], table.columns)
    return channel if kind is None else channel.model_copy(update={"personal": kind})
