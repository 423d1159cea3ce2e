"""Which segment each customer is in: levels of a column, small ones withheld."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.schema import Schema
from riskgen.errors import DataError
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.features.per_event import HELD_BY, category_channels

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Segments:
    """Which segment each entity is in.

    Attributes
    ----------
    column : str
    names : tuple of str
        Levels that at least 11 entities hold who have rows in some exam.
    codes : tuple of ndarray of shape (n_entities,), int64
        By exam, place in ``names``; -1 where the level is withheld or missing.
    withheld : int
        Levels that fewer entities hold.
    """

    column: str
    names: tuple[str, ...]
    codes: tuple[Ints, ...] = field(repr=False)
    withheld: int

    @classmethod
    def of(cls, exams: Exams, column: str) -> Segments:
        """Read the segment of each entity off its first event.

        Raises
        ------
        DataError
            When the table has no such column of categories.
        """
        check_column(exams.each[0].events.schema, column)
        texts = [exam.events.texts(column)[exam.events.offsets[:-1]] for exam in exams.each]
        holders: dict[str, set[int]] = {}
        for exam, text in zip(exams.each, texts, strict=True):
            for entity in np.unique(exam.board.owner):
                if text[entity] is not None:
                    holders.setdefault(text[entity], set()).add(int(exam.keys[entity]))
        names = tuple(sorted(name for name, who in holders.items() if len(who) >= HELD_BY))
        place = {name: i for i, name in enumerate(names)}
        codes = (np.array([place.get(one, -1) for one in text], np.int64) for text in texts)
        return cls(column, names, tuple(codes), len(holders) - len(names))

    def __getitem__(self, run: int) -> Ints:
        """Return where the entities of a run's exam are in ``names``."""
        return self.codes[0 if len(self.codes) == 1 else run]


def check_column(schema: Schema, column: str) -> None:
    """Raise DataError, with what there is, unless the table has such a column of categories."""
    known = [channel.name for channel in category_channels(schema)]
    if column not in known:
        raise DataError(
            f"Customers cannot be grouped by {column!r}: the table has no such column of "
            f"categories. Choose from: {', '.join(known) or 'none'}."
        )
