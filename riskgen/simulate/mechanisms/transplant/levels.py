"""Countries and devices of planted events: new to the receiver where they were to the owner."""

from __future__ import annotations

import numpy as np

from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints
from riskgen.simulate.mechanisms.habits import Habits, fresh_ids
from riskgen.simulate.mechanisms.population import Chosen

Changes = tuple[Ints, list[str | None]]
_MOST_GROUPS = 99  # new levels of one burst that get a name of their own
_FIRST_TURN = 900  # of the names that an entity's new payees do not use


def new_levels(
    habits: Habits, chosen: Chosen, rank: Ints, group: Ints, wanted: Flags, uniform: Floats
) -> tuple[Changes, Flags]:
    """Give events of one group one level that their receiver never used.

    Parameters
    ----------
    habits : Habits
        The column.
    chosen : Chosen
        The receivers.
    rank, group : ndarray of shape (m,), int64
        Receiver of each event; number of its level within the case.
    wanted : ndarray of shape (m,), bool
        Which events should get another level.
    uniform : ndarray of shape (m,)
        Which one; the first of a group decides.

    Returns
    -------
    changes : tuple of (positions, values)
        For :class:`Burst`'s texts.
    changed : ndarray of shape (m,), bool
        Which events got another level.
    """
    at = np.flatnonzero(wanted)
    keys = rank[at] * (_MOST_GROUPS + 1) + np.minimum(group[at], _MOST_GROUPS)
    _, first, slot = np.unique(keys, return_index=True, return_inverse=True)
    who, turn = rank[at][first], np.minimum(group[at][first], _MOST_GROUPS)
    if habits.is_personal:
        names: list[str] = fresh_ids(habits, chosen.position[who], _FIRST_TURN + turn)
        found = np.ones(len(names), dtype=bool)
    else:
        codes = habits.never_used(chosen.entity[who], uniform[at][first])
        names = [habits.levels[max(code, 0)] for code in codes.tolist()] if habits.levels else []
        found = codes >= 0
    changed = np.zeros(len(rank), dtype=bool)
    changed[at] = found[slot]
    kept = np.flatnonzero(found[slot])
    return (at[kept], [names[item] for item in slot[kept].tolist()]), changed
