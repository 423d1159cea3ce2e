"""A table with its keys chosen: what the rules for all other columns look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.dtypes import dtype_name
from riskgen.data.inference.keys import Choice, constant_within
from riskgen.data.inference.meanings import kind_of
from riskgen.data.inference.profile import Profile, decimals
from riskgen.data.schema import Channel, Kind


@dataclass(frozen=True, eq=False)
class Table:
    """Profiles of a table with its keys chosen.

    ``clock`` names the column with the time of day of the time column, if it
    has one of its own; the time column's values are joined already.
    """

    profiles: Mapping[str, Profile]
    entity: Choice
    time: Choice
    label: Choice | None
    keep: frozenset[str]
    clock: str | None = None

    def column(self, name: str) -> pl.Series:
        """Return a column's values, dates read."""
        return self.profiles[name].column

    @property
    def owner(self) -> pl.Series:
        """Return the entity of each row."""
        return self.column(self.entity.name)

    @cached_property
    def first_rows(self) -> NDArray[np.bool_]:
        """First row of each entity, shape (n_rows,)."""
        return self.owner.is_first_distinct().to_numpy()

    @cached_property
    def label_is_fixed(self) -> bool:
        """Whether the label is one for each entity."""
        return self.label is not None and constant_within(self.owner, self.column(self.label.name))

    def rest(self) -> list[Profile]:
        """Return the columns that no key took, in table order."""
        taken = {self.entity.name, self.time.name} | ({self.label.name} if self.label else set())
        return [p for p in self.profiles.values() if p.name not in taken]


def channel_of(p: Profile, **facts: object) -> Channel:
    """Return the channel of a column; ``facts`` go before what its profile says."""
    base: dict[str, object] = {"name": p.name, "dtype": dtype_name(p.dtype), "kind": kind_of(p)}
    if p.form is not None:
        base["form"] = p.form
    return Channel.model_validate(base | facts)


def places_of(p: Profile, kind: Kind) -> int | None:
    """Return the decimal places of a number, None for anything else."""
    return decimals(p.column) if kind in ("amount", "number") else None
