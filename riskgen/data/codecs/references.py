"""Number columns that refer to one another, followed event by event.

A payment is often the whole last bill, a bill near the last bill less what was
paid. Joins number columns, :class:`Nearness` and the order of events; knows neither
schema nor panel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.disclosure import Floats, Ints
from riskgen.data.codecs.nearness import Nearness
from riskgen.data.panel import Field


@dataclass(frozen=True)
class Reference:
    """The last number of one column, less the present number of another; either may be missing.

    Attributes
    ----------
    last : str or None
        Column whose number in the event before is meant.
    present : str or None
        Column, drawn before in the same event, that is taken away from it or, without
        ``last``, meant itself.
    """

    last: str | None
    present: str | None

    def of(self, before: Mapping[str, Floats], here: Mapping[str, Floats]) -> Floats:
        """Return the numbers that are meant, from those of the event before and of this one."""
        if self.last is None:
            assert self.present is not None, "a reference means something"
            return here[self.present]
        return before[self.last] - (0.0 if self.present is None else here[self.present])


@dataclass(frozen=True, eq=False)
class References:
    """Number columns in drawing order, and what each may be near.

    Attributes
    ----------
    columns : tuple of NumberColumn
        Those that refer or are referred to.
    means : mapping of str to tuple of Reference
        By the column that refers.
    nearness : mapping of str to Nearness
        The same columns' codecs.
    hints : mapping of str to Reference
        Where a column may be led by another of the same event, without meeting it.
    """

    columns: tuple[NumberColumn, ...] = field(repr=False)
    means: Mapping[str, tuple[Reference, ...]]
    nearness: Mapping[str, Nearness] = field(repr=False)
    hints: Mapping[str, Reference] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        """Whether the column refers to others."""
        return name in self.means

    def column(self, name: str) -> NumberColumn:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)

    def fields_of(self, column: NumberColumn) -> tuple[Field, ...]:
        """Return the fields of a column that refers: how near, then its own where they matter."""
        codec, name = self.nearness[column.name], f"{column.name}.near"
        near = Field(name, codec.levels, spread=True)
        wanted = [codec.met] * len(column.fields)
        wanted[-1] = codec.elsewhere
        return (
            near,
            *(
                replace(item, requires=(name, at))
                for item, at in zip(column.fields, wanted, strict=True)
            ),
        )

    def asked(self, column: NumberColumn, code: Floats) -> NDArray[np.bool_]:
        """Return which of a column's own fields matter, shape (n, n_fields)."""
        level, needs = np.floor(code)[:, None], [item.requires for item in self.fields_of(column)]
        return np.column_stack([level >= need[1] for need in needs if need is not None])

    def start(self, n: int) -> Floats:
        """Return the numbers (n, n_columns) before the first event: none."""
        return np.full((n, len(self.columns)), np.nan)

    def targets(self, name: str, state: Floats, here: Mapping[str, Floats]) -> Floats:
        """Return what a number may be near, in whole units of column ``name``, shape (n, met)."""
        return self.meant(name, self.means[name], state, here)

    def meant(
        self, name: str, items: Sequence[Reference], state: Floats, here: Mapping[str, Floats]
    ) -> Floats:
        """Return what ``items`` mean, in whole units of column ``name``, shape (n, n_items)."""
        before = {column.name: state[:, k] for k, column in enumerate(self.columns)}
        column = self.column(name)
        found = [column.quantiles.whole(item.of(before, here)) for item in items]
        # A payment does not meet a bill below zero: beyond the column's own range is nothing.
        return np.column_stack([np.where(within(column, n) == n, n, np.nan) for n in found])

    def encode(
        self, whole: Mapping[str, Floats], others: Mapping[str, Floats], owners: Ints
    ) -> dict[str, Floats]:
        """Return the codes of nearness (n_events,) of each column that refers.

        What is referred to is what decoding gives, so that errors do not add up.

        Parameters
        ----------
        whole : mapping of str to ndarray of shape (n_events,)
            Numbers in units of each column's last decimal.
        others : mapping of str to ndarray of shape (n_events,)
            What each column's own codec makes of them.
        owners : ndarray of shape (n_events,), int64
            Entity of each event, not falling.
        """
        codes = {name: np.zeros(len(owners)) for name in self.means}
        state = self.start(int(owners.max(initial=-1)) + 1)
        for rows in steps_of(owners):
            here: dict[str, Floats] = {}
            for column in self.columns:
                name, numbers = column.name, others[column.name][rows]
                if name in self:
                    targets = self.targets(name, state[owners[rows]], here)
                    reached = within(column, whole[name][rows])
                    code = self.nearness[name].encode(reached, targets)
                    codes[name][rows] = code
                    elsewhere = np.floor(code) == self.nearness[name].elsewhere
                    numbers = np.where(elsewhere, numbers, reached)
                here[name] = column.quantiles.numbers(numbers)
            state[owners[rows]] = np.column_stack([here[c.name] for c in self.columns])
        return codes

    def advance(self, state: Floats, own: Mapping[str, Floats]) -> Floats:
        """Return the numbers (n, n_columns) of the next events.

        Parameters
        ----------
        state : ndarray of shape (n, n_columns)
            Those of the events before.
        own : mapping of str to ndarray of shape (n, n_fields)
            Values of each column's fields, nearness first where it refers.
        """
        here: dict[str, Floats] = {}
        for column in self.columns:
            here[column.name] = self.number(column, state, here, own[column.name])
        return np.column_stack([here[column.name] for column in self.columns])

    def number(
        self, column: NumberColumn, state: Floats, here: Mapping[str, Floats], own: Floats
    ) -> Floats:
        """Return the numbers (n,) of one column, given those drawn before in the same event."""
        name = column.name
        if name not in self:
            return column.quantiles.numbers(column.fresh(own))
        others = column.fresh(own[:, 1:])
        codec, steps = self.nearness[name], column.steps(own[:, 1:])
        # Whoever ignores what is absent gets a common value.
        lost = np.floor(own[:, 0]) < codec.elsewhere
        others = np.where(lost, column.common, others)
        targets = self.targets(name, state, here)
        found = codec.decode(own[:, 0], targets, others, column.grain, steps)
        return column.quantiles.numbers(within(column, found))

    def decode(self, own: Mapping[str, Floats], owners: Ints) -> dict[str, Floats]:
        """Return the numbers (n_events,) of each column; parameters as before."""
        result = np.zeros((len(owners), len(self.columns)))
        state = self.start(int(owners.max(initial=-1)) + 1)
        for rows in steps_of(owners):
            here = {name: values[rows] for name, values in own.items()}
            state[owners[rows]] = result[rows] = self.advance(state[owners[rows]], here)
        return {column.name: result[:, k] for k, column in enumerate(self.columns)}

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        means = {
            name: [[item.last, item.present] for item in items]
            for name, items in self.means.items()
        }
        return {
            "columns": [column.name for column in self.columns],
            "means": means,
            "nearness": {name: codec.state() for name, codec in self.nearness.items()},
            "hints": {name: [item.last, item.present] for name, item in self.hints.items()},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], columns: Mapping[str, NumberColumn]) -> References:
        """Return the references that ``state`` was taken from, of the given columns."""
        means = {
            name: tuple(Reference(*item) for item in items)
            for name, items in state["means"].items()
        }
        nearness = {name: Nearness.from_state(item) for name, item in state["nearness"].items()}
        hints = {name: Reference(*item) for name, item in state["hints"].items()}
        return cls(tuple(columns[name] for name in state["columns"]), means, nearness, hints)


def within(column: NumberColumn, whole: Floats) -> Floats:
    """Return whole numbers moved into the range that eleven entities reach; NaN stays."""
    return np.clip(whole, column.quantiles.lowest, column.quantiles.highest)


def steps_of(owners: Ints) -> Iterator[Ints]:
    """Yield the rows of first events, of second ones, … of ``owners`` (n,), not falling."""
    if not len(owners):
        return
    first = np.flatnonzero(np.diff(owners, prepend=-1))
    lengths = np.diff(np.append(first, len(owners)))
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = first[order], lengths[order]
    for step in range(int(lengths[0])):
        yield starts[: np.searchsorted(-lengths, -step, side="left")] + step
