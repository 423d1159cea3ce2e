"""Months of own history before anything happens: a condition on the base, not an edit."""

from __future__ import annotations

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms.accounts import Accounts, Flags
from riskgen.simulate.mechanisms.dial import Dial

MONTH_D = 365.25 / 12
# Share of customers with a history that long below which nobody needs one [J].
_FEW = 0.1
_PART = 2 / 3  # of the own history that stands in for it [J]


def nurtured(accounts: Accounts, dial: Dial, name: str, rows: Flags) -> Flags:
    """Return the eligible rows with the months of parameter ``name`` before them.

    In a table with hardly any history that long, two thirds of each own
    history stand in for them, which is said.
    """
    dial.ask(name, 0.0)
    wanted = dial.most(name, 0.0) * MONTH_D * SECONDS_PER_DAY
    offsets, owner = accounts.events.offsets, accounts.events.owner
    first, last = accounts.seconds[offsets[:-1]], accounts.seconds[offsets[1:] - 1]
    before = accounts.seconds - first[owner]
    if np.mean(last - first >= wanted) >= _FEW:
        dial.instead(name, "nurtured_share", 1.0)
        return np.asarray(rows & (before >= wanted))
    dial.leave_out(name, "histories are too short; two thirds of each instead")
    return np.asarray(rows & (before >= _PART * (last - first)[owner]))
