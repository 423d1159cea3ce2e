"""What views can be about: a number for each path, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.behaviour import path_drawdown
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.scenario_parts import View


@dataclass(frozen=True, eq=False)
class Market:
    """What the names of a view mean in a table.

    Attributes
    ----------
    assets : tuple of str
        In the order of the paths.
    roles : mapping of str to int
        Position of the asset that plays each role.
    last : ndarray of shape (n_assets,)
        Values that the paths go on from, in the units of the table.
    """

    assets: tuple[str, ...]
    roles: Mapping[str, int] = field(default_factory=dict)
    last: Floats = field(default_factory=lambda: np.zeros(0), repr=False)

    def position(self, name: str) -> int:
        """Return the position of an asset or role.

        Raises
        ------
        ScenarioError
            When the table has neither.
        """
        if name in self.roles:
            return self.roles[name]
        if name not in self.assets:
            raise ScenarioError(
                f"A view is about an asset. {unknown_name('asset or role', name, self.known())}"
            )
        return self.assets.index(name)

    def known(self) -> list[str]:
        """Return the names that a view may use."""
        return sorted({*self.assets, *self.roles})

    def series(self, returns: Floats, name: str | None) -> Floats:
        """Return log returns of an asset, or of the equal-weighted index, (n_paths, horizon)."""
        if name is None:
            return np.asarray(returns.mean(axis=2))
        return returns[:, :, self.position(name)]


def _change(series: Floats) -> Floats:
    return np.asarray(np.expm1(series.sum(axis=1)))


_OF_SERIES: dict[str, Callable[[Floats], Floats]] = {
    "change": _change,
    "mean_return": lambda series: np.asarray(series.mean(axis=1)),
    "volatility": lambda series: np.asarray(series.std(axis=1)),
    "max_drawdown": path_drawdown,
    "worst_day": lambda series: np.asarray(series.min(axis=1)),
}
STATISTICS = sorted([*_OF_SERIES, "change_bp", "correlation", "mean_correlation", "marginals"])


def path_statistic(returns: Floats, view: View, market: Market) -> Floats:
    """Return the statistic of a view for each path, shape (n_paths,).

    Parameters
    ----------
    returns : ndarray of shape (n_paths, horizon, n_assets)
        Daily log returns.
    view : View
        ``change`` over the horizon (a fraction), ``change_bp`` (hundredths of the units
        of a column: basis points of a rate in percent), ``mean_return``, ``volatility``,
        ``max_drawdown``, ``worst_day``, ``mean_correlation`` of all pairs, or
        ``correlation`` of the pair within the path.
    market : Market
        What its names mean.

    Raises
    ------
    ScenarioError
        When the statistic or an asset is unknown.
    """
    if view.stat == "correlation":
        return within_correlation(returns[:, :, list(pair_of(view, market))])
    if view.stat == "mean_correlation":
        return within_correlation(returns)
    if view.stat == "change_bp":
        if view.asset is None:
            raise ScenarioError("A view on 'change_bp' needs 'asset': the rate that changes.")
        start = float(market.last[market.position(view.asset)])
        return 100.0 * start * _change(market.series(returns, view.asset))
    if view.stat not in _OF_SERIES:
        raise ScenarioError(unknown_name("statistic of a view", view.stat, STATISTICS))
    return _OF_SERIES[view.stat](market.series(returns, view.asset))


def pair_of(view: View, market: Market) -> tuple[int, int]:
    """Return the positions of a view's pair; ScenarioError without two different ones."""
    if view.pair is None:
        raise ScenarioError("A view on 'correlation' needs 'pair: [A, B]'.")
    first, second = (market.position(name) for name in view.pair)
    if first == second:
        raise ScenarioError("A view on 'correlation' names the same asset twice.")
    return first, second


def within_correlation(returns: Floats) -> Floats:
    """Return the mean correlation of all pairs within each path, shape (n_paths,)."""
    d = returns.shape[2]
    if d == 1:
        return np.ones(len(returns))
    centred = returns - returns.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    unit = centred / np.where(scale > 0, scale, 1.0)
    # The sum over all pairs is the size of the sum: no matrix for each path is needed.
    total = (unit.sum(axis=2) ** 2).sum(axis=1) - (unit**2).sum(axis=(1, 2))
    return np.asarray(total / (d * (d - 1)))


def label(view: View) -> str:
    """Return what a view is about, as results call it."""
    inside: Sequence[str] = view.pair or ((view.asset,) if view.asset else ())
    return f"{view.stat}({', '.join(inside)})" if inside else view.stat
