"""How large the own amounts of each entity were so far."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Floats, Ints


def largest_so_far(accounts: Accounts, units: Ints) -> Ints:
    """Return the largest of ``units`` (n_events,) of the same entity up to each row."""
    # Entities one above the other: one running maximum for all of them.
    floor = accounts.events.owner * (int(units.max(initial=0)) + 1)
    return np.asarray(np.maximum.accumulate(units + floor) - floor, dtype=np.int64)


def spending_quantile(accounts: Accounts, rows: Ints, level: float) -> Floats:
    """Return a quantile of what the owner of each row had spent at once up to it, in units.

    The smallest amount that ``level`` of them do not exceed: with fewer than
    100 amounts, the 99th percentile is the largest.

    Parameters
    ----------
    accounts : Accounts
        The table.
    rows : ndarray of shape (n,), int64
        Rows by which each owner has spent something.
    level : float
        In (0, 1].
    """
    start = accounts.events.offsets[accounts.events.owner[rows]]
    result = np.zeros(len(rows))
    for place, (low, high) in enumerate(zip(start.tolist(), rows.tolist(), strict=True)):
        spent = accounts.spent[low : high + 1]
        result[place] = np.quantile(spent[spent > 0], level, method="inverted_cdf")
    return result
