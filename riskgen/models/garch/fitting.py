"""From a market panel to a simulator, asset by asset, with a word on every fallback.

Knows panels; arch is met in :mod:`estimation` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats, SequencePanel
from riskgen.models.base import StepReport
from riskgen.models.garch.config import GarchConfig
from riskgen.models.garch.shocks import FilteredShocks, Shocks, StudentShocks
from riskgen.models.garch.simulator import Simulator
from riskgen.models.garch.stability import LONGEST_MEMORY, bounded, steadied
from riskgen.models.garch.volatility import Volatility

NEWS = 0.06
"""Weight of yesterday's square in RiskMetrics (1996), where the likelihood fails."""

WORST_LEVEL = 2.0
"""Factor by which mean filtered variance may miss the variance; 0.9 to 1.3 in daily
stocks, 5 and more where prices stand still for years [J]."""

GAUSSIAN = 30.0
"""Degrees of freedom that stand for none found: about normal [J]."""


@dataclass(frozen=True, eq=False)
class Fit:
    """What was learned, and what the user should know of it."""

    simulator: Simulator
    report: dict[str, Any]


@dataclass(eq=False)
class _Found:
    """Coefficients of the assets so far, in units of their standard deviations."""

    rows: list[tuple[float, float, float, float]] = field(default_factory=list)
    degrees: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fit_paths(panel: SequencePanel, config: GarchConfig, say: Callable[[StepReport], None]) -> Fit:
    """Fit one volatility an asset, then what drives them together.

    Maximum likelihood of the t places the coefficients; their constant is then
    set so that the simulated variance has history's mean (variance targeting;
    Francq, Horvath and Zakoian 2011): with tails heavier than the t's, the fitted
    constant and persistence can miss it several times over.
    """
    values, offsets = panel.values, panel.offsets
    mean, scale = values.mean(axis=0), values.std(axis=0)
    constant = scale == 0.0
    unit = (values - mean) / np.where(constant, 1.0, scale)
    names = [item.name for item in panel.layout.fields]
    found = _estimates(unit, offsets, names, config, say)
    fitted = Volatility(np.zeros(len(names)), *np.array(found.rows).T)
    variances = np.where(constant, 1.0, fitted.filtered(unit, offsets))
    residuals, size = _standardised(unit / np.sqrt(variances))
    missed = _missed(variances * size**2, constant, names, found.notes)
    fitted = fitted.without(missed)
    variances = np.where(missed, 1.0, variances * size**2)
    residuals = np.where(missed, unit, residuals)
    shocks = _shocks(residuals, found, config)
    volatility = bounded(fitted, shocks, names, found.notes)
    if config.steady:
        volatility = steadied(volatility, shocks.fallen(), residuals, variances)
    volatility = volatility.targeted(mean, np.where(constant, 0.0, scale**2), shocks.fallen())
    simulator = Simulator(volatility, shocks, variances * scale**2)
    return Fit(simulator, _report(fitted, volatility, shocks, names, len(values), found))


def _standardised(residuals: Floats) -> tuple[Floats, Floats]:
    centred = residuals - residuals.mean(axis=0)
    size = centred.std(axis=0)
    size = np.where(size > 0.0, size, 1.0)
    return centred / size, size


def _missed(
    variances: Floats, constant: NDArray[np.bool_], names: list[str], notes: list[str]
) -> NDArray[np.bool_]:
    """Return which assets' filtered variance is not, on average, near their variance of 1."""
    level = variances.mean(axis=0)
    missed = ~constant & ((level < 1.0 / WORST_LEVEL) | (level > WORST_LEVEL))
    notes += [
        f"Asset '{name}': its filtered variance is on average {found:.2g} times its variance, so "
        "that no GARCH describes it; its days are drawn again as they were."
        for name, found, out in zip(names, level, missed, strict=True)
        if out
    ]
    return np.asarray(missed)


def _estimates(
    unit: Floats,
    offsets: NDArray[np.int64],
    names: list[str],
    config: GarchConfig,
    say: Callable[[StepReport], None],
) -> _Found:
    found = _Found()
    for column, name in enumerate(names):
        loss = _estimate(unit[:, column], offsets, name, config, found)
        say(StepReport("volatility", column + 1, (column + 1) / len(names), loss))
    return found


def _estimate(
    series: Floats, offsets: NDArray[np.int64], name: str, config: GarchConfig, found: _Found
) -> float:
    from riskgen.models.garch.estimation import estimate

    if not series.any():
        found.notes.append(f"Asset '{name}' never changes and is simulated so.")
        found.rows.append((0.0, 0.0, 0.0, 0.0))
        found.degrees.append(GAUSSIAN)
        return 0.0
    best = estimate(series, offsets, leverage=config.volatility == "gjr")
    if best.converged:
        found.rows.append((best.omega, best.alpha, best.gamma, best.beta))
        found.degrees.append(best.degrees)
        return best.loss
    found.notes.append(
        f"Asset '{name}': the optimiser found no maximum of the likelihood; the weights of "
        f"RiskMetrics (1996) stand in, {NEWS} on yesterday's square."
    )
    found.rows.append((1.0 - LONGEST_MEMORY, NEWS, 0.0, LONGEST_MEMORY - NEWS))
    found.degrees.append(GAUSSIAN)
    return 0.0


def _shocks(residuals: Floats, found: _Found, config: GarchConfig) -> Shocks:
    if config.innovations == "filtered":
        return FilteredShocks(residuals)
    return StudentShocks.fit(residuals, np.array(found.degrees))


def _report(
    fitted: Volatility,
    volatility: Volatility,
    shocks: Shocks,
    names: list[str],
    n_days: int,
    found: _Found,
) -> dict[str, Any]:
    columns = {
        "alpha": fitted.alpha,
        "gamma": fitted.gamma,
        "beta": fitted.beta,
        "degrees": np.array(found.degrees),
        "simulated alpha": volatility.alpha,
        "simulated gamma": volatility.gamma,
        "simulated beta": volatility.beta,
        "persistence": volatility.persistence(shocks.fallen()),
    }
    assets = {
        name: {word: round(float(column[i]), 4) for word, column in columns.items()}
        for i, name in enumerate(names)
    }
    return {"days": n_days, "assets": assets, "notes": found.notes}
