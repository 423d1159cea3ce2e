"""Authorised push payment scam: the victim sends large sums to somebody new.

The payment is the owner's own: same device, same country, by day. Only whom it
goes to and how much it is are out of the ordinary (PROTOCOL E4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, ranges
from riskgen.simulate.mechanisms import night
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst, as_round_as
from riskgen.simulate.mechanisms.cashflow import first_after
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draft import Draft
from riskgen.simulate.mechanisms.draws import normals
from riskgen.simulate.mechanisms.own_amounts import largest_so_far, spending_quantile
from riskgen.simulate.mechanisms.payees import Payees, Texts
from riskgen.simulate.mechanisms.population import (
    Chosen,
    own_debits,
    preferring,
    soon_after,
    time_left,
)
from riskgen.simulate.mechanisms.sums import medians, ratio, spans, sums

NEEDS: tuple[str, ...] = ("amount",)
USES: tuple[str, ...] = (
    "balance",
    "counterparty",
    "merchant",
    "category",
    "country",
    "device",
    "clock",
    "label",
)
PARAMETERS = frozenset({"n_pushes_high", "amount_ratio", "new_payee_prob", "span_h"})
MOST_PUSHES = 10  # [J]
_PER_ENTITY, _PER_EVENT = 7, 2
WIDTH = _PER_ENTITY + _PER_EVENT * MOST_PUSHES
_HIGH = 0.99  # of the own history: the size of a push that stands out (PROTOCOL E7)
_AMOUNT_SPREAD = 0.1  # log spread of the pushes of one case [J]


@dataclass(frozen=True, eq=False)
class Plan:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        All events are pushes.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    available, high : ndarray of shape (k,)
        Balance before it began; 99th percentile of the amounts so far, in units.
    span_h : float
        Hours in which all pushes should happen, and a step of the table's time.
    size : str
        What the amount is measured by.
    new_payee, abroad, new_device : ndarray of shape (m,), bool
        What the events really are.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    available: Floats = field(repr=False)
    high: Floats = field(repr=False)
    span_h: float
    size: str
    new_payee: Flags = field(repr=False)
    abroad: Flags = field(repr=False)
    new_device: Flags = field(repr=False)


def narrow(accounts: Accounts, dial: Dial, rows: Flags) -> Flags:
    """Return rows at which there is more to take than the owner ever spends, if possible."""
    room = time_left(accounts) >= 3600.0 * dial.most("span_h", 6.0)
    if accounts.held is None:
        return preferring(accounts, rows, room)
    pushes = max(dial.most("n_pushes_high", 1.0), 1.0)
    each = dial.most("amount_ratio", 1.0) * np.maximum(accounts.held, 0) / pushes
    worth = each >= largest_so_far(accounts, accounts.spent)
    return preferring(accounts, preferring(accounts, rows, worth), worth & room)


def plan(accounts: Accounts, dial: Dial, chosen: Chosen) -> Plan:
    """Return the pushes of every chosen victim."""
    draws = chosen.draws
    most = dial.ask("n_pushes_high", 1.0)
    # Any number from one to the highest; what is left of it decides by lot.
    counts = np.floor(1.0 + draws[:, 0] * (most - 1.0) + draws[:, 1])
    counts = np.clip(counts, 1, MOST_PUSHES).astype(np.int64)
    dial.instead("n_pushes_high", "n_pushes", (1.0 + most) / 2)
    rank, turn = np.repeat(np.arange(len(counts)), counts), ranges(counts)
    seconds = _times(accounts, dial, chosen, rank, turn, counts)
    high = spending_quantile(accounts, chosen.anchor, _HIGH)
    units, available, size = _amounts(accounts, dial, chosen, rank, turn, high)
    # Rows with a device, where there are any: the victim does it, no standing order.
    payees = Payees.of(accounts).paying("counterparty")
    source = _sources(accounts, dial, chosen, payees, rank, units)
    units = as_round_as(units, accounts.moved[source], accounts.decimals)
    draft = Draft.of(rank, seconds, units, source).ordered(accounts)
    texts, entity = Texts(), chosen.entity[draft.rank]
    new = chosen.draws[draft.rank, 4] < dial.requested.get("new_payee_prob", 0.0)
    named = payees.name_payees(texts, new, draft.source, chosen.position[draft.rank], draft.turn)
    new = named | ~payees.known(entity, draft.source)
    _stay_at_home(payees, texts, first_after(accounts, entity, draft.seconds) - 1)
    burst = draft.burst(accounts, chosen, draws[:, 5], texts, like=payees.pool)
    abroad, device = _changes(payees, texts, entity)
    span = dial.most("span_h", 6.0) + accounts.tick / 3600.0
    return Plan(burst, draft.rank, available, high, span, size, new, abroad, device)


def _times(
    accounts: Accounts, dial: Dial, chosen: Chosen, rank: Ints, turn: Ints, counts: Ints
) -> Floats:
    """Return the first push by day, soon after the anchor, and the others within hours."""
    start = soon_after(accounts, chosen.anchor, chosen.draws[:, 2])
    day = np.zeros(len(start), dtype=bool)
    stop = np.minimum(start + SECONDS_PER_DAY, accounts.seconds.max(initial=-np.inf))
    start = night.times(start, np.maximum(stop, start), chosen.draws[:, 3], day)
    within = 3600.0 * dial.ask("span_h", 6.0)
    dial.instead("span_h", "in_time_share", 1.0)
    draws = chosen.draws[rank, _PER_ENTITY + turn * _PER_EVENT]
    later = (turn - 1 + draws) / np.maximum(counts[rank] - 1, 1) * within
    return np.asarray(start[rank] + np.where(turn > 0, later, 0.0))


def _amounts(
    accounts: Accounts, dial: Dial, chosen: Chosen, rank: Ints, turn: Ints, high: Floats
) -> tuple[Ints, Floats, str]:
    """Return units of each push, what they are a share of, and what that share is called."""
    k = len(chosen.entity)
    draws = chosen.draws[rank, _PER_ENTITY + turn * _PER_EVENT + 1]
    weight = np.exp(_AMOUNT_SPREAD * normals(draws))
    share = dial.ask("amount_ratio", 0.0)
    if accounts.held is not None:
        available = np.maximum(accounts.held[chosen.anchor], 0).astype(np.float64)
        units = share * available[rank] * weight / sums(rank, weight, k)[rank]
        return np.maximum(np.floor(units), 1).astype(np.int64), available, "amount_ratio"
    dial.leave_out("amount_ratio", "no balances; so much above the owner's largest amounts instead")
    dial.requested["above_own_p99"] = share
    units = np.ceil((1.0 + share) * high[rank] * weight)
    return np.maximum(units, 1).astype(np.int64), high, "above_own_p99"


def _sources(
    accounts: Accounts, dial: Dial, chosen: Chosen, payees: Payees, rank: Ints, units: Ints
) -> Ints:
    """Return one payment to copy for each victim: all pushes go to the same payee."""
    k = len(chosen.entity)
    mean = ratio(sums(rank, units, k), np.bincount(rank, minlength=k).astype(np.float64))
    like = payees.similar_rows(chosen.entity, mean.astype(np.int64), chosen.draws[:, 6])
    if not payees.payees:
        dial.leave_out("new_payee_prob", "no column means merchant, counterparty or category")
        return np.asarray(like[rank])
    usual = payees.new_share()
    new = chosen.draws[:, 4] < dial.ask("new_payee_prob", usual, data=usual)
    own = own_debits(accounts, chosen.anchor, chosen.draws[:, 6], np.sort(payees.pool))
    return np.asarray(np.where(new, like, own)[rank])


def _stay_at_home(payees: Payees, texts: Texts, last: Ints) -> None:
    """Let country and device be those that the owner used last, by the row before each push."""
    for habits in (payees.country, payees.device):
        if habits is not None:
            texts[habits.column] = (np.arange(len(last)), payees.last_used(habits, last))


def _changes(payees: Payees, texts: Texts, entity: Ints) -> tuple[Flags, Flags]:
    """Return which events are in a country, and by a device, that the owner never used."""
    found = []
    for habits in (payees.country, payees.device):
        changed = np.zeros(len(entity), dtype=bool)
        if habits is not None:
            codes = {level: code for code, level in enumerate(habits.levels)}
            values = [codes.get(str(text), -1) for text in texts[habits.column][1]]
            changed = ~habits.used(entity, np.array(values, dtype=np.int64))
        found.append(changed)
    return found[0], found[1]


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :class:`Mechanism`."""
    posted, rank, k = units > 0, plan.rank, len(plan.high)
    counts = sums(rank, posted, k)
    taken = ratio(sums(rank, units, k), plan.available)
    middle = medians(rank[posted], units[posted].astype(np.float64), k)
    above = np.where(plan.high > 0, middle / np.where(plan.high > 0, plan.high, 1.0), np.nan)
    hours = spans(rank[posted], plan.burst.seconds[posted], k) / 3600.0
    return {
        "n_pushes": counts,
        "in_time_share": (hours <= plan.span_h).astype(np.float64),
        plan.size: taken if plan.size == "amount_ratio" else above - 1.0,
        "times_own_p99": above,
        "new_payee_prob": ratio(sums(rank, posted & plan.new_payee, k), counts),
        "country_change_share": ratio(sums(rank, posted & plan.abroad, k), counts),
        "new_device_share": ratio(sums(rank, posted & plan.new_device, k), counts),
        "n_inserted": counts,
        "duration_h": hours,
    }
