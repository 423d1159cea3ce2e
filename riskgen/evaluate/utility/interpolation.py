"""SMOTE (Chawla et al. 2002), by imbalanced-learn: new frauds between two known ones.

Works on rows of features, so that it is for detectors on features only; a
recurrent network has no row to interpolate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import DetectorFamily, Lesson, Scorer
from riskgen.evaluate.features.rows import Rows
from riskgen.evaluate.utility.arms import Training
from riskgen.seeding import derived_seed

NEIGHBOURS = 5  # of Chawla et al. 2002, section 4.2; fewer where fewer frauds are known


def interpolated(real: Lesson, ratio: int) -> Training:
    """Return training with ``ratio`` interpolated rows for each fraudulent one."""

    def train(family: DetectorFamily, seed: int) -> Scorer:
        if not isinstance(family, BoostedTrees):
            raise NotApplicable(f"SMOTE needs rows of features; {family.name} has none.")
        rows = with_interpolated(family.rows([real], seed=seed), ratio, seed)
        return family.fit_rows(rows, seed=seed)

    return train


def with_interpolated(rows: Rows, ratio: int, seed: int) -> Rows:
    """Return the rows with ``ratio`` new positive ones for each that is there.

    Raises
    ------
    NotApplicable
        With a single positive row: there is nothing to interpolate between.
    """
    # Imported here: only this arm needs it, and it is slow to import.
    from imblearn.over_sampling import SMOTE

    known = rows.features[rows.labels]
    if len(known) < 2:
        raise NotApplicable(f"SMOTE needs two fraudulent rows at least; {len(known)} is known.")
    smote = SMOTE(
        sampling_strategy={True: len(known) * (1 + ratio)},
        k_neighbors=min(NEIGHBOURS, len(known) - 1),
        random_state=derived_seed(seed, "smote") % (2**32),
    )
    # Distances between frauds alone matter: one normal row stands for the other class. It
    # is never touched.
    table = np.vstack([_scaled(known), np.zeros((1, known.shape[1]), dtype=np.float32)])
    grown, labels = smote.fit_resample(table, np.append(np.ones(len(known), bool), False))
    made = _unscaled(np.asarray(grown[labels][len(known) :], dtype=np.float32), known)
    weight = float(rows.weights[rows.labels].mean())
    return rows.plus(Rows(made, np.ones(len(made), bool), np.full(len(made), weight)))


def _scaled(known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows in standard deviations, missing values at the median."""
    middle, spread = _middle(known), _spread(known)
    filled = np.where(np.isnan(known), middle, known)
    return np.asarray((filled - middle) / spread, dtype=np.float32)


def _unscaled(rows: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows * _spread(known) + _middle(known), dtype=np.float32)


def _middle(known: NDArray[np.float32]) -> NDArray[np.float32]:
    missing = np.isnan(known).all(axis=0)
    return np.asarray(np.nanmedian(np.where(missing, 0.0, known), axis=0), dtype=np.float32)


def _spread(known: NDArray[np.float32]) -> NDArray[np.float32]:
    missing = np.isnan(known).all(axis=0)
    spread = np.nanstd(np.where(missing, 0.0, known), axis=0)
    return np.asarray(np.where(spread > 0, spread, 1.0), dtype=np.float32)
