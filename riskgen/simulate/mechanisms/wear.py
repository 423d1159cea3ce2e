"""Let events look like other rows than those that they take their direction from."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Ints
from riskgen.simulate.mechanisms.payees import Texts

# What kind of event it is and whom it is with; which way money goes is not among them.
_KINDS = ("category", "channel", "merchant", "counterparty")


def worn(accounts: Accounts, source: Ints, looks: Ints) -> Texts:
    """Return the texts by which each event looks like another row.

    Parameters
    ----------
    accounts : Accounts
        The table.
    source : ndarray of shape (m,), int64
        Row of each event in :class:`~riskgen.simulate.mechanisms.burst.Burst`.
    looks : ndarray of shape (m,), int64
        Row that the event should look like.
    """
    texts = Texts()
    if np.array_equal(source, looks):
        return texts
    for channel in accounts.events.schema.with_role("channel"):
        if channel.meaning in _KINDS:
            codes, levels = accounts.events.codes(channel.name)
            values = [levels[code] if code >= 0 else None for code in codes[looks].tolist()]
            texts[channel.name] = (np.arange(len(looks)), values)
    return texts
