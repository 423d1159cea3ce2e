"""Reverse stress: the most plausible path on which a portfolio loses so much.

Not how much is lost when something happens, but what would have to happen (EBA
guidelines on stress testing, GL/2018/04, section 4.6.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import chi2

from riskgen.data.market.portfolio import Portfolio
from riskgen.simulate.mechanisms.accounts import Floats, Ints
from riskgen.simulate.plausibility import mahalanobis
from riskgen.simulate.portfolios.outcomes import FEATURES, Outcomes, looks

SHOWN = 3  # paths that are told, most plausible first [J]
_NAMED = 3  # assets that are named at either end


def find(outcomes: Outcomes, loss: float) -> tuple[dict[str, Any], Ints]:
    """Return what is said of paths that lose at least ``loss``, and the most plausible ones.

    The plausibility of a path is the Mahalanobis distance of its look (mean return,
    volatility, drawdown, worst day, correlation) from those of the base, by a
    shrunken covariance.

    Parameters
    ----------
    outcomes : Outcomes
        Of all paths.
    loss : float
        In the unit of the portfolio's profits, above 0.

    Returns
    -------
    dict
        JSON values; ``sentence`` says it in words.
    ndarray of int64
        Numbers of the most plausible such paths.
    """
    rows = outcomes.rows
    profit, weight, n = rows[:, 0], rows[:, 2], len(rows)
    lost = np.flatnonzero(-profit >= loss)
    share = float(weight[lost].sum() / weight.sum())
    told: dict[str, Any] = {"loss_at_least": loss, "n_paths": n, "n_found": len(lost)}
    told |= {"share_by_weight": share, "largest_loss": float(-profit.min())}
    if not len(lost):
        told["sentence"] = (
            f"None of {n:,} paths loses as much; the largest loss is {-profit.min():.4g}. Draw "
            "more with --scenarios, or a stress with --stress."
        )
        return told, lost
    width = len(FEATURES)
    own, other = mahalanobis(rows[:, 3 + width :], rows[lost, 3 : 3 + width])
    # Paths that count for nothing are not what happens.
    some = np.flatnonzero(weight[lost] > 0)
    best = some[np.argsort(other[some], kind="stable")][:SHOWN]
    bound = float(chi2.ppf(0.999, width))
    told["most_plausible"] = [
        {
            "path": outcomes.number(int(lost[i])),
            "loss": float(-profit[lost[i]]),
            "m2": float(other[i]),
            "percentile_in_base": float((own < other[i]).mean()),
            "beyond_chi2_999": bool(other[i] > bound),
        }
        for i in best
    ]
    told["sentence"] = f"{len(lost):,} of {n:,} paths lose as much ({100 * share:.2f} % by weight)."
    return told, np.array([entry["path"] for entry in told["most_plausible"]], dtype=np.int64)


def story(returns: Floats, portfolio: Portfolio, assets: Sequence[str], usual: Floats) -> str:
    """Say in words what happens on one path.

    Parameters
    ----------
    returns : ndarray of shape (horizon, n_assets)
        Its log returns.
    portfolio : Portfolio
        What is held.
    assets : sequence of str
        Their names.
    usual : ndarray of shape (5,)
        Median look of the base.
    """
    profits = portfolio.profits(returns[None])[0]
    path = np.concatenate([[0.0], profits])
    low = int(np.argmax(np.maximum.accumulate(path) - path))
    high = int(np.argmax(path[: low + 1]))
    worst = int(np.argmin(np.diff(path))) + 1
    look = looks(returns[None])[0]
    held = np.flatnonzero(portfolio.exposure)
    change = np.expm1(returns.sum(axis=0))[held]
    # Whose move costs the most, short positions by their rise.
    order = held[np.argsort(change * portfolio.exposure[held])][:_NAMED]
    moves = ", ".join(f"{assets[i]} {100 * np.expm1(returns[:, i].sum()):+.0f} %" for i in order)
    return (
        f"What costs most is {moves}. It falls from day {high} to day {low}, worst on day {worst}; "
        f"volatility is {look[1] / usual[1]:.1f} times the usual one, and assets correlate "
        f"{look[4]:.2f} on average (usually {usual[4]:.2f})."
    )
