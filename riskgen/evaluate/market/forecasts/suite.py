"""One-day forecasts of a generator and its rivals, on days that came after all learned ones.

Parameters stay as they were fitted; only the past that is shown moves on. Knows
returns and draws, neither files nor generators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.errors import NotApplicable
from riskgen.evaluate.market.forecasts.backtests import SIGNIFICANCE, TESTS, Backtest, Bench
from riskgen.evaluate.market.forecasts.coverage import zone
from riskgen.evaluate.market.forecasts.forecast import LEVELS, Forecast, stated
from riskgen.evaluate.market.forecasts.results import FORECAST, score_results, test_results
from riskgen.evaluate.market.forecasts.rivals import HISTORICAL, LOOKBACK, YEAR, rival_forecasts
from riskgen.evaluate.market.forecasts.score import Scored
from riskgen.evaluate.market.sample import mean_block
from riskgen.evaluate.market.tails import portfolios
from riskgen.evaluate.result import MetricResult, declined
from riskgen.seeding import stream

Floats = NDArray[np.float64]

OWN = "this generator"
RANDOM = 10  # [J] long-only portfolios beside the equally weighted one
TITLE = "One-day forecasts of value at risk and expected shortfall"
FROZEN = (
    "Parameters are those of the learned days and were not renewed; each day is forecast from the "
    "days before it."
)


@dataclass(frozen=True, eq=False)
class Days:
    """What is forecast, and from what.

    Attributes
    ----------
    returns : ndarray of shape (n_days, n_assets)
        Log returns of the whole unbroken history.
    first : int
        Day that is forecast first; all learned days lie before it.
    learned : sequence of ndarray of shape (n_days, n_assets)
        Log returns of the segments that generators learned.
    """

    returns: Floats = field(repr=False)
    first: int
    learned: Sequence[Floats] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Results of the generator, and a table of everybody as JSON values."""

    metrics: list[MetricResult]
    facts: dict[str, Any]


def measure_forecasts(
    days: Days, draws: Iterable[Floats] | None, *, seed: int, why_not: str = ""
) -> Forecasts:
    """Judge the one-day forecasts of a generator beside rivals that need none.

    Parameters
    ----------
    days : Days
        What is forecast, and from what.
    draws : iterable of ndarray of shape (n, n_assets), or None
        Log returns that the generator draws for each day, one array a day; None
        where it knows no past.
    seed : int
        For portfolios and for simulated laws.
    why_not : str
        Why there are no draws, for the reader.
    """
    later = len(days.returns) - days.first
    if later < YEAR or days.first < LOOKBACK:
        reason = (
            f"{later} days came after the learned ones and {days.first} before; {YEAR} and "
            f"{LOOKBACK} are needed."
        )
        return Forecasts([declined(FORECAST, TITLE, "market", reason)], {})
    weights = held(days.returns.shape[1], seed)
    gains = np.expm1(days.returns) @ weights.T
    learned = [np.expm1(segment) @ weights.T for segment in days.learned]
    forecasts = rival_forecasts(gains, days.first, learned)
    if draws is not None:
        forecasts = {OWN: Forecast.from_draws(draws, weights), **forecasts}
    bench = Bench.of(gains[days.first :], seed=seed)
    tested = {name: bench.tested(forecast) for name, forecast in forecasts.items()}
    try:
        scored = Scored.of(forecasts, bench.gains, int(mean_block(bench.gains)))
    except NotApplicable as error:
        return Forecasts([declined(FORECAST, TITLE, "market", str(error))], {})
    facts = _facts(tested, scored, later, len(weights))
    if draws is None:
        return Forecasts([declined(FORECAST, TITLE, "market", why_not)], facts)
    rivals = {name: theirs for name, theirs in tested.items() if name != OWN}
    return Forecasts([*score_results(OWN, scored), *test_results(tested[OWN], rivals)], facts)


def held(n_assets: int, seed: int) -> Floats:
    """Return the equally weighted portfolio and random long-only ones, (n, n_assets)."""
    if n_assets == 1:
        return np.ones((1, 1))
    mixed = portfolios(n_assets, stream(seed, "market", "portfolios"))[n_assets:]
    return np.vstack([np.full(n_assets, 1.0 / n_assets), mixed[:RANDOM]])


def _facts(
    tested: Mapping[str, Sequence[Backtest]], scored: Scored, days: int, n: int
) -> dict[str, Any]:
    rows = [
        _row(name, i, one, scored)
        for i in range(len(LEVELS))
        for name, one in ((name, theirs[i]) for name, theirs in tested.items())
    ]
    return {"days": days, "portfolios": n, "note": FROZEN, "against": HISTORICAL, "rows": rows}


def _row(name: str, i: int, one: Backtest, scored: Scored) -> dict[str, Any]:
    test = scored.against(name, HISTORICAL, i)
    rejected = [test for test in TESTS if one.adjusted[test] < SIGNIFICANCE]
    return {
        "forecast": name,
        "level": one.level,
        "beyond": one.beyond,
        "stated": one.n_days * stated(one.level),
        "p": {test: one.p_values[test] for test in TESTS},
        "rejected": rejected,
        "zone": zone(one.years[0]) if one.level == 0.99 and one.years else None,
        "score": scored.mean(name, i),
        "difference": test.difference,
        "difference_p": test.p_value,
    }
