"""Sham edits: a normal entity's own events put in again, without a label.

A detector trained on inserted frauds may learn "an edit on a real path is a
fraud". Sham edits are the negatives that take this shortcut away, and the
test that looks for it.
"""

from __future__ import annotations

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, Events, ranges
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.burst import Burst, in_time_order
from riskgen.simulate.mechanisms.population import Chosen, choose, eligible_rows
from riskgen.simulate.mechanisms.posting import post
from riskgen.simulate.mechanisms.stressed import Stressed

_LONGEST = 8  # events that are put in again at most [J]: the size of a takeover
_WIDTH = 3


def sham_edit(events: Events, *, share: float, seed: int, first: int = 0) -> Stressed:
    """Re-insert a stretch of own spending of a share of the unlabelled entities.

    Parameters
    ----------
    events : Events
        Real or simulated sequences.
    share : float
        Share of eligible entities, 0 to 1.
    seed : int
        Same seed, same result.
    first : int
        Position of the first entity in the whole simulation, for parts.

    Returns
    -------
    Stressed
        Labels are as they were; ``affected`` marks the copies.

    Raises
    ------
    ScenarioError
        When the table has no amount.
    """
    accounts = Accounts.of(events)
    rows, _ = eligible_rows(accounts, "")
    lot = {"seed": seed, "first": first, "width": _WIDTH}
    chosen = choose(accounts, rows, share, name="sham", **lot)
    posting = post(accounts, _stretches(accounts, chosen), label=False)
    touched = np.zeros(events.n_entities, dtype=bool)
    touched[posting.events.owner[posting.affected]] = True
    parts = (posting.events, touched, posting.affected, list[str](), dict[str, float]())
    return Stressed(*parts, by_entity={}, n_declined=len(posting.declined))


def _stretches(accounts: Accounts, chosen: Chosen) -> Burst:
    """Return earlier spending of each entity, its own gaps kept, to begin again."""
    debits, seconds = accounts.debits, accounts.seconds
    start = np.searchsorted(debits, accounts.events.offsets[chosen.entity])
    known = np.searchsorted(debits, chosen.anchor, side="right") - start
    length = np.minimum(known, 1 + np.floor(chosen.draws[:, 0] * _LONGEST).astype(np.int64))
    begin = start + np.floor(chosen.draws[:, 1] * (known - length + 1)).astype(np.int64)
    rank = np.repeat(np.arange(len(length)), length)
    copied = debits[begin[rank] + ranges(length)]
    shift = seconds[chosen.anchor] - seconds[debits[begin]] if len(begin) else np.zeros(0)
    shift = shift + chosen.draws[:, 2] * SECONDS_PER_DAY
    moved = accounts.on_clock(np.minimum(seconds[copied] + shift[rank], seconds.max()))
    order = in_time_order(rank, moved)
    rank, copied, moved = rank[order], copied[order], moved[order]
    role = np.zeros(len(rank), dtype=np.int64)
    return Burst(chosen.entity[rank], copied, copied, moved, accounts.spent[copied], role, {})
