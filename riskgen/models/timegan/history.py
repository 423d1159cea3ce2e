"""What a sequence's own past says of its volatility, without hindsight.

Exponentially weighted means of the size and the square of the continuous
fields (RiskMetrics 1996), at a week, a month and a quarter of trading days.
Numpy only; the same recursion serves training and sampling.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from riskgen.data.panel import Floats, Layout
from riskgen.models.domain import domain_of

SPANS = (5, 20, 60)
"""Trading days: a week, a month, a quarter (Corsi 2009 uses day, week and month)."""

FLOOR = 1e-4
"""Smallest mean that is told from zero, in standardised units squared [J]."""


def n_volatile(layout: Layout) -> int:
    """Return how many continuous fields have a volatility: none where levels are tracked."""
    if domain_of(layout) == "levels":
        return 0
    return sum(item.levels == 0 for item in layout.fields)


class History:
    """Means of |v| and v² before each event.

    A state has shape (n, 2 * len(SPANS) * n_numbers): for each span the means
    of squares, then for each span the means of sizes. No numbers, no memory: where
    values are not returns, volatility says nothing.
    """

    def __init__(self, n_numbers: int) -> None:
        self.n_numbers = n_numbers
        decay = np.repeat([1.0 - 2.0 / (span + 1.0) for span in SPANS], n_numbers)
        self._decay = np.concatenate([decay, decay])

    @property
    def n_features(self) -> int:
        """Width of a state and of the features."""
        return len(self._decay)

    def start(self, n: int) -> Floats:
        """Return the state before anything is known: the mean of a standardised value."""
        half = self.n_features // 2
        mean_size = np.sqrt(2.0 / np.pi)
        return np.tile(np.concatenate([np.ones(half), np.full(half, mean_size)]), (n, 1))

    def advance(self, state: Floats, numbers: NDArray[np.floating]) -> Floats:
        """Return the state after standardised ``numbers`` of shape (n, n_numbers)."""
        told = numbers[:, : self.n_numbers]
        return self._decay * state + (1.0 - self._decay) * self._moments(told)

    def features(self, state: Floats) -> NDArray[np.float32]:
        """Return logarithms of the means (of the root mean squares), about [-3, 3]."""
        half = self.n_features // 2
        logs = np.log(state + FLOOR)
        logs[:, :half] *= 0.5
        return logs.astype(np.float32)

    def states_of(self, numbers: NDArray[np.floating], offsets: NDArray[np.int64]) -> Floats:
        """Return the state before each event, shape (n_events, n_features)."""
        states = np.empty((len(numbers), self.n_features))
        if self.n_features:
            for first, last in pairwise(offsets):
                states[first:last] = self._run(numbers[first:last])
        return states

    def _run(self, numbers: NDArray[np.floating]) -> Floats:
        moments = self._moments(numbers)
        before = np.repeat(self.start(1), len(numbers), axis=0)
        for column, decay in enumerate(self._decay):
            after, _ = lfilter(
                [1.0 - decay], [1.0, -decay], moments[:, column], zi=[decay * before[0, column]]
            )
            before[1:, column] = after[:-1]
        return before

    def _moments(self, numbers: NDArray[np.floating]) -> Floats:
        squares = np.tile(np.square(numbers, dtype=np.float64), (1, len(SPANS)))
        sizes = np.tile(np.abs(numbers), (1, len(SPANS)))
        return np.concatenate([squares, sizes], axis=1)
