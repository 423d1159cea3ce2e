"""Merchants by the cards that they see: how many in a few days, and how many is a crowd."""

from __future__ import annotations

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms.accounts import Accounts, Floats, Ints
from riskgen.simulate.mechanisms.habits import Habits

# A crowd is what a merchant of the base sees one time in a thousand (PROTOCOL E7).
_CROWD = 0.999


def merchant_habits(accounts: Accounts) -> Habits | None:
    """Return the habits in the column that means a merchant; None without one."""
    found = [c for c in accounts.events.schema.with_role("channel") if c.meaning == "merchant"]
    return Habits.of(accounts.events, found[0].name) if found else None


def small_merchants(accounts: Accounts, habits: Habits, uniform: Floats) -> Ints:
    """Return the level of a merchant that fewer cards know than the median one, shape (n,).

    Only merchants that were paid count.
    """
    paid = habits.codes[accounts.debits]
    cards = np.bincount(habits.known % max(len(habits.levels), 1), minlength=len(habits.levels))
    there = np.unique(paid[paid >= 0])
    small = there[cards[there] <= np.median(cards[there])]
    return small[np.minimum((uniform * len(small)).astype(np.int64), len(small) - 1)]


def crowding(cards: Floats, usual: Floats) -> Floats:
    """Return by how many standard deviations ``cards`` are above the usual number.

    A Pearson residual of the Poisson law; one is added to the variance, so that
    the first card at a new merchant is no crowd [J].
    """
    return np.asarray((cards - usual) / np.sqrt(usual + 1.0))


def usual_cards(accounts: Accounts, habits: Habits, days: float) -> tuple[Floats, float]:
    """Return how many cards merchants see in so many days, and what a crowd is.

    Returns
    -------
    usual : ndarray of shape (n_levels,)
        Mean number of different cards in ``days`` days.
    crowd : float
        The 99.9 % quantile of :func:`crowding` over merchants and times of the base.
    """
    named = np.flatnonzero(habits.codes >= 0)
    start, step = accounts.seconds.min(initial=np.inf), days * SECONDS_PER_DAY
    period = np.floor((accounts.seconds[named] - start) / step).astype(np.int64)
    n_periods, n_levels = int(period.max(initial=0)) + 1, len(habits.levels)
    cell = habits.codes[named] * n_periods + period
    pairs = np.unique(np.stack([cell, accounts.events.owner[named]], axis=1), axis=0)[:, 0]
    cards = np.bincount(pairs, minlength=n_levels * n_periods).reshape(n_levels, n_periods)
    usual = cards.mean(axis=1)
    crowd = crowding(cards.astype(np.float64), usual[:, None])
    return usual, float(np.quantile(crowd[cards > 0], _CROWD))
