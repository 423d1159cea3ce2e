"""What an entity is like, as a Gaussian copula: the first half of PAR.

PARSynthesizer draws contexts from a Gaussian copula too (Patki, Wedge and
Veeramachaneni, DSAA 2016), but one that only a pickle can store. Here each level
owns a stretch of [0, 1) as wide as it is frequent, as in SDV's UniformEncoder,
and what is kept are those frequencies and one matrix of correlations. As there, a
level's score is drawn anywhere in its stretch, which weakens the correlations of
fields with few levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from riskgen.data.panel import Field, Floats
from riskgen.errors import NotFittedError

SLACK = 1e-9  # keeps uniform numbers off 0 and 1, where a normal quantile is infinite


@dataclass(frozen=True, eq=False)
class ContextCopula:
    """Draws context rows.

    Attributes
    ----------
    fields : tuple of Field
        Columns of the context.
    margins : tuple of ndarray
        Of a field with levels: edges of their stretches, shape (levels + 1,). Of
        a continuous one: mean and standard deviation, shape (2,).
    correlation : ndarray of shape (n_fields, n_fields)
        Of the normal scores.
    """

    fields: tuple[Field, ...]
    margins: tuple[Floats, ...] = field(repr=False)
    correlation: Floats = field(repr=False)

    @classmethod
    def fit(
        cls, fields: tuple[Field, ...], context: Floats, rng: np.random.Generator
    ) -> ContextCopula:
        """Learn from ``context`` (n, n_fields); a level's place is drawn, not looked at."""
        margins = tuple(_margin(item, context[:, j]) for j, item in enumerate(fields))
        blank = cls(fields, margins, np.eye(len(fields)))
        scores = blank._scores(context, rng)
        spread = scores.std(axis=0)
        scores = (scores - scores.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        correlation = scores.T @ scores / max(len(scores), 1)
        np.fill_diagonal(correlation, 1.0)
        return cls(fields, margins, correlation)

    def inputs(self, context: Floats, rng: np.random.Generator) -> Floats:
        """Return what the network sees of ``context``: places in [0, 1), or plain numbers."""
        return self._seen(self._scores(context, rng))

    def draw(
        self, n: int, wanted: Mapping[str, int], rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Draw ``n`` contexts with the ``wanted`` levels.

        Returns
        -------
        context : ndarray of shape (n, n_fields)
            Levels (plus a uniform place where they spread) and numbers.
        inputs : ndarray of shape (n, n_fields)
            The same, as the network sees it.

        Raises
        ------
        NotFittedError
            When a wanted level was never seen.
        """
        scores = self._given(n, *self._fixed(n, wanted, rng), rng)
        seen, context = self._seen(scores), np.empty_like(scores)
        for j, item in enumerate(self.fields):
            context[:, j] = seen[:, j]
            if item.levels:
                level = np.searchsorted(self.margins[j], seen[:, j], side="right") - 1
                last = np.flatnonzero(np.diff(self.margins[j]) > 0)[-1]
                context[:, j] = np.minimum(level, last) + rng.random(n) * item.spread
                if item.name in wanted:
                    # Rounding at an edge must not turn into the neighbouring level.
                    context[:, j] += wanted[item.name] - np.floor(context[:, j])
        return context, seen

    def _fixed(
        self, n: int, wanted: Mapping[str, int], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the columns of ``wanted`` and their scores, shape (n, len(wanted))."""
        names = [item.name for item in self.fields]
        columns = np.array([names.index(name) for name in wanted], dtype=np.int64)
        scores = np.empty((n, len(columns)))
        for place, (column, level) in enumerate(zip(columns, wanted.values(), strict=True)):
            low, high = self.margins[column][level : level + 2]
            if high <= low:
                raise NotFittedError(
                    f"No training sequence had '{names[column]}' at level {level}, so PAR cannot "
                    "draw it. Ask for something else or use 'timegan'."
                )
            scores[:, place] = _score(low + (high - low) * rng.random(n))
        return columns, scores

    def _given(
        self, n: int, columns: NDArray[np.int64], fixed: Floats, rng: np.random.Generator
    ) -> Floats:
        """Return normal scores (n, n_fields), given those of ``columns``."""
        free = np.setdiff1d(np.arange(len(self.fields)), columns)
        own = self.correlation[np.ix_(free, free)]
        across = self.correlation[np.ix_(free, columns)]
        # The pseudo-inverse serves columns that are copies of each other.
        weights = across @ np.linalg.pinv(self.correlation[np.ix_(columns, columns)])
        values, vectors = np.linalg.eigh(own - weights @ across.T)
        noise = rng.standard_normal((n, len(free))) * np.sqrt(np.clip(values, 0.0, None))
        scores = np.empty((n, len(self.fields)))
        scores[:, columns] = fixed
        scores[:, free] = fixed @ weights.T + noise @ vectors.T
        return scores

    def _scores(self, context: Floats, rng: np.random.Generator) -> Floats:
        scores = np.empty_like(context)
        for j, item in enumerate(self.fields):
            margin = self.margins[j]
            if item.levels:
                level = np.floor(context[:, j]).astype(np.int64)
                width = margin[level + 1] - margin[level]
                scores[:, j] = _score(margin[level] + width * rng.random(len(level)))
            else:
                scores[:, j] = (context[:, j] - margin[0]) / margin[1]
        return scores

    def _seen(self, scores: Floats) -> Floats:
        seen = ndtr(scores)
        for j, item in enumerate(self.fields):
            if not item.levels:
                seen[:, j] = self.margins[j][0] + self.margins[j][1] * scores[:, j]
        return np.asarray(seen)


def _margin(item: Field, codes: Floats) -> Floats:
    if not item.levels:
        spread = float(codes.std())
        return np.array([codes.mean(), spread if spread > 0 else 1.0])
    counts = np.bincount(np.floor(codes).astype(np.int64), minlength=item.levels)
    return np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])


def _score(uniform: Floats) -> Floats:
    return np.asarray(ndtri(np.clip(uniform, SLACK, 1.0 - SLACK)))
