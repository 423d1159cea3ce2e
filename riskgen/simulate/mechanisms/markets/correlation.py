"""Correlation matrices: the nearest valid one, and the least change towards it."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats

# Smallest eigenvalue of a correlation that is taken as valid [J].
_LEAST = 1e-8
_ROUNDS = 100


def nearest_correlation(matrix: Floats) -> Floats:
    """Return the correlation matrix nearest to a symmetric matrix.

    Alternating projections with Dykstra's correction (Higham 2002, IMA Journal
    of Numerical Analysis 22, algorithm 3.3) in the Frobenius norm.

    Parameters
    ----------
    matrix : ndarray of shape (d, d)
        Symmetric, ones on the diagonal; returned as it is when valid.
    """
    if np.linalg.eigvalsh(matrix)[0] >= _LEAST:
        return matrix
    result, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(_ROUNDS):
        trial = result - correction
        lowered = _lifted(trial)
        correction = lowered - trial
        before, result = result, lowered.copy()
        np.fill_diagonal(result, 1.0)
        if np.abs(result - before).max() < 1e-9:
            break
    lifted = _lifted(result)
    root = np.sqrt(np.diag(lifted))
    return np.asarray(lifted / np.outer(root, root))


def remix(before: Floats, after: Floats) -> Floats:
    """Return the matrix that turns one correlation into another with the least change.

    The linear optimal transport between two normal laws (Olkin & Pukelsheim
    1982). Unlike a ratio of Cholesky factors it does not depend on the order
    of the assets.

    Parameters
    ----------
    before, after : ndarray of shape (d, d)
        Correlations; returns A with A before A' = after where ``before`` has
        full rank.
    """
    root = _power(before, 0.5)
    back = _power(before, -0.5)
    return np.asarray(back @ _power(root @ after @ root, 0.5) @ back)


def _lifted(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, _LEAST)) @ vectors.T)


def _power(matrix: Floats, exponent: float) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    # Exact copies of an asset leave eigenvalues of zero, and nothing to turn there.
    kept = values > 1e-10
    scaled = np.where(kept, np.where(kept, values, 1.0) ** exponent, 0.0)
    return np.asarray((vectors * scaled) @ vectors.T)
