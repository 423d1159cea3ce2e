"""What any risk desk has: one-day forecasts without a generator.

Parameters are those of the learned days and stay; what is filtered or looked back at
goes on through the later days. No forecast sees its own day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.evaluate.market.forecasts.forecast import (
    LEVELS,
    POINTS,
    Forecast,
    Tails,
    stated,
    tails_of,
)
from riskgen.models.garch.config import GarchConfig
from riskgen.models.garch.fitting import fit_paths
from riskgen.models.garch.shocks import FilteredShocks, StudentShocks
from riskgen.models.garch.simulator import Simulator
from riskgen.models.garch.volatility import BACKCAST_DECAY, backcast

Floats = NDArray[np.float64]

YEAR, LOOKBACK = 250, 500
"""Trading days: the year that Basel has asked for at least (amendment of 1996, B.4 d), and
two, so that the worst 1 % are five days."""

HISTORICAL = f"historical simulation, {LOOKBACK} days"


def rival_forecasts(
    gains: Floats, first: int, learned: Sequence[Floats], fewest: int = LOOKBACK
) -> dict[str, Forecast]:
    """Return every rival's forecast of the days from ``first`` on, by name.

    Parameters
    ----------
    gains : ndarray of shape (n_days, n_portfolios)
        Of all days, unbroken.
    first : int
        Day that is forecast first; at least :data:`LOOKBACK`.
    learned : sequence of ndarray of shape (n_days, n_portfolios)
        Gains of the segments that generators learned.
    fewest : int
        Learned days below which no GARCH is fitted (Hwang and Valls Pereira 2006: 500).
    """
    found = {
        HISTORICAL: historical(gains, first, LOOKBACK),
        f"historical simulation, {YEAR} days": historical(gains, first, YEAR),
        "EWMA-filtered history": ewma_filtered(gains, first),
        "block bootstrap (unconditional)": unconditional(np.concatenate(learned), gains, first),
    }
    if sum(map(len, learned)) >= fewest:
        found["GARCH(1,1)-t"] = garch_t(gains, first, learned)
        found["GJR-GARCH, filtered history"] = gjr_filtered(gains, first, learned)
    return found


def historical(gains: Floats, first: int, window: int) -> Forecast:
    """Return historical simulation: the tails of the ``window`` days before each."""
    return Forecast.of(tails_of(_windows(gains, first, window)))


def ewma_filtered(gains: Floats, first: int) -> Forecast:
    """Return the last 500 days, each scaled from its volatility to today's.

    Hull and White (1998), with the exponential weights of RiskMetrics (1996), .94.
    """
    decay = BACKCAST_DECAY
    start = backcast(gains)
    variance = np.empty((len(gains), gains.shape[1]))
    variance[0] = start
    variance[1:] = lfilter([1 - decay], [1, -decay], gains**2, axis=0, zi=decay * start[None])[0][
        :-1
    ]
    scale = np.sqrt(variance)
    tails = tails_of(_windows(gains / scale, first, LOOKBACK))
    return Forecast.of(tails.moved(scale[first:], np.zeros(1)))


def unconditional(learned: Floats, gains: Floats, first: int) -> Forecast:
    """Return the tails of the learned days for every day.

    The next day of a block bootstrap that knows no past is any learned day.
    """
    tails, shape = tails_of(learned), gains[first:].shape
    var, es = (
        np.broadcast_to(part[:, None], (len(LEVELS), *shape)) for part in (tails.var, tails.es)
    )
    points = np.broadcast_to(tails.points[:, None], (len(LEVELS), *shape, POINTS))
    return Forecast.of(Tails(var, es, points))


def garch_t(gains: Floats, first: int, learned: Sequence[Floats]) -> Forecast:
    """Return GARCH(1,1)-t of each portfolio (Bollerslev 1987), by package ``arch``."""
    simulator = _fitted(learned, GarchConfig("garch", "student", steady=False))
    assert isinstance(simulator.shocks, StudentShocks)
    return _filtered(simulator, student_tails(simulator.shocks.degrees), gains, first)


def gjr_filtered(gains: Floats, first: int, learned: Sequence[Floats]) -> Forecast:
    """Return filtered historical simulation on GJR-GARCH (Barone-Adesi et al. 1999)."""
    simulator = _fitted(learned, GarchConfig("gjr", "filtered", steady=False))
    assert isinstance(simulator.shocks, FilteredShocks)
    return _filtered(simulator, tails_of(simulator.shocks.residuals), gains, first)


def student_tails(degrees: float) -> Tails:
    """Return the tails of a t of unit variance, each of shape (n_levels, 1)."""
    unit = np.sqrt((degrees - 2.0) / degrees)
    shares = np.array([stated(level) for level in LEVELS])
    cut = stats.t.ppf(shares, degrees)
    shortfall = stats.t.pdf(cut, degrees) / shares * (degrees + cut**2) / (degrees - 1.0)
    chances = shares[:, None] * (np.arange(POINTS) + 0.5) / POINTS
    points = -unit * stats.t.ppf(chances, degrees)
    return Tails(-unit * cut[:, None], unit * shortfall[:, None], points[:, None])


def _filtered(simulator: Simulator, tails: Tails, gains: Floats, first: int) -> Forecast:
    volatility = simulator.volatility
    variance = volatility.filtered(gains, np.array([0, len(gains)]))[first:]
    each = Tails(tails.var[:, None], tails.es[:, None], tails.points[:, None])
    return Forecast.of(each.moved(np.sqrt(variance), volatility.mean))


def _fitted(learned: Sequence[Floats], config: GarchConfig) -> Simulator:
    names = tuple(Field(f"portfolio {k}", levels=0) for k in range(learned[0].shape[1]))
    offsets = np.cumsum([0, *map(len, learned)]).astype(np.int64)
    layout, context = Layout(fields=names, context_fields=()), np.zeros((len(learned), 0))
    panel = SequencePanel(layout, np.concatenate(learned), context, offsets)
    return fit_paths(panel, config, lambda report: None).simulator


def _windows(values: Floats, first: int, window: int) -> Floats:
    """Return the days before each day from ``first`` on, (window, n_days, n_portfolios)."""
    cut = np.lib.stride_tricks.sliding_window_view(values[:-1], window, axis=0)
    return np.moveaxis(cut[first - window :], -1, 0)
