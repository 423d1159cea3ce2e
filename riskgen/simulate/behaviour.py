"""What a sequence looks like from outside: a few numbers for each entity or path.

Used to say how plausible a stressed outcome is and how far the dial moved it.
"""

from __future__ import annotations

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms import night
from riskgen.simulate.mechanisms.accounts import Accounts, Floats, Ints
from riskgen.simulate.mechanisms.payees import Payees

WEEK = 7


def busiest_day(accounts: Accounts) -> Ints:
    """Return the most events within 24 hours, shape (n_entities,)."""
    rows = np.arange(accounts.events.n_events)
    if len(rows) == 0:
        return np.zeros(0, dtype=np.int64)
    since = _day_before(accounts)
    return np.asarray(_by_entity(accounts, rows - since + 1), dtype=np.int64)


def entity_behaviour(accounts: Accounts, wanted: tuple[str, ...]) -> tuple[Floats, list[str]]:
    """Return features of each entity, and the names of those that the table has.

    Parameters
    ----------
    accounts : Accounts
        Sequences; every entity has an event.
    wanted : tuple of str
        ``amount_z`` (largest amount in own medians, log), ``n_24h`` (log of the
        most events in a day), ``new_merchant_share``, ``night_share``,
        ``drain_ratio`` (largest share of the balance gone within a day); others
        are left out.

    Returns
    -------
    values : ndarray of shape (n_entities, n_features)
    names : list of str
    """
    found = {
        "amount_z": _amount_z,
        "n_24h": lambda accounts: np.log1p(busiest_day(accounts)),
        "new_merchant_share": _new_share,
        "night_share": _night_share,
        "drain_ratio": _drain,
    }
    names, columns = list[str](), list[Floats]()
    for name in wanted:
        column = found[name](accounts) if name in found else None
        if column is not None:
            names.append(name)
            columns.append(column)
    n = accounts.events.n_entities
    return (np.stack(columns, axis=1) if columns else np.zeros((n, 0))), names


def path_behaviour(returns: Floats, wanted: tuple[str, ...]) -> tuple[Floats, list[str]]:
    """Return features of each path's equal-weighted index, and their names.

    Parameters
    ----------
    returns : ndarray of shape (n_paths, horizon, n_assets)
        Log returns.
    wanted : tuple of str
        ``mean_return``, ``volatility``, ``max_drawdown``, ``worst_day``.
    """
    index = returns.mean(axis=2)
    found = {
        "mean_return": index.mean(axis=1),
        "volatility": index.std(axis=1),
        "max_drawdown": max_drawdown(returns),
        "worst_day": index.min(axis=1),
    }
    names = [name for name in wanted if name in found]
    columns = [found[name][:, None] for name in names]
    return np.concatenate([np.zeros((len(index), 0)), *columns], axis=1), names


def max_drawdown(returns: Floats) -> Floats:
    """Return the largest loss from a peak of the equal-weighted index, shape (n_paths,), 0 to 1."""
    return path_drawdown(returns.mean(axis=2))


def path_drawdown(series: Floats) -> Floats:
    """Return the largest loss from a peak of each path of log returns, shape (n_paths,), 0 to 1."""
    level = np.cumsum(series, axis=1)
    level = np.concatenate([np.zeros((len(level), 1)), level], axis=1)
    peak = np.maximum.accumulate(level, axis=1)
    return np.asarray(-np.expm1((level - peak).min(axis=1)))


def clustering(returns: Floats) -> float:
    """Return the mean autocorrelation of absolute index returns over lags 1 to 10."""
    size = np.abs(returns.mean(axis=2))
    size = size - size.mean()
    lags = range(1, min(11, size.shape[1]))
    total = float((size**2).mean())
    if total == 0 or not lags:
        return float("nan")
    return float(np.mean([(size[:, lag:] * size[:, :-lag]).mean() / total for lag in lags]))


def weekdays(seconds: Floats) -> Floats:
    """Return the number of events on each day of the week, shape (7,)."""
    # 1970 began on a Thursday; which day is called 0 does not matter here.
    days = np.floor(seconds / SECONDS_PER_DAY).astype(np.int64) % WEEK
    return np.bincount(days, minlength=WEEK).astype(np.float64)


def _day_before(accounts: Accounts) -> Ints:
    """Return for each row the owner's first row less than 24 hours before it."""
    key = accounts.timeline()
    return np.asarray(np.searchsorted(key, key - SECONDS_PER_DAY, side="right"), dtype=np.int64)


def _by_entity(accounts: Accounts, values: Floats | Ints) -> Floats:
    """Return the largest value of each entity."""
    largest = np.maximum.reduceat(values, accounts.events.offsets[:-1])
    return np.asarray(largest, dtype=np.float64)


def _amount_z(accounts: Accounts) -> Floats:
    usual = accounts.usual_amount()
    largest = _by_entity(accounts, accounts.spent)
    usual = np.where(np.isfinite(usual) & (usual > 0), usual, 1.0)
    return np.log(np.maximum(largest, 1.0) / usual)


def _new_share(accounts: Accounts) -> Floats | None:
    payees = Payees.of(accounts).payees
    if not payees:
        return None
    owner = accounts.events.owner
    first = payees[0].first_uses(owner)
    return np.bincount(owner, first) / accounts.events.lengths


def _night_share(accounts: Accounts) -> Floats | None:
    if accounts.tick >= 3600.0:
        return None
    at_night = night.is_night(accounts.seconds)
    return np.bincount(accounts.events.owner, at_night) / accounts.events.lengths


def _drain(accounts: Accounts) -> Floats | None:
    if accounts.held is None:
        return None
    total = np.concatenate([[0], np.cumsum(accounts.spent)])
    gone = total[1:] - total[_day_before(accounts)]
    had = np.maximum(accounts.held, 0) + gone
    return _by_entity(accounts, gone / np.maximum(had, 1))
