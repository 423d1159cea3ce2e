"""Numbers that stay near what they were: a bill near the bill before.

A level says little of how far it lies from the last value; told that distance for
each level, a generator has three numbers to learn instead of a table of levels by
levels. Implements :class:`riskgen.data.panel.Steering`. Knows codecs, no networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.persistent import signed_log
from riskgen.data.panel import Field, SequencePanel

Floats = NDArray[np.float64]

NEAR = 0.05
"""Relative distance within which a level counts as almost the same value [J]."""

SIGNALS = 4


@dataclass(frozen=True, eq=False)
class Persistence:
    """The last value of one number column, as a guide to its next level.

    Attributes
    ----------
    fields : tuple of Field
        Of the panel.
    column : NumberColumn
        Whose levels are weighed.
    """

    fields: tuple[Field, ...] = field(repr=False)
    column: NumberColumn = field(repr=False)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return 2

    @property
    def steers(self) -> str:
        """Name of the field whose levels are weighed."""
        return self.column.fields[-1].name

    @property
    def n_signals(self) -> int:
        """Signals for each level."""
        return SIGNALS

    @property
    def prior(self) -> tuple[float, ...]:
        """Weights that training starts from: none."""
        return (0.0,) * SIGNALS

    def start(self, context: Floats) -> Floats:
        """Return the state (n, 1) before the first event: nothing is known."""
        return np.full((len(context), 1), np.nan)

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the state after events with ``values`` (n, n_fields)."""
        place = [item.name for item in self.fields].index(self.steers)
        return self._scaled(self.column.quantiles.decode(values[:, place]))[:, None]

    def features(self, state: Floats) -> Floats:
        """Return the last value on a logarithmic scale, and whether there is one."""
        known = np.isfinite(state[:, 0])
        return np.column_stack([np.where(known, state[:, 0], 0.0) / 5.0, known])

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return the features before each event, shape (n_events, n_features)."""
        return self.features(self.known_of(panel))

    def known(self, state: Floats) -> Floats:
        """Return the last values, shape (n, 1)."""
        return state

    def known_of(self, panel: SequencePanel) -> Floats:
        """Return the last value before each event, shape (n_events, 1)."""
        after = self.advance(np.zeros((len(panel.values), 1)), panel.values)
        before = np.concatenate([np.full((1, 1), np.nan), after[:-1]])[: len(after)]
        before[panel.offsets[:-1][panel.lengths > 0]] = np.nan
        return before

    def signals(self, known: Floats, values: Floats) -> Floats:
        """Return how near each level lies to the last value, shape (n, SIGNALS, n_levels).

        Distance, squared distance, almost the same, and the same level.
        """
        centre = self._scaled(self._sizes)
        last = known[:, :1]
        away = np.abs(centre[None, :] - last)
        nearest = away == np.fmin.reduce(away, axis=1, keepdims=True)
        parts = [-away, -0.5 * np.minimum(away, 4.0) ** 2, np.exp(-away / NEAR), nearest]
        return np.nan_to_num(
            np.stack(parts, axis=1).astype(np.float64) * np.isfinite(last)[:, None]
        )

    @cached_property
    def _sizes(self) -> Floats:
        codec = self.column.quantiles
        return codec.decode(np.arange(codec.levels, dtype=np.float64) + 0.5)

    def _scaled(self, values: Floats) -> Floats:
        return signed_log(values, self._sizes)
