"""What cases were like, relative to their owners: numbers without units, no names.

Amounts in the owner's usual amount (the median of the unlabelled money out), gaps in
seconds, time of day of the first event, and for payee, category, country and
device whether each was new to the owner and which events share one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, Events, ranges
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.payees import Payees
from riskgen.simulate.mechanisms.transplant.cases import Cases, in_cases
from riskgen.simulate.mechanisms.transplant.kinds import Kind, Sorted

HOUR = 3600.0


@dataclass(frozen=True, eq=False)
class Novelty:
    """How a burst deals with the levels of one column.

    Attributes
    ----------
    group : ndarray of shape (m,), int64
        Events with the same number share a level, counted within the case; -1
        where it is missing.
    new : ndarray of shape (m,), bool
        Whether the owner had never used the level before the case.
    """

    group: Ints = field(repr=False)
    new: Flags = field(repr=False)


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes of cases, one after another.

    Attributes
    ----------
    offsets : ndarray of shape (n_cases + 1,), int64
        Case ``i`` has events ``offsets[i]`` to ``offsets[i + 1]``.
    clock : ndarray of shape (n_cases,)
        Seconds after midnight at which the case began; NaN where the table does not say.
    gap : ndarray of shape (m,)
        Seconds since the event before; 0 for the first of a case.
    multiple : ndarray of shape (m,)
        Amount in the owner's usual amounts, above 0.
    kind : ndarray of shape (m,), int64
        Which of ``kinds`` each event is.
    kinds : tuple of Kind
        Sorts of events.
    novelty : dict of str to Novelty
        ``payee``, ``category``, ``country``, ``device``, those that the table has.
    """

    offsets: Ints = field(repr=False)
    clock: Floats = field(repr=False)
    gap: Floats = field(repr=False)
    multiple: Floats = field(repr=False)
    kind: Ints = field(repr=False)
    kinds: tuple[Kind, ...] = field(repr=False)
    novelty: dict[str, Novelty] = field(repr=False)

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Events of each case, shape (n_cases,)."""
        return np.diff(self.offsets)

    @classmethod
    def of(cls, accounts: Accounts, cases: Cases) -> Shapes:
        """Return the shapes of ``cases``, which :func:`find_cases` found in ``accounts``."""
        events, payees = accounts.events, Payees.of(accounts)
        kinds = Sorted.of(accounts, payees).kinds(events, cases.rows)
        known = tuple(sorted(set(kinds), key=repr))
        usual = usual_amounts(accounts, cases)[events.owner[cases.rows]]
        gap = np.diff(accounts.seconds[cases.rows], prepend=0.0)
        gap[cases.offsets[:-1]] = 0.0
        return cls(
            cases.offsets,
            _clock(accounts, cases),
            gap,
            accounts.moved[cases.rows] / usual,
            np.array([known.index(kind) for kind in kinds], dtype=np.int64),
            known,
            _novelties(accounts, cases, payees),
        )

    def gather(self, donors: Ints) -> tuple[Ints, Ints]:
        """Return the events of the named cases and the rank of the receiver of each."""
        lengths = self.lengths[donors]
        at = np.repeat(self.offsets[donors], lengths) + ranges(lengths)
        return at, np.repeat(np.arange(len(donors)), lengths)


def usual_amounts(accounts: Accounts, cases: Cases) -> Floats:
    """Return the median of unlabelled money out of each entity, in units; NaN without any."""
    spent = np.where(in_cases(accounts.events, cases), 0, accounts.spent)
    return replace(accounts, spent=spent).usual_amount()


def payee_codes(payees: Payees, n_events: int) -> Ints:
    """Return whom each event names, whichever column does; -1 for nobody."""
    codes, above = np.full(n_events, -1), 0
    for habits in payees.payees:
        here = (codes < 0) & (habits.codes >= 0)
        codes[here] = habits.codes[here] + above
        above += len(habits.levels)
    return codes


def _clock(accounts: Accounts, cases: Cases) -> Floats:
    if accounts.tick >= HOUR:
        return np.full(len(cases), np.nan)
    return np.mod(accounts.seconds[cases.onset], SECONDS_PER_DAY)


def _novelties(accounts: Accounts, cases: Cases, payees: Payees) -> dict[str, Novelty]:
    events = accounts.events
    found: dict[str | None, str] = {
        c.meaning: c.name for c in reversed(events.schema.with_role("channel"))
    }
    columns: dict[str, Ints] = {}
    for meaning in ("country", "device"):
        if meaning in found:
            columns[meaning] = events.codes(found[meaning])[0]
    if payees.payees:
        columns["payee"] = payee_codes(payees, events.n_events)
    if "category" in found and found["category"] not in {h.column for h in payees.payees}:
        columns["category"] = events.codes(found["category"])[0]
    return {name: _novelty(events, cases, codes) for name, codes in sorted(columns.items())}


def _novelty(events: Events, cases: Cases, codes: Ints) -> Novelty:
    """Compare the levels of each case with what its owner used before, unlabelled."""
    start = events.offsets[events.owner[cases.onset]]
    history = np.repeat(start, cases.onset - start) + ranges(cases.onset - start)
    of_case = np.repeat(np.arange(len(cases)), cases.onset - start)
    normal = ~in_cases(events, cases)[history]
    # One more than there are: missing is -1 and must not meet another case's last level.
    width = int(codes.max(initial=0)) + 2
    used = np.unique((of_case * width + codes[history])[normal & (codes[history] >= 0)])
    own, case = codes[cases.rows], cases.case
    keys = case * width + own
    return Novelty(_groups(keys, own, case), (own >= 0) & ~np.isin(keys, used))


def _groups(keys: Ints, own: Ints, case: Ints) -> Ints:
    """Return the number of each level within its case, by first appearance; -1 for missing."""
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    # Missing takes a number too, that nobody asks for.
    rank[np.argsort(first)] = np.arange(len(first))
    number = rank[place]
    lowest = np.full(int(case.max(initial=0)) + 1, len(first))
    np.minimum.at(lowest, case, number)
    return np.where(own >= 0, number - lowest[case], -1)
