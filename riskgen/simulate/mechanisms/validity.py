"""Whether a stressed table still keeps the rules of its base."""

from __future__ import annotations

import numpy as np

from riskgen.data.events import Events
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, to_units
from riskgen.simulate.mechanisms.habits import Habits
from riskgen.simulate.mechanisms.stressed import Stressed

# Meanings whose levels must not be new to the table; payees and devices may be.
_CLOSED = ("category", "country", "channel")


def same_untouched(base: Events, stressed: Stressed) -> bool:
    """Whether every entity that was not touched has exactly its rows of the base."""
    if stressed.events is base:
        return True
    before = base.where(~stressed.touched[base.owner])
    after = stressed.events.where(~stressed.touched[stressed.events.owner])
    return before.frame.equals(after.frame)


def violations(base: Events, stressed: Stressed) -> int:
    """Count the rules that a stressed table breaks and its base did not.

    Time that runs backwards, inserted amounts that are not positive, balances
    that do not add up, accounts overdrawn farther than before, levels of a
    closed column that are new, labels on rows that were not inserted.
    """
    after = stressed.events
    if after is base:
        return 0
    first, second = Accounts.of(base), Accounts.of(after)
    found = _backwards(second) - _backwards(first)
    found += int((second.moved[stressed.affected] <= 0).sum())
    found += _new_levels(base, after)
    if base.schema.label_level == "event":
        rest = after.event_label()[~stressed.affected].sum()
        found += int(abs(rest - base.event_label().sum()))
    if first.held is not None and second.held is not None:
        found += max(_gaps(second) - _gaps(first), 0)
        limit = np.minimum(np.minimum.reduceat(first.held, base.offsets[:-1]), 0)
        found += int((np.minimum.reduceat(second.held, after.offsets[:-1]) < limit).sum())
    return found


def _backwards(accounts: Accounts) -> int:
    return int((np.diff(accounts.timeline()) < 0).sum())


def _new_levels(base: Events, after: Events) -> int:
    columns = [c.name for c in base.schema.with_role("channel") if c.meaning in _CLOSED]
    pairs = ((Habits.of(after, name).levels, Habits.of(base, name).levels) for name in columns)
    return sum(len(set(now) - set(before)) for now, before in pairs)


def _gaps(accounts: Accounts) -> int:
    """Count rows at which the balance does not move by the amount, beyond rounding."""
    assert accounts.held is not None
    signed = next((name for name, sign in accounts.money.items() if sign < 0), None)
    if signed is None:
        return 0
    moved = to_units(accounts.events.numbers(signed), accounts.decimals)
    same: Flags = np.diff(accounts.events.owner) == 0
    return int(((np.abs(np.diff(accounts.held) - moved[1:]) > 1) & same).sum())
