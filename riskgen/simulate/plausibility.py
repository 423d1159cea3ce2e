"""How far outside the data a stressed outcome lies (PROTOCOL E2).

Mahalanobis distances of per-entity or per-path features, against the
chi-square law and against the data's own distances: fat tails make the
chi-square law optimistic. Never clips, only tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import chi2

from riskgen.simulate.mechanisms.accounts import Floats

# Fewer rows than this for each feature do not give a covariance [J].
_ROWS_PER_FEATURE = 10


def plausibility(
    base: Floats, stressed: Floats, names: list[str], *, quantile: float
) -> dict[str, Any]:
    """Return how far the stressed features lie from those of the base.

    ``M² = (x − μ)' Σ⁻¹ (x − μ)`` with the covariance of Ledoit & Wolf (2004)
    on standardised features (Breuer et al. 2009).

    Parameters
    ----------
    base : ndarray of shape (n, p)
        Features of the base.
    stressed : ndarray of shape (m, p)
        Features of what was touched.
    names : list of str
        What the features are.
    quantile : float
        Level above which a warning is due.

    Returns
    -------
    dict
        JSON values; ``sentence`` says it in words. With too few rows or
        nothing touched only a reason.
    """
    kept = [i for i in range(len(names)) if len(base) and np.ptp(base[:, i]) > 0]
    if not kept or len(base) < _ROWS_PER_FEATURE * len(kept) or len(stressed) == 0:
        return {"status": "NOT_APPLICABLE", "reason": "too few sequences for a covariance"}
    own, other = mahalanobis(base[:, kept], stressed[:, kept])
    expected, usual = float(chi2.ppf(quantile, len(kept))), float(np.quantile(own, quantile))
    median, beyond = float(np.median(other)), int((other > own.max()).sum())
    percentile = float((own < median).mean())
    return {
        "measure": "mahalanobis",
        "features": [names[i] for i in kept],
        "n_base": len(own),
        "n_touched": len(other),
        "median_m2": median,
        "base_median_m2": float(np.median(own)),
        "chi2_quantile": expected,
        "base_quantile": usual,
        "quantile": quantile,
        "share_above_base_quantile": float((other > usual).mean()),
        "share_without_precedent": beyond / len(other),
        "median_percentile_in_base": percentile,
        "warning": bool(median > usual),
        "sentence": _sentence(percentile, beyond, len(other), len(own)),
    }


def mahalanobis(base: Floats, stressed: Floats) -> tuple[Floats, Floats]:
    """Return squared distances of rows of the base, and of others, from the base's mean.

    Parameters
    ----------
    base, stressed : ndarray of shape (n, p) and (m, p)
        Features; a feature that never varies in the base does not count.
    """
    from sklearn.covariance import LedoitWolf

    moving = np.ptp(base, axis=0) > 0
    base, stressed = base[:, moving], stressed[:, moving]

    centre, scale = base.mean(axis=0), base.std(axis=0)
    unit = (base - centre) / scale
    inverse = LedoitWolf().fit(unit).precision_
    moved = (stressed - centre) / scale
    own = np.einsum("ij,jk,ik->i", unit, inverse, unit)
    return own, np.einsum("ij,jk,ik->i", moved, inverse, moved)


def _sentence(percentile: float, beyond: int, n: int, n_base: int) -> str:
    if percentile >= 1.0:
        return (
            f"No precedent in data: the median touched case lies farther out than all "
            f"{n_base} of the base."
        )
    return (
        f"The median touched case lies farther out than {100 * percentile:.1f} % of the "
        f"{n_base} of the base; {beyond} of {n} have no precedent in data."
    )
