"""Returns whose one-day law is known, for the tests of forecasts."""

from __future__ import annotations

import numpy as np

from riskgen.evaluate.market.forecasts.forecast import Forecast
from riskgen.evaluate.market.forecasts.rivals import student_tails

DEGREES = 6.0


def garch_days(n_days: int, seed: int, burn: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """GARCH(1,1)-t returns of one portfolio and each day's true volatility, (n_days, 1)."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(DEGREES, burn + n_days) / np.sqrt(DEGREES / (DEGREES - 2))
    variance, gains, scale = 1e-4, np.empty(burn + n_days), np.empty(burn + n_days)
    for day, shock in enumerate(shocks):
        scale[day] = np.sqrt(variance)
        gains[day] = scale[day] * shock
        variance = 2e-6 + 0.08 * gains[day] ** 2 + 0.90 * variance
    return gains[burn:, None], scale[burn:, None]


def true_forecast(scale: np.ndarray, times: float = 1.0) -> Forecast:
    """The forecast of someone who knows the law, or ``times`` its volatility."""
    tails = student_tails(DEGREES)
    each = type(tails)(tails.var[:, None], tails.es[:, None], tails.points[:, None])
    return Forecast.of(each.moved(times * scale, np.zeros(1)))
