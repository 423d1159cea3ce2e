"""Splits of which fewer frauds are known: nested subsets, the same test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.seeding import stream

SIZES = (10, 25, 50, 100, 200)  # fraud customers to learn from (PROTOCOL B6)


def sizes_of(split: Split) -> tuple[int, ...]:
    """Return the numbers of known frauds to ask of a split: those of B6 below all, and all.

    Raises
    ------
    NotApplicable
        When the label is missing, or there are too few frauds for a curve.
    """
    n = int(split.generator.entity_label().sum())
    smaller = tuple(size for size in SIZES if size < n)
    if not smaller:
        raise NotApplicable(
            f"{n} fraud customers to learn from make no curve; more than {SIZES[0]} are needed."
        )
    return (*smaller, n)


def knowing(split: Split, n: int, *, seed: int) -> Split:
    """Return a split whose generator's partition has ``n`` fraud customers.

    The others are left out whole: nobody knows of them, and as unlabelled customers they
    would teach that fraud is normal. The first ``n`` of a seed are among its first
    ``n + 1``. Control, validation and test stay as they are.
    """
    fraud = split.generator.entity_label()
    kept = stream(seed, "known frauds").permutation(np.flatnonzero(fraud))[:n]
    return replace(split, generator=split.generator.take(_with(kept, ~fraud)))


def _with(some: NDArray[np.int64], others: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.sort(np.concatenate([some, np.flatnonzero(others)])).astype(np.int64)
