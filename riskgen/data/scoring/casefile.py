"""Events in the bank's own columns, under ids that scores come back by.

An id is ``mark-number``: the mark names the export, so that scores of another one
are told apart without asking, and the number is the place in it. Labels stay here.
Knows events, not scenarios.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from riskgen.data.events import Events
from riskgen.data.sources.rowdigest import RowDigest
from riskgen.data.times.axis import as_given
from riskgen.errors import DataError

ID = "riskgen_id"
MARK_DIGITS, LEAST_DIGITS = 12, 8


def n_scored(events: Events) -> int:
    """Return how many scores are asked for: one for each event, or for each entity."""
    return events.n_entities if events.schema.label_level == "entity" else events.n_events


def case_table(events: Events, mark: str, first: int) -> pa.Table:
    """Return events in the columns and types of the user's table, ids in front.

    Parameters
    ----------
    events : Events
        Whole histories. Where the label is one for an entity, its rows share an id.
    mark : str
        Of the export.
    first : int
        Number of the first id.

    Raises
    ------
    DataError
        When the table has a column named like the id.
    """
    frame = _numbered(events, first)
    digits = pl.col(ID).cast(pl.String).str.zfill(LEAST_DIGITS)
    named = frame.with_columns((pl.lit(f"{mark}-") + digits).alias(ID))
    return named.to_arrow(compat_level=pl.CompatLevel.oldest())


def content_digest(parts: Sequence[Events]) -> str:
    """Return a SHA-256 that changes when what would be handed out does, order included."""
    digest, first = None, 0
    for events in parts:
        frame = _numbered(events, first)
        if digest is None:
            digest = RowDigest(frame.to_arrow(compat_level=pl.CompatLevel.oldest()).schema)
        digest.update(frame)
        first += n_scored(events)
    assert digest is not None, "a file of no events"
    return digest.hexdigest()


def set_aside(events: Events) -> dict[str, list[str]]:
    """Return which columns do not come out as they went in, by what became of them."""
    channels = events.schema.channels
    return {
        "left out": [c.name for c in channels if c.role == "label"],
        "empty": [c.name for c in channels if c.role == "dropped"],
        "under fresh ids": [c.name for c in channels if c.pseudonymised],
    }


def _numbered(events: Events, first: int) -> pl.DataFrame:
    channels = [c for c in events.schema.channels if c.role != "label"]
    if any(channel.name == ID for channel in channels):
        raise DataError(
            f"The table has a column '{ID}', the name that scores come back by. Rename it and "
            "fit again."
        )
    by_entity = events.schema.label_level == "entity"
    numbers = first + (events.owner if by_entity else np.arange(events.n_events))
    columns = [as_given(events.frame[c.name], c).alias(c.name) for c in channels]
    return pl.DataFrame([pl.Series(ID, numbers, dtype=pl.Int64), *columns])
