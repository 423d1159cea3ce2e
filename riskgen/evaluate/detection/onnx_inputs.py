"""How events become the inputs of a model: column by column, or as one matrix.

Knows events and declared inputs (name, type, shape), no runtime.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.errors import DataError
from riskgen.evaluate.features.per_entity import entity_features
from riskgen.evaluate.features.per_event import event_features
from riskgen.evaluate.features.rows import Lens

Array = NDArray[Any]

NUMBERS = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
TEXT = "tensor(string)"
_WHOLE = ("tensor(int64)", "tensor(int32)", "tensor(bool)")


class Feed(Protocol):
    """What makes the inputs of a model."""

    def of(self, events: Events) -> dict[str, Array]:
        """Return each input, one row for each row that is scored."""


@dataclass(frozen=True)
class Column:
    """One input that is one column of the table."""

    input: str
    column: str
    type: str
    flat: bool


@dataclass(frozen=True, eq=False)
class Columns:
    """One input for each column, as scikit-learn's pipelines are exported.

    Attributes
    ----------
    columns : tuple of Column
    """

    columns: tuple[Column, ...] = field(repr=False)

    @staticmethod
    def usable(events: Events) -> list[str]:
        """Return the columns that a model may ask for: never the label."""
        schema = events.schema
        return [c.name for c in schema.channels if c.role not in ("label", "dropped")]

    def of(self, events: Events) -> dict[str, Array]:
        """Return each column; missing is NaN, or empty text, time in seconds since 1970."""
        return {column.input: _values(events, column) for column in self.columns}


@dataclass(frozen=True, eq=False)
class Matrix:
    """One matrix of features that the model names: riskgen's own, or numeric columns.

    Attributes
    ----------
    input : str
    dtype : type
    names : tuple of str
        In the order of the matrix.
    lens : Lens
        By which levels are numbered.
    """

    input: str
    dtype: Any
    names: tuple[str, ...]
    lens: Lens = field(repr=False)

    @classmethod
    def of_input(cls, declared: Any, names: Sequence[str], lens: Lens) -> Matrix:
        """Return the matrix that a declared input asks for."""
        return cls(declared.name, NUMBERS[declared.type], tuple(names), lens)

    @classmethod
    def open(
        cls, declared: Any, names: Sequence[str], lens: Lens, reference: Events, model: str
    ) -> Matrix:
        """Check a declared input against the features that there are.

        Raises
        ------
        DataError
            When it is no matrix of floats, or names a feature that there is not.
        """
        width = declared.shape[1] if len(declared.shape) == 2 else None
        fits = declared.type in ("tensor(float)", "tensor(double)")
        if not fits or (isinstance(width, int) and width != len(names)) or width is None:
            raise DataError(
                f"Input '{declared.name}' of '{model}' is {declared.type} {list(declared.shape)}. "
                f"Expected a matrix of floats with the {len(names)} columns that its metadata name."
            )
        found = cls.of_input(declared, names, lens)
        head = reference.take(np.arange(min(1, reference.n_entities)))
        known = found._known(head)
        strange = [name for name in names if name not in known]
        if strange:
            raise DataError(
                f"'{model}' asks for feature '{strange[0]}' ({len(strange)} unknown). Known: "
                f"{', '.join(sorted(known))}."
            )
        return found

    def of(self, events: Events) -> dict[str, Array]:
        """Return the named features of each row as one matrix."""
        known = self._known(events)
        return {self.input: np.column_stack([known[n] for n in self.names]).astype(self.dtype)}

    def _known(self, events: Events) -> dict[str, Array]:
        by_event = self.lens.level == "event"
        table = event_features if by_event else entity_features
        values, names = table(events, self.lens.levels)
        known = {}
        if by_event:
            numeric = [n for n in Columns.usable(events) if events.frame[n].dtype.is_numeric()]
            known = {name: events.numbers(name) for name in numeric}
        return {**known, **{name: values[:, k] for k, name in enumerate(names)}}


def columns_of(inputs: Sequence[Any], events: Events) -> tuple[Columns, list[str]]:
    """Return how declared inputs are filled from columns, and those that cannot be."""
    by_name = {name: name for name in Columns.usable(events)}
    for name in list(by_name):  # exporters replace what is no letter of a variable
        by_name.setdefault(re.sub(r"\W", "_", name), name)
    columns, strange = [], []
    for declared in inputs:
        column = by_name.get(declared.name)
        if column is None or not _fits(declared, events, column):
            strange.append(str(declared.name))
        else:
            flat = len(declared.shape) == 1
            columns.append(Column(declared.name, column, declared.type, flat))
    return Columns(tuple(columns)), strange


def _fits(declared: Any, events: Events, column: str) -> bool:
    one_each = len(declared.shape) == 1 or (
        len(declared.shape) == 2 and declared.shape[1] in (1, None)
    )
    dtype = events.frame[column].dtype
    number = dtype.is_numeric() or str(dtype) == "Boolean" or column == events.schema.time
    return one_each and (declared.type == TEXT or (number and declared.type in NUMBERS))


def _values(events: Events, column: Column) -> Array:
    if column.type == TEXT:
        texts = events.texts(column.column)
        values: Array = np.array(["" if text is None else text for text in texts], dtype=object)
    else:
        is_time = column.column == events.schema.time
        numbers = events.seconds() if is_time else events.numbers(column.column)
        if column.type in _WHOLE:
            _refuse_missing(numbers, column.column)
        values = numbers.astype(NUMBERS[column.type])
    return values if column.flat else values.reshape(-1, 1)


def _refuse_missing(numbers: NDArray[np.float64], column: str) -> None:
    gone = int(np.isnan(numbers).sum())
    if gone:
        raise DataError(
            f"Column '{column}' is missing in {gone:,} of {len(numbers):,} rows, and the model "
            "takes whole numbers there. Export that input as floats."
        )
