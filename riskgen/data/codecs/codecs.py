"""Which codec a column gets, and how it is found again in a saved encoder.

Knows neither time nor labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import polars as pl

from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.categories import CategoryColumn, RecencyColumn
from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.vocabulary import MOST_LEVELS, shared_levels
from riskgen.data.events import Events
from riskgen.data.panel import Field
from riskgen.data.schema import Channel

NUMERIC = ("amount", "number", "timestamp")
RARE_SHARE = 0.05  # share of events with rare levels from which their repeats matter [J]


class Column(Protocol):
    """Encodes one column of events into a few fields and back.

    ``known`` holds the levels (n_events,) of the categories that are drawn
    before, by column name; ``owners`` the entity of each event.
    """

    @property
    def name(self) -> str:
        """Name of the column in the table."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Fields of the panel, in drawing order."""

    def encode(self, events: Events, known: Mapping[str, Ints]) -> Floats:
        """Return values of the fields, shape (n_events, n_fields)."""

    def decode(
        self, values: Floats, owners: Ints, known: Mapping[str, Ints], first: int
    ) -> pl.Series:
        """Return the column of entities numbered from ``first``."""

    def state(self) -> dict[str, Any]:
        """Return JSON values that :func:`column_from_state` takes back."""


_CODECS: dict[str, Callable[[dict[str, Any]], Column]] = {
    "number": NumberColumn.from_state,
    "category": CategoryColumn.from_state,
    "recency": RecencyColumn.from_state,
}


def fit_column(
    events: Events,
    channel: Channel,
    known: Mapping[str, Ints] | None = None,
    *,
    repeats: bool = True,
) -> Column:
    """Return the fitted codec of one column.

    Parameters
    ----------
    events : Events
        The generator's split.
    channel : Channel
        Which column, and what it is.
    known : mapping of str to ndarray of shape (n_events,), int64
        Levels of the categories drawn before, by column name.
    repeats : bool
        Whether a value may come back within an entity; False for a context
        column, whose rare levels become OTHER.
    """
    if channel.kind in NUMERIC:
        return NumberColumn.fit(events, channel, known or {}, repeats=repeats)
    if is_wide(events, channel, repeats=repeats):
        return RecencyColumn.fit(events, channel, known or {})
    return CategoryColumn.fit(events, channel)


def column_from_state(state: dict[str, Any]) -> Column:
    """Return the column that ``state`` was taken from."""
    return _CODECS[state["codec"]](state)


def is_wide(events: Events, channel: Channel, *, repeats: bool = True) -> bool:
    """Whether a column is a category with too many levels, or too rare ones, for a vocabulary."""
    if not repeats or channel.kind in NUMERIC:
        return False
    codes, texts = events.codes(channel.name)
    shared = shared_levels(codes, events.owner, len(texts))
    if len(shared) > MOST_LEVELS:
        return True
    rare = float(((codes >= 0) & ~np.isin(codes, shared)).sum())
    many = len(texts) > MOST_LEVELS or channel.meaning in ("merchant", "counterparty")
    return many and rare > RARE_SHARE * max(len(codes), 1)
