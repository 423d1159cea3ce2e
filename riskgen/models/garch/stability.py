"""Keeps simulated variance where history's was. Knows coefficients and residuals only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from riskgen.data.panel import Floats
from riskgen.models.garch.shocks import Shocks
from riskgen.models.garch.volatility import Volatility

LONGEST_MEMORY = 0.5 ** (1 / 250)
"""Largest persistence that is simulated: half of a shock is left after a trading
year. Beyond, estimates cannot be told from a unit root, where variance has no
mean to return to [J]."""


def bounded(fitted: Volatility, shocks: Shocks, names: list[str], notes: list[str]) -> Volatility:
    """Shrink weights in proportion where variance would take too long to return."""
    persistence = fitted.persistence(shocks.fallen())
    for name, found in zip(names, persistence, strict=True):
        if found > LONGEST_MEMORY + 1e-9:
            notes.append(
                f"Asset '{name}': {found:.4f} of a shock to variance is left a day later, nearly "
                f"a unit root; {LONGEST_MEMORY:.4f} is simulated."
            )
    kept = np.minimum(1.0, LONGEST_MEMORY / np.maximum(persistence, LONGEST_MEMORY))
    return replace(
        fitted, alpha=kept * fitted.alpha, gamma=kept * fitted.gamma, beta=kept * fitted.beta
    )


def steadied(
    volatility: Volatility, fallen: Floats, residuals: Floats, variances: Floats
) -> Volatility:
    """Weaken news, at the same persistence, where variance would vary more than filtered.

    With ``k`` the persistence and ``s²`` the variance of the news of a day, the
    mean square of the stationary variance over its squared mean is
    ``(1 - k²) / (1 - k² - s²)`` (He and Terasvirta 1999), often infinite with fitted
    coefficients. News is weighted until it is the ratio of the filtered variances.

    Parameters
    ----------
    fallen : ndarray of shape (n_assets,)
        As in :meth:`Volatility.persistence`.
    residuals, variances : ndarray of shape (n_days, n_assets)
        Of history. Its residuals are asked even where a t drives the paths: the
        fourth moment of a t of few degrees is infinite.
    """
    persistence = volatility.persistence(fallen)
    ratio = (variances**2).mean(axis=0) / variances.mean(axis=0) ** 2
    news = (volatility.alpha + volatility.gamma * (residuals < 0.0)) * residuals**2
    room = (1.0 - persistence**2) * (1.0 - 1.0 / ratio)
    weight = np.minimum(1.0, np.sqrt(room / np.maximum(news.var(axis=0), 1e-300)))
    alpha, gamma = weight * volatility.alpha, weight * volatility.gamma
    return replace(volatility, alpha=alpha, gamma=gamma, beta=persistence - alpha - gamma * fallen)
