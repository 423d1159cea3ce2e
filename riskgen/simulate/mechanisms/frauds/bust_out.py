"""Bust-out: a customer builds credit for months, uses all of it within days, and is gone.

The owner's own history is the nurture: it begins after so many months of it.
Then purchases rise until the limit is used, many of them cash or as good as
cash; a payment makes room and is reversed; nothing follows (PROTOCOL E4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst, Edits
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.frauds import spree
from riskgen.simulate.mechanisms.frauds.spree import Spree
from riskgen.simulate.mechanisms.nurture import MONTH_D, nurtured
from riskgen.simulate.mechanisms.population import Chosen, preferring, soon_after, time_left

NEEDS: tuple[str, ...] = ("amount",)
USES: tuple[str, ...] = (
    "balance",
    "credit_limit",
    "category",
    "channel",
    "merchant",
    "counterparty",
    "country",
    "device",
    "label",
)
PARAMETERS = spree.PARAMETERS | {"nurture_months"}
WIDTH = spree.WIDTH


@dataclass(frozen=True, eq=False)
class Plan:
    """A spree, and the history before it.

    Attributes
    ----------
    spree : Spree
        What happens.
    history_d : ndarray of shape (k,)
        Days of own history before it.
    wanted_d : float
        Days that are enough.
    """

    spree: Spree
    history_d: Floats = field(repr=False)
    wanted_d: float

    @property
    def burst(self) -> Burst:
        """What is to be posted."""
        return self.spree.burst


def narrow(accounts: Accounts, dial: Dial, rows: Flags) -> Flags:
    """Return the rows after enough nurture, with credit and time for the ramp if possible."""
    rows = preferring(accounts, rows, spree.is_worth_it(accounts, dial))
    rows = nurtured(accounts, dial, "nurture_months", rows)
    ramp = dial.most("ramp_d", 14.0) * SECONDS_PER_DAY
    in_table = accounts.seconds.max(initial=-np.inf) - accounts.seconds >= ramp
    rows = preferring(accounts, rows, in_table)
    return preferring(accounts, rows, time_left(accounts) >= ramp)


def plan(accounts: Accounts, dial: Dial, chosen: Chosen) -> Plan:
    """Return the spree of every chosen entity."""
    begin = soon_after(accounts, chosen.anchor, chosen.draws[:, 6])
    first = accounts.seconds[accounts.events.offsets[chosen.entity]]
    months = dial.most("nurture_months", 0.0)
    parts = spree.spree(accounts, dial, chosen, begin, Edits())
    return Plan(parts, (begin - first) / SECONDS_PER_DAY, months * MONTH_D)


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :func:`spree.measure`."""
    enough = plan.history_d >= plan.wanted_d
    return {
        **spree.measure(plan.spree, units),
        "nurtured_share": np.asarray(enough, dtype=np.float64),
        "nurture_months": plan.history_d / MONTH_D,
    }
