"""What alerts cost and what they save, in the currency of the table.

Bahnsen et al. (2016), "Feature engineering strategies for credit card fraud
detection". Knows boards, scores and amounts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.detection.alerts import CHUNK, Board

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALERT_COST = 10.0  # of one alert, in the table's unit; minutes of an analyst [J], the bank sets it
SWEEP = (0.5, 1.0, 2.0)  # times the cost of an alert that savings are told for (PROTOCOL B2)


def fraud_money(board: Board, amounts: Floats) -> Floats:
    """Return the fraudulent money of each customer-day, shape (n_cases,).

    Parameters
    ----------
    amounts : ndarray of shape (n_scored,)
        Of the scored rows; signs are dropped, missing counts as nothing.
    """
    moved = np.abs(np.nan_to_num(amounts)) * board.labels
    return np.asarray(np.add.reduceat(moved, board.start), dtype=np.float64)


def savings(
    alerted: Floats | Flags, money: Floats, cost: float, weights: Floats | None = None
) -> Floats:
    """Return the share of the cost that alerts save.

    ``Cost = sum of y (1 - c) Amt + c C_a`` and ``1 - Cost / min(Cost_none,
    Cost_all)``: 1 is perfect and free, 0 as good as alerting nobody (or everybody,
    where that is cheaper), below 0 worse.

    Parameters
    ----------
    alerted : ndarray of shape (n,) or (draws, n), bool or 0..1
        Units (events or customer-days) that are alerted, or how much of each.
    money : ndarray of shape (n,)
        What each loses when it is not alerted: its fraudulent money.
    cost : float
        C_a, of one alert.
    weights : ndarray of shape (draws, n) or None
        How often each unit is there.

    Returns
    -------
    ndarray of shape () or (draws,)
        NaN where there is nothing to lose.
    """
    alerted = np.asarray(alerted, dtype=np.float64)
    weight = np.ones((1, len(money))) if weights is None else weights
    paid = (weight * (alerted * cost + (1.0 - alerted) * money)).sum(axis=1)
    cheapest = np.minimum(weight @ money, weight.sum(axis=1) * cost)
    found = np.where(cheapest > 0, 1.0 - paid / np.where(cheapest > 0, cheapest, 1.0), np.nan)
    return found.reshape(()) if weights is None and np.ndim(alerted) == 1 else found


def value_detected(alerted: Floats | Flags, money: Floats, weights: Floats | None = None) -> Floats:
    """Return the share of the fraudulent money that alerted units hold; NaN where none is.

    Parameters
    ----------
    alerted, money, weights
        As of :func:`savings`.
    """
    weight = np.ones((1, len(money))) if weights is None else weights
    total = weight @ money
    held = (weight * alerted * money).sum(axis=1)
    found = np.where(total > 0, held / np.where(total > 0, total, 1.0), np.nan)
    return found.reshape(()) if weights is None and np.ndim(alerted) == 1 else found


def savings_at_budget(
    board: Board,
    scores: Floats,
    amounts: Floats,
    budget: float,
    cost: float = ALERT_COST,
    weights: Floats | None = None,
) -> Floats:
    """Return the savings of customer-days alerted with a daily budget.

    Parameters
    ----------
    scores, budget, weights
        As of :meth:`~riskgen.evaluate.detection.alerts.Board.recall`.
    amounts : ndarray of shape (n_scored,)
    cost : float
        Of one alert.

    Returns
    -------
    ndarray of shape () or (draws,)
    """
    money = fraud_money(board, amounts)
    if weights is None:
        return savings(board.alerted(scores, budget), money, cost)
    return np.concatenate(
        [
            savings(board.alerted(scores, budget, part), money, cost, part[:, board.case_owner])
            for part in _parts(weights)
        ]
    )


def value_at_budget(
    board: Board,
    scores: Floats,
    amounts: Floats,
    budget: float,
    weights: Floats | None = None,
) -> Floats:
    """Return the share of fraudulent money on customer-days alerted with a daily budget.

    Parameters and shape as of :func:`savings_at_budget`.
    """
    money = fraud_money(board, amounts)
    if weights is None:
        return value_detected(board.alerted(scores, budget), money)
    return np.concatenate(
        [
            value_detected(board.alerted(scores, budget, part), money, part[:, board.case_owner])
            for part in _parts(weights)
        ]
    )


def minimum_risk(probabilities: Floats, amounts: Floats, cost: float = ALERT_COST) -> Flags:
    """Return which events are worth an alert: those with an expected loss above its cost.

    Bayes' minimum risk (Bahnsen et al. 2013); needs calibrated probabilities.
    """
    return np.asarray(probabilities * np.abs(np.nan_to_num(amounts)) > cost)


def _parts(weights: Floats) -> list[Floats]:
    return [weights[i : i + CHUNK] for i in range(0, len(weights), CHUNK)]
