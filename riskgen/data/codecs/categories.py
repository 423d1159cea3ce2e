"""Category and flag columns: few shared levels, or many of which each entity has its own.

Joins vocabulary and recency to a named column of events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.kinds import Kind
from riskgen.data.codecs.recency import Recency, fresh_names
from riskgen.data.codecs.vocabulary import OTHER, Vocabulary
from riskgen.data.dtypes import cast_back, dtype_name
from riskgen.data.events import Events
from riskgen.data.panel import Field
from riskgen.data.schema import Channel

AGREEMENT = 0.98  # share of returns to a merchant that keep a category of its kind [J]


@dataclass(frozen=True, eq=False)
class CategoryColumn:
    """A category or flag with few levels."""

    name: str
    dtype: str
    vocabulary: Vocabulary = field(repr=False)

    @classmethod
    def fit(cls, events: Events, channel: Channel) -> CategoryColumn:
        """Learn the levels that at least 11 entities hold."""
        vocabulary = Vocabulary.fit(*events.codes(channel.name), events.owner)
        return cls(channel.name, dtype_name(events.frame[channel.name].dtype), vocabulary)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The level."""
        return (Field(f"{self.name}.level", self.vocabulary.levels),)

    def encode(self, events: Events, known: Mapping[str, Ints]) -> Floats:
        """Return levels, shape (n_events, 1)."""
        return self.vocabulary.encode(*events.codes(self.name))[:, None]

    def decode(
        self, values: Floats, owners: Ints, known: Mapping[str, Ints], first: int
    ) -> pl.Series:
        """Return the texts (numbers, flags) of the levels."""
        shared = self.vocabulary.texts
        # A number or flag column cannot hold the word OTHER: its commonest level stands in.
        other = OTHER if self.dtype == "String" else (shared[0] if shared else None)
        texts = self.vocabulary.decode(values[:, 0].astype(np.int64), other)
        return cast_back(pl.Series(texts, dtype=pl.String), self.dtype)

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        parts = {"vocabulary": self.vocabulary.state()}
        return {"codec": "category", "name": self.name, "dtype": self.dtype, **parts}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> CategoryColumn:
        """Return the column that ``state`` was taken from."""
        return cls(state["name"], state["dtype"], Vocabulary.from_state(state["vocabulary"]))


@dataclass(frozen=True, eq=False)
class RecencyColumn:
    """A category with many levels, of which each entity has its own few.

    It comes back within a kind of event: the categories that a level keeps,
    as a merchant keeps its trade and its country.
    """

    name: str
    dtype: str
    kind: Kind = field(repr=False)
    recency: Recency = field(repr=False)

    @classmethod
    def fit(cls, events: Events, channel: Channel, known: Mapping[str, Ints]) -> RecencyColumn:
        """Learn the popular levels, given the levels of the categories drawn before."""
        codes, texts = events.codes(channel.name)
        kind = Kind.fit(codes, events.owner, known, AGREEMENT)
        recency = Recency.fit(codes, texts, events.owner, kind.codes(known, len(codes)))
        return cls(channel.name, dtype_name(events.frame[channel.name].dtype), kind, recency)

    @property
    def fields(self) -> tuple[Field, ...]:
        """How recently the entity used the same level."""
        return (Field(f"{self.name}.recency", self.recency.levels, spread=True),)

    def encode(self, events: Events, known: Mapping[str, Ints]) -> Floats:
        """Return levels with places, shape (n_events, 1)."""
        kinds = self.kind.codes(known, events.n_events)
        return self.recency.encode(*events.codes(self.name), events.owner, kinds)[:, None]

    def decode(
        self, values: Floats, owners: Ints, known: Mapping[str, Ints], first: int
    ) -> pl.Series:
        """Return popular levels by name, rare ones under fresh names.

        A column of numbers cannot hold a fresh name: a rare level becomes a
        popular one that the entity has not used, or, where no level is
        popular, the entity's own count of levels.
        """
        textual = self.dtype == "String"
        kinds = self.kind.codes(known, len(values))
        codes = self.recency.decode(values[:, 0], owners, kinds, open_ended=textual)
        n_popular = len(self.recency.texts)
        table = np.array([*self.recency.texts, None], dtype=object)
        texts = table[np.where(codes < 0, n_popular, np.minimum(codes, n_popular))]
        fresh = codes >= n_popular
        if textual:
            texts[fresh] = fresh_names(codes, n_popular, owners, first)
        else:
            texts[fresh] = [str(code - n_popular + 1) for code in codes[fresh]]
        return cast_back(pl.Series(texts.tolist(), dtype=pl.String), self.dtype)

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        parts = {"kind": dict(self.kind.sizes), "recency": self.recency.state()}
        return {"codec": "recency", "name": self.name, "dtype": self.dtype, **parts}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> RecencyColumn:
        """Return the column that ``state`` was taken from."""
        recency = Recency.from_state(state["recency"])
        return cls(state["name"], state["dtype"], Kind(state["kind"]), recency)
