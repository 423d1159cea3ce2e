"""What a number may be near before it is drawn: the last ones of its entity.

Tells the generator the last numbers, which levels of nearness stand for nothing,
and where taking away what was drawn before would lead. Implements
:class:`riskgen.data.panel.Steering`. Knows codecs, no networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.nearness import distance
from riskgen.data.codecs.persistent import signed_log
from riskgen.data.codecs.record import Record
from riskgen.data.codecs.references import References
from riskgen.data.panel import Field, SequencePanel

Floats = NDArray[np.float64]

ABSENT = 20.0
"""Nats by which a level that stands for nothing is held back when training begins [J]."""

CLOSE = 0.02
"""Relative distance within which a cell counts as almost where a difference leads [J]."""


@dataclass(frozen=True, eq=False)
class Nearby:
    """The last numbers of an entity, as a guide to how near the next one is.

    Attributes
    ----------
    record : Record
        Codecs of the event columns.
    fields : tuple of Field
        Of the panel.
    column : NumberColumn
        Whose nearness is weighed.
    leader : Nearby or None
        The one that keeps the numbers and tells the features of all; None: this one.
    """

    record: Record = field(repr=False)
    fields: tuple[Field, ...] = field(repr=False)
    column: NumberColumn = field(repr=False)
    leader: Nearby | None = field(default=None, repr=False)

    @classmethod
    def all_of(cls, record: Record, fields: tuple[Field, ...]) -> Iterator[Nearby]:
        """Yield one for each column of a record that refers to others."""
        if record.references is not None:
            leader: Nearby | None = None
            for name in record.references.means:
                found = cls(record, fields, record.references.column(name), leader)
                leader = leader or found
                yield found

    @property
    def keeper(self) -> Nearby:
        """The one whose state this one reads."""
        return self.leader or self

    @property
    def n_features(self) -> int:
        """Number of features."""
        return 0 if self.leader else 2 * len(self._references.columns)

    @property
    def steers(self) -> str:
        """Name of the field whose levels are weighed."""
        return self._references.fields_of(self.column)[0].name

    @property
    def n_signals(self) -> int:
        """Signals for each level."""
        return len(self.prior)

    @property
    def prior(self) -> tuple[float, ...]:
        """Weights that training starts from."""
        return (-ABSENT, 0.0, 0.0)

    def start(self, context: Floats) -> Floats:
        """Return the state (n, n_columns) before the first event: no numbers."""
        return self._references.start(len(context))

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the state after events with ``values`` (n, n_fields)."""
        return self._references.advance(state, self._own(values))

    def features(self, state: Floats) -> Floats:
        """Return the last numbers on a logarithmic scale, and whether there are any."""
        if self.leader:
            return np.zeros((len(state), 0))
        columns = zip(self._references.columns, state.T, strict=True)
        scaled = np.column_stack([signed_log(last, sizes_of(column)) for column, last in columns])
        known = np.isfinite(scaled)
        return np.hstack([np.where(known, scaled, 0.0) / 5.0, known])

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return the features before each event, shape (n_events, n_features)."""
        return self.features(self.known_of(panel))

    def known(self, state: Floats) -> Floats:
        """Return the whole state."""
        return state

    def known_of(self, panel: SequencePanel) -> Floats:
        """Return the state before each event of a panel, shape (n_events, n_columns)."""
        owners = np.repeat(np.arange(panel.n_sequences), panel.lengths)
        after = self._references.decode(self._own(panel.values), owners)
        stacked = np.column_stack([after[c.name] for c in self._references.columns])
        before = np.concatenate([np.full((1, stacked.shape[1]), np.nan), stacked[:-1]])
        before = before[: len(stacked)]
        before[panel.offsets[:-1][panel.lengths > 0]] = np.nan
        return before

    def signals(self, known: Floats, values: Floats) -> Floats:
        """Return what each level would mean, shape (n, n_signals, n_levels).

        Whether it stands for nothing; how far its cell lies from where taking away
        another number of this event would lead, and whether that is almost there.
        """
        references, name = self._references, self.column.name
        here, own = dict[str, Floats](), self._own(values)
        for column in references.columns:
            if column.name == name:
                break
            here[column.name] = references.number(column, known, here, own[column.name])
        targets = references.targets(name, known, here)
        absent = references.nearness[name].absent(targets)
        return np.stack([absent, *self._led(known, here, targets[:, 0])], axis=1).astype(np.float64)

    def _led(self, known: Floats, here: dict[str, Floats], target: Floats) -> tuple[Floats, Floats]:
        """Return the distance of each level from where a difference leads, and its nearness."""
        codec = self._references.nearness[self.column.name]
        far = np.zeros((len(target), codec.levels))
        hint = self._references.hints.get(self.column.name)
        if hint is None or not len(codec.edges):
            return far, far
        (leads,) = self._references.meant(self.column.name, (hint,), known, here).T
        away = distance(leads, target)[:, None] - (codec.edges[:-1] + codec.edges[1:]) / 2
        cells = slice(codec.met, codec.elsewhere)
        near = far.copy()
        far[:, cells] = np.nan_to_num(-np.arcsinh(np.abs(away) / CLOSE))
        near[:, cells] = np.nan_to_num(np.exp(-np.abs(away) / CLOSE))
        return far, near

    @property
    def _references(self) -> References:
        assert self.record.references is not None, "there is something to be near to"
        return self.record.references

    def _own(self, values: Floats) -> dict[str, Floats]:
        names = [item.name for item in self.fields]
        return {
            column.name: self.record.own(column, values, names)
            for column in self._references.columns
        }


def sizes_of(column: NumberColumn) -> Floats:
    """Return the middle of each level of a number column, in its unit; missing is NaN."""
    codec = column.quantiles
    return codec.decode(np.arange(codec.levels, dtype=np.float64) + 0.5)
