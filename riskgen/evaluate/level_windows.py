"""Two judges of simulated windows of levels, beside real windows.

The *published* one is the discriminative score that the TimeGAN literature
quotes, from its code: min-max scaling, a random split of overlapping windows, a
small network. It saturates where columns are few and rewards memory of the one
real path. The *blocked* one is larger and is judged on time blocks of the real
table that it has not seen. Knows arrays, not generators.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.discriminative import (
    REFERENCE_STEPS,
    Sides,
    random_split,
    reference_score,
    strict_score,
)
from riskgen.evaluate.market_sample import windows
from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream

Floats = NDArray[np.float64]

BLOCK = 200
"""Windows of a time block (a study on the two benchmarks); blocks lie a window apart."""

BLOCKED_STEPS = 600
"""Training steps of the larger network: its area no longer rises on the benchmarks [J]."""


def published_score(
    table: Floats, made: Floats, *, seed: int, steps: int = REFERENCE_STEPS
) -> Estimate:
    """Return |accuracy - .5| of the discriminative score of Yoon et al. (2019).

    Parameters
    ----------
    table : ndarray of shape (n_steps, n_columns)
        The real table, every step of it.
    made : ndarray of shape (n, length, n_columns)
        Simulated windows; the literature takes as many as there are real ones.
    seed : int
        Of split, weights and batches.
    steps : int
        Training steps; other than 2,000 is not comparable with the literature.
    """
    real = windows([table], made.shape[1], 1)
    sides = random_split(real, made, stream(seed, "levels", "published"))
    return reference_score(sides, steps, seed)


def published_floor(
    table: Floats, length: int, *, seed: int, steps: int = REFERENCE_STEPS
) -> Estimate:
    """Return the same score of half of the real windows against the other half."""
    real = windows([table], length, 1)
    order = stream(seed, "levels", "floor").permutation(len(real))
    halves = real[order[::2]], real[order[1::2]]
    sides = random_split(*halves, stream(seed, "levels", "published"))
    return reference_score(sides, steps, seed)


def blocked_auc(table: Floats, made: Floats, *, seed: int, steps: int = BLOCKED_STEPS) -> Estimate:
    """Return the area under the ROC curve on time blocks not seen in training.

    Real windows of every other block train the network, those of the blocks
    between judge it; no step is in both. The interval takes windows for
    independent, which overlapping ones are not: it is too narrow.
    """
    length = made.shape[1]
    real = windows([table], length, 1)
    block, place = np.divmod(np.arange(len(real)), BLOCK + length)
    inside = place < BLOCK
    train, judge = real[inside & (block % 2 == 0)], real[inside & (block % 2 == 1)]
    # Not min-max, as published: levels squeezed into a narrow band teach a network slowly.
    centre, spread = real.mean(axis=(0, 1)), np.maximum(real.std(axis=(0, 1)), 1e-12)
    parts = (train, made[::2], judge, made[1::2])
    return strict_score(Sides(*((part - centre) / spread for part in parts)), steps, seed)
