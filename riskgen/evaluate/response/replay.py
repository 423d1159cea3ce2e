"""Replay histories under policies: what is stopped, when, and who else is hit.

The rules, each an assumption of the plan. A *block* stops the event and freezes the
account until somebody has looked; a failed *step-up* does the same, a passed one only
bothers. An *alert* freezes it some hours later. A *hold* lets one payment wait; a
*decline* stops one event and nobody looks. Whoever looks at a fraud and recognises it
secures the account: no later fraud passes, its owner goes on. A fraudster is taken not to
react to any of it. Knows decisions, not responses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.response.plan import Assumptions
from riskgen.evaluate.response.policy import ALERT, BLOCK, DECLINE, HOLD, STEP_UP, Codes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HOUR = 3600.0
# Fractional part of the golden ratio: its multiples spread evenly over [0, 1).
GOLDEN = 0.6180339887498949


@dataclass(frozen=True, eq=False)
class Book:
    """Histories that are replayed.

    Attributes
    ----------
    offsets : ndarray of shape (n_entities + 1,), int64
        Entity ``i`` owns rows ``offsets[i]`` to ``offsets[i + 1]``.
    seconds : ndarray of shape (n_events,)
        Times.
    fraud : ndarray of shape (n_events,), bool
        Which events are the fraudster's.
    money : ndarray of shape (n_events,)
        What each event moves, in the table's unit.
    period : ndarray of shape (n_events,), int64
        Month of each event; -1 where nothing is decided.
    luck : ndarray of shape (n_entities, 2)
        Uniform numbers: for step-ups, and for whether a review recognises the fraud.
    """

    offsets: Ints = field(repr=False)
    seconds: Floats = field(repr=False)
    fraud: Flags = field(repr=False)
    money: Floats = field(repr=False)
    period: Ints = field(repr=False)
    luck: Floats = field(repr=False)

    @property
    def n_entities(self) -> int:
        """Number of customers."""
        return len(self.offsets) - 1

    @property
    def owner(self) -> Ints:
        """Customer of each event."""
        return np.repeat(np.arange(self.n_entities), np.diff(self.offsets))

    def by_entity(self, values: Floats) -> Floats:
        """Return the sum of values for each customer."""
        return np.bincount(self.owner, values, self.n_entities).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Replayed:
    """What came of every policy, one row a policy and one column a customer.

    Attributes
    ----------
    prevented : ndarray
        Money of stopped fraud events.
    stopped_at : ndarray
        Seconds since 1970 of the first stopped fraud event; inf where none was.
    passed : ndarray
        Fraud events that went through before it; all where none was stopped.
    hit_months : ndarray
        Periods in which an own event was stopped, held or challenged.
    hit_events : ndarray
        Such events.
    held : ndarray
        Money of own events that were stopped or held.
    """

    prevented: Floats = field(repr=False)
    stopped_at: Floats = field(repr=False)
    passed: Floats = field(repr=False)
    hit_months: Floats = field(repr=False)
    hit_events: Floats = field(repr=False)
    held: Floats = field(repr=False)


class _Cases:
    """Customers for whom a policy acts at all, the one with most events to come first."""

    def __init__(self, book: Book, codes: Codes) -> None:
        policy, row = np.nonzero(codes)
        entity = book.owner[row]
        key = policy * book.n_entities + entity
        fresh = np.ones(len(key), dtype=bool)
        fresh[1:] = key[1:] != key[:-1]
        length = book.offsets[entity[fresh] + 1] - row[fresh]
        order = np.argsort(-length, kind="stable")
        self.policy, self.entity = policy[fresh][order], entity[fresh][order]
        self.first, self.length = row[fresh][order], length[order]
        n = len(order)
        self.frozen = np.full(n, -np.inf)
        self.secured, self.pending = np.full(n, np.inf), np.full(n, np.inf)
        self.prevented, self.passed, self.held = np.zeros(n), np.zeros(n), np.zeros(n)
        self.hits, self.months = np.zeros(n), np.zeros(n)
        self.stopped_at, self.last_month = np.full(n, np.inf), np.full(n, -1)


def replay(book: Book, codes: Codes, rules: Assumptions) -> Replayed:
    """Replay every customer under every policy.

    Parameters
    ----------
    book : Book
        Histories.
    codes : ndarray of shape (n_policies, n_events), int8
        As :func:`~riskgen.evaluate.response.policy.decided` returns them.
    rules : Assumptions
        What is taken to happen when a policy acts.
    """
    cases = _Cases(book, np.where(book.period >= 0, codes, np.int8(0)))
    for step in range(int(cases.length.max(initial=0))):
        alive = int(np.searchsorted(-cases.length, -step, side="left"))
        _advance(book, cases, codes, rules, step, alive)
    shape = (len(codes), book.n_entities)
    owner = book.owner
    before = np.concatenate([[0], np.cumsum(book.fraud)])
    every = np.bincount(owner[book.fraud], minlength=book.n_entities).astype(np.float64)
    cases.passed += before[cases.first] - before[book.offsets[cases.entity]]

    def spread(values: Floats, otherwise: Floats | float) -> Floats:
        whole = np.broadcast_to(np.asarray(otherwise, dtype=np.float64), shape).copy()
        whole[cases.policy, cases.entity] = values
        return whole

    return Replayed(
        spread(cases.prevented, 0.0),
        spread(cases.stopped_at, np.inf),
        spread(cases.passed, every),
        spread(cases.months, 0.0),
        spread(cases.hits, 0.0),
        spread(cases.held, 0.0),
    )


def _advance(
    book: Book, cases: _Cases, codes: Codes, rules: Assumptions, step: int, alive: int
) -> None:
    """Let the next event of the first ``alive`` cases happen."""
    part = slice(0, alive)
    rows = cases.first[part] + step
    now, fraud, luck = book.seconds[rows], book.fraud[rows], book.luck[cases.entity[part]]
    known = fraud & (luck[:, 1] < rules.review_finds.value)
    review, delay = rules.review_h.value * HOUR, rules.analyst_delay_h.value * HOUR
    _open_reviews(cases, part, now, review)
    code = codes[cases.policy[part], rows]
    shut = (now < cases.frozen[part]) | ((now >= cases.secured[part]) & fraud)
    code = np.where(shut, 0, code)
    challenged = code == STEP_UP
    turn = np.mod(luck[:, 0] + GOLDEN * (rows - book.offsets[cases.entity[part]]), 1.0)
    limit = np.where(fraud, rules.step_up_stops.value, rules.step_up_fails.value)
    blocked = (code == BLOCK) | (challenged & (turn < limit))
    cases.frozen[part] = np.where(blocked, now + review, cases.frozen[part])
    alerted = np.where(code == ALERT, now + delay, np.inf)
    cases.pending[part] = np.minimum(cases.pending[part], alerted)
    waiting = code == HOLD
    found = waiting & known
    looked = known & (now < cases.frozen[part])
    _secure(cases, part, looked, cases.frozen[part])
    _secure(cases, part, found, now + rules.hold_h.value * HOUR)
    _secure(cases, part, known, cases.pending[part] + review)
    stopped = shut | blocked | found | (code == DECLINE)
    _count(book, cases, part, rows, stopped, stopped | waiting, challenged)


def _open_reviews(cases: _Cases, part: slice, now: Floats, review: float) -> None:
    """Freeze the accounts whose alert has been taken up by now."""
    pending = cases.pending[part]
    due = pending <= now
    cases.frozen[part] = np.where(
        due, np.maximum(cases.frozen[part], pending + review), cases.frozen[part]
    )
    cases.pending[part] = np.where(due, np.inf, pending)


def _secure(cases: _Cases, part: slice, where: Flags, when: Floats) -> None:
    sooner = np.minimum(cases.secured[part], when)
    cases.secured[part] = np.where(where, sooner, cases.secured[part])


def _count(
    book: Book,
    cases: _Cases,
    part: slice,
    rows: Ints,
    stopped: Flags,
    kept_back: Flags,
    challenged: Flags,
) -> None:
    """Add up what happened to the events ``rows``."""
    fraud, money, now = book.fraud[rows], book.money[rows], book.seconds[rows]
    cases.prevented[part] += np.where(fraud & stopped, money, 0.0)
    unseen = np.isinf(cases.stopped_at[part])
    cases.passed[part] += fraud & ~stopped & unseen
    cases.stopped_at[part] = np.where(fraud & stopped & unseen, now, cases.stopped_at[part])
    hit = ~fraud & (kept_back | challenged)
    month = book.period[rows]
    cases.months[part] += hit & (month != cases.last_month[part])
    cases.last_month[part] = np.where(hit, month, cases.last_month[part])
    cases.hits[part] += hit
    cases.held[part] += np.where(~fraud & kept_back, money, 0.0)
