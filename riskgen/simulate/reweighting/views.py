"""From the views of a scenario to features of paths whose means must be so much.

At severity 0 every view asks for what the pool shows, at 1 for what the file says, and in
between for the part of the way that the dial has gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Flags, Floats
from riskgen.simulate.reweighting.entropy import Op
from riskgen.simulate.reweighting.statistics import Market, label, pair_of, path_statistic
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.scenario_parts import View


@dataclass(frozen=True, eq=False)
class Demand:
    """One linear demand on the mean of a feature.

    Attributes
    ----------
    values : ndarray of shape (n_paths,)
        The feature, on the paths at hand.
    target : float
        What its mean must be, or must not pass.
    op : str
        ``=``, ``>=`` or ``<=``.
    """

    values: Floats = field(repr=False)
    target: float
    op: Op


def part_of(scenario: StressScenario, severity: float) -> float:
    """Return how far the dial has gone, 0 to 1."""
    return float(severity**scenario.severity.gamma)


def conditions(views: tuple[View, ...]) -> list[View]:
    """Return the views that keep some paths and no others."""
    return [view for view in views if view.quantile is not None and view.value is None]


def threshold(view: View, values: Floats, part: float) -> float:
    """Return the value beyond which paths are kept, shape (n_paths,) of the pool."""
    assert view.quantile is not None
    beyond = 1.0 - view.quantile if view.op == ">=" else view.quantile
    kept = beyond**part
    return float(np.quantile(values, 1.0 - kept if view.op == ">=" else kept))


def keeps(view: View, values: Floats, bound: float) -> Flags:
    """Return which paths a condition keeps."""
    return np.asarray(values >= bound if view.op == ">=" else values <= bound)


def features(returns: Floats, views: tuple[View, ...], market: Market) -> Floats:
    """Return the features that the demands of views are about, shape (n_paths, k)."""
    columns = [column for view in views for column in _columns(returns, view, market, views)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(returns), 0))


def demands(
    pool: Floats, views: tuple[View, ...], market: Market, part: float
) -> tuple[Floats, tuple[Op, ...]]:
    """Return target and kind of every column of :func:`features`."""
    targets: list[float] = []
    ops: list[Op] = []
    for view in views:
        columns = [float(column.mean()) for column in _columns(pool, view, market, views)]
        if view.stat == "correlation" and view.quantile is None:
            targets += [*columns[:-1], _cross_moment(columns, view, part)]
            ops += [*_held(len(columns) - 1), view.op]
        elif view.stat == "marginals":
            targets, ops = targets + columns, ops + _held(len(columns))
        elif columns:
            targets.append(_aim(view, columns[0], part))
            ops.append(view.op)
    return np.array(targets), tuple(ops)


def asked(pool: Floats, view: View, market: Market, part: float) -> float | None:
    """Return what a view asks for at this part of the dial, in its own units."""
    if view.stat == "marginals":
        return None
    if view.quantile is not None and view.value is None:
        return threshold(view, path_statistic(pool, view, market), part)
    found = reached(pool, np.ones(len(pool)), view, market)
    if view.stat == "correlation" and view.quantile is None:
        return _between(found, view, part)
    return _aim(view, found, part)


def reached(returns: Floats, weights: Floats, view: View, market: Market) -> float:
    """Return what a view is about under weights of shape (n_paths,)."""
    share = weights / weights.sum()
    if view.stat == "correlation" and view.quantile is None:
        return _correlation([float(share @ c) for c in _columns(returns, view, market, ())])
    values = path_statistic(returns, view, market)
    if view.quantile is not None and view.value is None:
        kept = values[weights > 0]
        return float(kept.min() if view.op == ">=" else kept.max())
    return float(share @ (values if view.quantile is None else values <= _value(view)))


def _columns(returns: Floats, view: View, market: Market, views: tuple[View, ...]) -> list[Floats]:
    if view.quantile is not None:
        if view.value is None:
            return []
        below = path_statistic(returns, view, market) <= view.value
        return [below.astype(np.float64)]
    if view.stat == "correlation":
        # Moves around each path's own mean: a trend that another view asks for is no correlation.
        pair = returns[:, :, list(pair_of(view, market))]
        centred = pair - pair.mean(axis=1, keepdims=True)
        a, b = centred[:, :, 0], centred[:, :, 1]
        return [_daily_mean(moment) for moment in (a * a, b * b, a * b)]
    if view.stat == "marginals":
        held = untargeted(views, market)
        # Size and asymmetry beside mean and variance: what a tilt of the tails would move.
        moments = (lambda r: r, np.square, np.abs, lambda r: r * np.abs(r))
        return [_daily_mean(moment(returns[:, :, i])) for moment in moments for i in held]
    return [path_statistic(returns, view, market)]


def untargeted(views: tuple[View, ...], market: Market) -> list[int]:
    """Return the assets whose own distribution no view means to move."""
    moved = {market.position(view.asset) for view in views if view.asset is not None}
    return [i for i in range(len(market.assets)) if i not in moved]


def _held(count: int) -> list[Op]:
    return ["="] * count


def _daily_mean(moment: Floats) -> Floats:
    return np.asarray(moment.mean(axis=1), dtype=np.float64)


def _cross_moment(columns: list[float], view: View, part: float) -> float:
    scale = float(np.sqrt(columns[0] * columns[1]))
    return _between(_correlation(columns), view, part) * scale


def _correlation(moments: list[float]) -> float:
    aa, bb, ab = moments
    return float(ab / np.sqrt(aa * bb))


def _between(now: float, view: View, part: float) -> float:
    """Return a correlation part of the way from ``now``, on Fisher's z."""
    wanted = _value(view)
    if not -1.0 < wanted < 1.0:
        raise ScenarioError(f"The view on {label(view)} asks for {wanted:g}: stay within -1 and 1.")
    return float(np.tanh((1.0 - part) * np.arctanh(now) + part * np.arctanh(wanted)))


def _aim(view: View, now: float, part: float) -> float:
    wanted = view.quantile if view.quantile is not None else _value(view)
    # An inequality that holds already asks for nothing.
    if (view.op == ">=" and now >= wanted) or (view.op == "<=" and now <= wanted):
        return wanted
    return now + part * (wanted - now)


def _value(view: View) -> float:
    if view.value is None:
        raise ScenarioError(f"The view on {label(view)} has neither value nor quantile.")
    return view.value
