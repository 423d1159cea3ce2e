"""Where windows of levels begin: where the history has been, smoothed.

The levels of one history lie along a single path. A network that is stopped on
blocks of time which it has not seen spreads its starts far around that path,
and every simulated window begins with the fault (Energy, discriminative score: .14, and .07
with starts as here, .05 with real ones). Starts are therefore drawn
from normal distributions, one for each neighbourhood of at least 25 windows, so
that no single step's levels are kept. Knows context values, not what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats
from riskgen.models.timegan.rows import RowCoder

FEWEST = 25
"""Windows of a neighbourhood at least: more than the 11 that a bound takes [J]."""

USUAL = 50
"""Windows of a neighbourhood on average, before small ones are joined to others [J]."""

ROUNDS = 12
"""Rounds of Lloyd's algorithm (1982); later ones move few windows [J]."""

POOLED = 0.05
"""Weight of the average covariance in that of each neighbourhood [J]."""


@dataclass(frozen=True, eq=False)
class Starts:
    """A mixture of normal distributions with the frequencies of levels in each.

    Attributes
    ----------
    weight : ndarray of shape (k,)
        Share of windows in each neighbourhood.
    mean, root : ndarray of shape (k, n_starts) and (k, n_starts, n_starts)
        Mean and square root of the covariance of the first half of the
        context's continuous fields; the other half are moves.
    chances : dict of str to ndarray of shape (k, n_levels)
        Share of each level of context fields without a place inside it.
    """

    weight: Floats = field(repr=False)
    mean: Floats = field(repr=False)
    root: Floats = field(repr=False)
    chances: dict[str, Floats] = field(repr=False)

    @classmethod
    def fit(cls, context: Floats, coder: RowCoder, rng: np.random.Generator) -> Self:
        """Learn from context values of shape (n, n_context_fields)."""
        numbers = coder.number_columns
        values = context[:, numbers[: len(numbers) // 2]]
        group = _neighbourhoods(values, rng)
        count = np.bincount(group).astype(np.float64)
        mean = np.stack([values[group == k].mean(axis=0) for k in range(len(count))])
        chances = {
            coder.fields[c].name: _shares(
                context[:, c].astype(np.int64), group, coder.fields[c].levels
            )
            for c in coder.level_columns
            if not coder.fields[c].spread
        }
        return cls(count / count.sum(), mean, _roots(values - mean[group], group), chances)

    def draw(
        self, n: int, coder: RowCoder, wanted: dict[str, int], rng: np.random.Generator
    ) -> dict[str, NDArray[Any]]:
        """Return values of context fields by name, each of shape (n,); wanted levels are kept."""
        weight = self.weight.copy()
        for name, level in wanted.items():
            if name in self.chances and float(weight @ self.chances[name][:, level]) > 0:
                weight = weight * self.chances[name][:, level]
        group = _inverse(np.cumsum(weight / weight.sum())[None], rng.random(n))
        normal = rng.standard_normal((n, self.mean.shape[1]))
        values = self.mean[group] + np.einsum("ni,nij->nj", normal, self.root[group])
        numbers = coder.number_columns
        drawn: dict[str, NDArray[Any]] = {
            coder.fields[c].name: values[:, k] for k, c in enumerate(numbers[: values.shape[1]])
        }
        for name, chance in self.chances.items():
            ladder = np.cumsum(chance[group], axis=1)
            drawn[name] = _inverse(ladder, rng.random(n))
        return drawn | {name: np.full(n, level) for name, level in wanted.items()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned as named arrays."""
        named = {f"starts/chances/{name}": value for name, value in self.chances.items()}
        return named | {
            "starts/weight": self.weight,
            "starts/mean": self.mean,
            "starts/root": self.root,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self | None:
        """Return the starts in ``arrays``, or None where there are none."""
        if "starts/weight" not in arrays:
            return None
        first = "starts/chances/"
        chances = {k.removeprefix(first): v for k, v in arrays.items() if k.startswith(first)}
        return cls(arrays["starts/weight"], arrays["starts/mean"], arrays["starts/root"], chances)


def _neighbourhoods(values: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the neighbourhood of each row, numbered from 0, none smaller than 25 rows."""
    n_groups = max(1, len(values) // USUAL)
    centres = values[rng.choice(len(values), n_groups, replace=False)]
    group = _nearest(values, centres)
    for _ in range(ROUNDS):
        count = np.bincount(group, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, group, values)
        centres = sums[count > 0] / count[count > 0, None]
        group = _nearest(values, centres)
    count = np.bincount(group, minlength=len(centres))
    while len(centres) > 1 and count.min() < FEWEST:
        centres = np.delete(centres, int(count.argmin()), axis=0)
        group = _nearest(values, centres)
        count = np.bincount(group, minlength=len(centres))
    return group


def _nearest(values: Floats, centres: Floats) -> NDArray[np.int64]:
    distance = (centres**2).sum(axis=1) - 2.0 * values @ centres.T
    return np.asarray(distance.argmin(axis=1), np.int64)


def _roots(residuals: Floats, group: NDArray[np.int64]) -> Floats:
    """Return symmetric square roots of the covariances, drawn a little to their average."""
    pooled = residuals.T @ residuals / len(residuals)
    roots = []
    for k in range(int(group.max()) + 1):
        own = residuals[group == k]
        joined = (1.0 - POOLED) * own.T @ own / len(own) + POOLED * pooled
        sizes, directions = np.linalg.eigh(joined)
        roots.append((directions * np.sqrt(np.maximum(sizes, 0.0))) @ directions.T)
    return np.stack(roots)


def _shares(codes: NDArray[np.int64], group: NDArray[np.int64], n_levels: int) -> Floats:
    table = np.zeros((int(group.max()) + 1, n_levels))
    np.add.at(table, (group, codes), 1.0)
    return np.asarray(table / table.sum(axis=1, keepdims=True), np.float64)


def _inverse(ladder: Floats, uniform: Floats) -> NDArray[np.int64]:
    """Return the step of each ladder (or of the one ladder) that a uniform number reaches."""
    passed = (uniform[:, None] >= ladder).sum(axis=1)
    return np.asarray(np.minimum(passed, ladder.shape[1] - 1), np.int64)
