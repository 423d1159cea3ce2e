"""Rows that detectors are trained on, and how events become them.

Knows features and labels; not which arm the rows are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.features import Levels, common_levels, entity_features, event_features

Level = Literal["event", "entity"]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to train on.

    Attributes
    ----------
    features : ndarray of shape (n, k), float32
    labels : ndarray of shape (n,), bool
    weights : ndarray of shape (n,)
    """

    features: NDArray[np.float32]
    labels: Flags
    weights: Floats

    def plus(self, other: Rows) -> Rows:
        """Return the rows of both."""
        return Rows(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, eq=False)
class Lens:
    """How events become rows: one for each event, or one for each entity.

    Attributes
    ----------
    level : str
        ``event`` or ``entity``, where the label sits.
    levels : mapping of column to levels
        Of the generator's split.
    """

    level: Level
    levels: Levels

    @classmethod
    def of(cls, events: Events) -> Lens:
        """Choose by where the label sits."""
        level: Level = "entity" if events.schema.label_level == "entity" else "event"
        return cls(level, common_levels(events))

    def table(self, events: Events) -> tuple[NDArray[np.float32], list[str]]:
        """Return the features of each row, and their names."""
        table = event_features if self.level == "event" else entity_features
        return table(events, self.levels)

    def features(self, events: Events) -> NDArray[np.float32]:
        """Return the features of each row."""
        return self.table(events)[0]

    def labels(self, events: Events) -> Flags:
        """Return the label of each row."""
        return events.event_label() if self.level == "event" else events.entity_label()

    def rows(self, events: Events, keep: Flags | None = None) -> Rows:
        """Return the rows of events, those in ``keep`` if given, each of weight one."""
        features, labels = self.features(events), self.labels(events)
        if keep is not None:
            features, labels = features[keep], labels[keep]
        return Rows(features, labels, np.ones(len(labels)))


@dataclass(frozen=True, eq=False)
class Ranked:
    """Rows with the rank of their entity, so that a share of entities can be taken.

    Attributes
    ----------
    rows : Rows
    rank : ndarray of shape (n,)
        Place of the row's entity, 0 to 1.
    """

    rows: Rows
    rank: Floats


def ranked(lens: Lens, events: Events) -> Ranked:
    """Return all rows of events with the ranks of their entities."""
    owner = events.owner if lens.level == "event" else np.arange(events.n_entities)
    return Ranked(lens.rows(events), owner / max(1, events.n_entities))


def together(parts: Sequence[Ranked]) -> Ranked:
    """Return the rows of all parts, each entity at its rank within its part."""
    rows = parts[0].rows
    for part in parts[1:]:
        rows = rows.plus(part.rows)
    return Ranked(rows, np.concatenate([part.rank for part in parts]))


def leading(numbered: Ranked, share: float) -> Rows:
    """Return the rows of the first ``share`` (0..1) of entities."""
    keep, rows = numbered.rank < share, numbered.rows
    return Rows(rows.features[keep], rows.labels[keep], rows.weights[keep])
