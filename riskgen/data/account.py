"""What an account holds before each event, fed back to the generator.

A derived balance is computed after drawing, so that it always adds up; but whoever
spends knows what is left. Implements :class:`riskgen.data.panel.Steering`. Knows
codecs and formulas, no networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.amounts import NumberColumn
from riskgen.data.codecs.categories import CategoryColumn
from riskgen.data.codecs.disclosure import round_significant
from riskgen.data.codecs.memory import at_ranks, blank, recalled, remembered
from riskgen.data.codecs.quantiles import Quantiles
from riskgen.data.codecs.record import Record
from riskgen.data.footing import Footing, distances
from riskgen.data.panel import Field, SequencePanel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Signals = NDArray[np.float32]

PRIOR = (-3.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0)
TAKEN = 5  # of the signals are about what is taken alone
TINY = 1e-3  # of a typical amount

HEAD = 3
"""Numbers of a state before the amounts that may come back: balance, usual and lowest one."""

FAINTEST = -80.0  # of an exponent: below e^-87 single precision is slow

NEAR = 0.1
"""Part of a typical amount within which an account counts as emptied [J]."""


@dataclass(frozen=True, eq=False)
class Account:
    """A running sum of one amount column, with the sign that a flag may give it.

    The state of a sequence holds its balance, then the amounts that may come
    back (:mod:`riskgen.data.codecs.memory`).

    Attributes
    ----------
    record : Record
        Codecs of the event columns.
    fields : tuple of Field
        Of the panel.
    amount : NumberColumn
        What is summed.
    minus : NDArray of bool or None
        For each level of the flag whether it means minus; None without a flag.
    flag : CategoryColumn or None
        Column that says the sign.
    opening : Quantiles
        Codec of the balance before the first event.
    opening_column : int
        Its column in a panel's context.
    footing : Footing or None
        What the account usually holds and how low it goes, where that is known.
    """

    record: Record = field(repr=False)
    fields: tuple[Field, ...] = field(repr=False)
    amount: NumberColumn = field(repr=False)
    flag: CategoryColumn | None = field(repr=False)
    minus: NDArray[np.bool_] | None = field(repr=False)
    opening: Quantiles = field(repr=False)
    opening_column: int
    footing: Footing | None = field(default=None, repr=False)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return 6

    @property
    def steers(self) -> str:
        """Name of the field whose levels are weighed by what would be left."""
        return self.amount.fields[-1].name

    @property
    def n_signals(self) -> int:
        """Signals for each level."""
        return len(PRIOR)

    @property
    def prior(self) -> tuple[float, ...]:
        """Weights that training starts from: few accounts are overdrawn [J]."""
        return PRIOR

    def start(self, context: Floats) -> Floats:
        """Return the state (n, HEAD + WIDTH) before the first event."""
        opening = self.opening.decode(context[:, self.opening_column])
        ground = np.full((len(context), 2), np.nan)
        if self.footing is not None:
            ground = self.footing.read(context)
        return np.column_stack([np.nan_to_num(opening), ground, blank(len(context))])

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the state after events with ``values`` (n, n_fields)."""
        start = self._names.index(self.amount.fields[0].name)
        own = values[:, start : start + len(self.amount.fields)]
        whole = np.nan_to_num(self.amount.quantiles.decode_whole(own[:, -1]))
        memory = state[:, HEAD:]
        apart = self.record.told_apart(values, self._names)
        if self.amount.repeats is not None:
            kinds = self._kinds(apart)
            whole = recalled(memory, kinds, own[:, 0], whole)
            memory = remembered(memory, kinds, whole)
        moved = self._sign(apart) * self.amount.quantiles.numbers(whole)
        return np.column_stack([state[:, 0] + moved, state[:, 1:HEAD], memory])

    def features(self, state: Floats) -> Floats:
        """Return what is held in typical amounts.

        On two scales, whether it is below 0 or 1, and how far above the usual and the
        lowest balance.
        """
        scaled = state[:, :HEAD] / self._typical
        held = scaled[:, 0]
        wide, narrow = np.arcsinh(held) / 4.0, np.tanh(held / 3.0)
        above = [part / 2.0 for part in distances(np.arcsinh(scaled[:, :1]), scaled[:, 1:])]
        return np.column_stack([wide, narrow, held < 0.0, held < 1.0, *above]).astype(np.float64)

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return the features before each event, shape (n_events, n_features)."""
        return self.features(self.known_of(panel))

    def known(self, state: Floats) -> Floats:
        """Return balances of states and what they stand on, shape (n, HEAD)."""
        return state[:, :HEAD]

    def known_of(self, panel: SequencePanel) -> Floats:
        """Return the same before each event of a panel, shape (n_events, HEAD)."""
        return self.states_of(panel, HEAD)

    def states_of(self, panel: SequencePanel, width: int) -> Floats:
        """Return the first ``width`` numbers of the state before each event of a panel."""
        result = np.zeros((len(panel.values), width))
        order = np.argsort(-panel.lengths, kind="stable")
        lengths, firsts = panel.lengths[order], panel.offsets[:-1][order]
        state = self.start(panel.context[order])
        for step in range(int(lengths.max(initial=0))):
            rows = firsts[: np.searchsorted(-lengths, -step, side="left")] + step
            state = state[: len(rows)]
            result[rows] = state[:, :width]
            state = self.advance(state, panel.values[rows])
        return result

    def signals(self, known: Floats, values: Floats) -> Signals:
        """Return what would be left if each level were drawn, shape (n, n_signals, n_levels)."""
        apart = self.record.told_apart(values, self._names)
        moved = self._sign(apart).astype(np.float32)[:, None] * self._scaled_sizes
        return self.left(known, moved)

    def left(self, known: Floats, moved: Signals) -> Signals:
        """Return signals (n, n_signals, m) of amounts ``moved`` (n, m) from ``known`` (n, HEAD).

        Overdrawn by this event, overdrawn more, how far beyond a half and beyond a
        quarter of what is held (log), emptied, how much is left, how far that is from
        what is usual (squared), and how far below the lowest. What is moved is told in
        typical amounts, what is held in the column's unit.
        """
        # Single precision: networks read it so, and it is twice as fast.
        scaled = (known / self._typical).astype(np.float32)
        held, moves = scaled[:, :1], (moved != 0.0).astype(np.float32)
        result = np.zeros((len(moved), len(PRIOR), moved.shape[1]), dtype=np.float32)
        paid = np.flatnonzero((moved < 0.0).any(axis=1))
        result[paid, :TAKEN] = _taken(held[paid], moved[paid])
        height = np.arcsinh(held + moved)
        away, above = distances(height, scaled[:, 1:])
        np.multiply(height, 0.25 * moves, out=result[:, TAKEN])
        np.multiply(np.square(away), -0.5 * moves, out=result[:, TAKEN + 1])
        np.multiply(np.maximum(-above, 0.0), moved < 0.0, out=result[:, TAKEN + 2])
        return result

    def ranked(self, state: Floats, values: Floats) -> Signals:
        """Return what each level of the repeat field would move, shape (n, n_levels); 0 if new.

        In typical amounts.
        """
        assert self.amount.repeats is not None
        apart = self.record.told_apart(values, self._names)
        amounts = self.amount.quantiles.numbers(at_ranks(state[:, HEAD:], self._kinds(apart)))
        moved = self._sign(apart)[:, None] * amounts / self._typical
        return np.pad(moved, ((0, 0), (1, 0))).astype(np.float32)

    def _kinds(self, apart: Floats) -> Ints:
        """Return the kind of each event among which an amount comes back, shape (n,)."""
        assert self.amount.repeats is not None
        categories = self.record.categories(apart, self._names)
        return self.amount.repeats.kind.codes(categories, len(apart))

    @cached_property
    def _names(self) -> list[str]:
        return [item.name for item in self.fields]

    @cached_property
    def _sizes(self) -> Floats:
        """The middle of each level, in the column's unit; missing is 0."""
        codec = self.amount.quantiles
        return np.nan_to_num(codec.decode(np.arange(codec.levels, dtype=np.float64) + 0.5))

    @cached_property
    def _scaled_sizes(self) -> Signals:
        """The same in typical amounts."""
        return (self._sizes / self._typical).astype(np.float32)

    @cached_property
    def _typical(self) -> float:
        """A typical size of an amount, two digits."""
        sizes = np.abs(self._sizes)
        middle = float(np.median(sizes[sizes > 0])) if (sizes > 0).any() else 1.0
        return float(round_significant(np.array([middle]), 2)[0]) or 1.0

    def _sign(self, apart: Floats) -> Floats:
        if self.flag is None or self.minus is None:
            return np.ones(len(apart))
        levels = apart[:, self._names.index(self.flag.fields[0].name)].astype(np.int64)
        return np.where(self.minus[levels], -1.0, 1.0)


def _taken(held: NDArray[np.floating], moved: Signals) -> Signals:
    """Return the first signals, those of what is taken; 0 where nothing is."""
    left, taken = held + moved, (moved < 0.0).astype(np.float32)
    result = np.empty((len(moved), TAKEN, moved.shape[1]), dtype=np.float32)
    overdrawn = (left < 0.0).astype(np.float32)
    np.multiply(overdrawn, held >= 0.0, out=result[:, 0])
    np.subtract(overdrawn, result[:, 0], out=result[:, 1])
    share = np.log(np.maximum(-moved, TINY)) - np.log(np.maximum(held, TINY))
    for k in (2, 3):
        share += log(2.0)
        part = np.maximum(share, 0.0)
        np.minimum(part, 3.0, out=part)
        np.multiply(part, held > 0.0, out=result[:, k])
    np.exp(np.maximum(np.abs(left) / -NEAR, FAINTEST), out=result[:, 4])
    result *= taken[:, None, :]
    return result
