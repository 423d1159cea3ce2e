"""Merchant collusion: one merchant runs many cards within days, and gives some money back.

Forty cards meet at a merchant that few customers know: round amounts, at
night, now and then refunded. Nothing of it is odd for one card alone; the
merchant is (PROTOCOL E4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, ranges
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms import night
from riskgen.simulate.mechanisms.accounts import Accounts, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draft import Draft
from riskgen.simulate.mechanisms.draws import normals, of_events
from riskgen.simulate.mechanisms.habits import Habits
from riskgen.simulate.mechanisms.merchants import (
    crowding,
    merchant_habits,
    small_merchants,
    usual_cards,
)
from riskgen.simulate.mechanisms.payees import Payees
from riskgen.simulate.mechanisms.rings import Plot, Ringed
from riskgen.simulate.mechanisms.sums import ratio, spans, sums
from riskgen.simulate.mechanisms.wear import worn

NEEDS: tuple[str, ...] = ("amount", "merchant")
USES: tuple[str, ...] = ("balance", "category", "channel", "country", "device", "clock", "label")
PARAMETERS = frozenset(
    {
        "n_cards",
        "span_d",
        "n_purchases",
        "amount_scale",
        "round_share",
        "refund_share",
        "off_hours_share",
    }
)
MOST_PURCHASES = 20  # of one card [J]
COMMON = 2
_PER_ENTITY, _PER_EVENT = 4, 8
WIDTH = _PER_ENTITY + _PER_EVENT * MOST_PURCHASES
_AMOUNT_SPREAD = 0.4  # log spread of purchases around the wanted level [J]
_LEAD_D = 30.0  # days of habits before it begins [J]
_MARGIN = 1.5  # of the purchases of a card that its account must be good for [J]
_ROUND = 10  # whole units of money that a round amount is a multiple of [J]


@dataclass(frozen=True, eq=False)
class Plan:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        Role 0 is a purchase, role 1 a refund.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    ring : ndarray of shape (k,), int64
        Ring of each entity.
    usual, known : ndarray of shape (k,)
        Owner's median amount, in units; cards that the ring's merchant sees in
        as many days as it lasts.
    crowd : float
        Crowding that one merchant in a thousand exceeds.
    span_d : float
        Days that it lasts, and a step of the table's time.
    tick : int
        Units that round amounts are multiples of.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    ring: Ints = field(repr=False)
    usual: Floats = field(repr=False)
    known: Floats = field(repr=False)
    crowd: float
    span_d: float
    tick: int


def plot(accounts: Accounts, dial: Dial) -> Plot:
    """Return how many cards a ring has, how long it lasts and what they must be good for."""
    cards, each = int(dial.most("n_cards", 40.0)), dial.most("amount_scale", 1.0)
    least = _MARGIN * each * dial.most("n_purchases", 1.0) * accounts.usual_amount()
    days = dial.most("span_d", 10.0)
    return Plot(cards, cards, lead_d=_LEAD_D, room_d=days, least=np.maximum(least, 1.0))


def plan(accounts: Accounts, dial: Dial, chosen: Ringed) -> Plan:
    """Return the purchases and refunds of every ring.

    Raises
    ------
    ScenarioError
        When no payment names a merchant.
    """
    habits = merchant_habits(accounts)
    if habits is None or not (habits.codes[accounts.debits] >= 0).any():
        raise ScenarioError(
            f"Scenario '{dial.scenario.id}' brings many cards to one merchant, but no payment "
            "names one. Give a column of merchants 'meaning: merchant' in the schema."
        )
    shop = small_merchants(accounts, habits, chosen.shared[:, 0])
    usual = accounts.usual_amount()[chosen.entity]
    bought = _purchases(accounts, dial, chosen, _at(accounts, habits, shop), usual)
    refunds = _refunds(accounts, dial, chosen, bought)
    draft = bought.beside(refunds).ordered(accounts)
    payees = Payees.of(accounts, stranger=False)
    texts = worn(accounts, draft.source, draft.turn)
    payees.as_owner(texts, chosen.anchor[draft.rank], draft.turn)
    burst = draft.burst(accounts, chosen, chosen.draws[:, 0], texts)
    span = dial.most("span_d", 10.0)
    known, crowd = usual_cards(accounts, habits, span)
    dial.ask("n_cards", 40.0)
    tick = _tick(accounts)
    step = accounts.tick / SECONDS_PER_DAY
    return Plan(burst, draft.rank, chosen.ring, usual, known[shop], crowd, span + step, tick)


def _at(accounts: Accounts, habits: Habits, shop: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the rows at each entity's merchant: all rows, where they begin and how many."""
    rows = accounts.debits[habits.codes[accounts.debits] >= 0]
    rows = rows[np.argsort(habits.codes[rows], kind="stable")]
    codes = habits.codes[rows]
    first = np.searchsorted(codes, shop)
    return rows, first, np.searchsorted(codes, shop, side="right") - first


def _purchases(
    accounts: Accounts,
    dial: Dial,
    chosen: Ringed,
    shops: tuple[Ints, Ints, Ints],
    usual: Floats,
) -> Draft:
    """Return what each card buys; each event looks like a real one at the merchant."""
    counts = np.floor(dial.ask("n_purchases", 1.0) + chosen.draws[:, 1])
    counts = np.clip(counts, 1, MOST_PURCHASES).astype(np.int64)
    rank, turn = np.repeat(np.arange(len(counts)), counts), ranges(counts)
    draws = of_events(chosen.draws, rank, turn, after=_PER_ENTITY, each=_PER_EVENT)
    begin, end = _window(accounts, dial, chosen)
    wanted = draws[:, 0] < _night_share(accounts, dial)
    seconds = night.times(begin[rank], end[rank], draws[:, 1], wanted)
    noise = np.exp(_AMOUNT_SPREAD * normals(draws[:, 2]))
    units = np.floor(usual[rank] * dial.ask("amount_scale", 1.0) * noise).astype(np.int64)
    units = _rounded(accounts, dial, units, draws[:, 3], draws[:, 4])
    rows, first, count = shops
    place = first[rank] + np.floor(draws[:, 5] * count[rank]).astype(np.int64)
    source = rows[np.minimum(place, len(rows) - 1)]
    return Draft.of(rank, seconds, units, source, turn=source)


def _window(accounts: Accounts, dial: Dial, chosen: Ringed) -> tuple[Floats, Floats]:
    """Return when each member begins and ends."""
    end = chosen.begin + dial.ask("span_d", 10.0) * SECONDS_PER_DAY
    dial.instead("span_d", "in_time_share", 1.0)
    return chosen.begin, np.minimum(end, accounts.seconds.max(initial=-np.inf))


def _night_share(accounts: Accounts, dial: Dial) -> float:
    usual = float(night.is_night(accounts.seconds).mean())
    if accounts.tick >= 3600.0:
        dial.leave_out("off_hours_share", "the table does not know the time of day")
        return usual
    return dial.ask("off_hours_share", usual, data=usual)


def _rounded(accounts: Accounts, dial: Dial, units: Ints, uniform: Floats, odd: Floats) -> Ints:
    """Return round amounts in the wanted share, and others that are not."""
    tick, spent = _tick(accounts), accounts.spent[accounts.debits]
    usual = float(np.mean(spent % tick == 0)) if len(spent) else 0.0
    wanted = uniform < dial.ask("round_share", usual, data=usual)
    full = np.maximum(np.rint(units / tick).astype(np.int64), 1) * tick
    rest = 1 + np.floor(odd * (tick - 1)).astype(np.int64)
    return np.where(wanted, full, units // tick * tick + rest)


def _tick(accounts: Accounts) -> int:
    return int(_ROUND * 10**accounts.decimals)


def _refunds(accounts: Accounts, dial: Dial, chosen: Ringed, bought: Draft) -> Draft:
    """Return what comes back of some purchases, a day or two later."""
    turn = ranges(np.bincount(bought.rank))
    draws = of_events(chosen.draws, bought.rank, turn, after=_PER_ENTITY, each=_PER_EVENT)
    back = draws[:, 6] < dial.ask("refund_share", 0.0)
    if len(accounts.credits) == 0:
        dial.leave_out("refund_share", "no event of the table brings money in")
        back = np.zeros(len(back), dtype=bool)
    kept = bought.only(back)
    later = kept.seconds + (1.0 + draws[back, 7]) * SECONDS_PER_DAY
    end = _window(accounts, dial, chosen)[1][kept.rank]
    later = np.minimum(later, np.maximum(end, kept.seconds))
    if not back.any():
        return Draft.of(kept.rank, later, kept.units, kept.source, role=1, turn=kept.turn)
    incoming = Payees.of(accounts, stranger=False).incoming()
    source = incoming.similar_rows(chosen.entity[kept.rank], kept.units, draws[back, 7])
    return Draft.of(kept.rank, later, kept.units, source, role=1, turn=kept.turn, credit=True)


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got, by parameter and statistic.

    Parameters
    ----------
    plan : Plan
        What was planned.
    units : ndarray of shape (m,), int64
        What was posted of each event; 0 for nothing.

    Returns
    -------
    dict of str to ndarray of shape (k,)
        NaN where an entity has no such events; what a ring has in common
        stands at each of its members.
    """
    rank, k, role, seconds = plan.rank, len(plan.usual), plan.burst.role, plan.burst.seconds
    bought, back = (units > 0) & (role == 0), (units > 0) & (role == 1)
    counts, n_rings = sums(rank, bought, k), int(plan.ring.max(initial=-1)) + 1
    cards = np.bincount(plan.ring, counts > 0, minlength=n_rings)[plan.ring]
    crowd = crowding(cards + plan.known, plan.known)
    logs = np.log(np.maximum(units, 1) / plan.usual[rank])
    days = spans(plan.ring[rank][bought], seconds[bought], n_rings)[plan.ring] / SECONDS_PER_DAY
    at_night = bought & night.is_night(seconds)
    return {
        "n_cards": cards.astype(np.float64),
        "crowding_to_base": ratio(crowd, np.full(k, plan.crowd)),
        "in_time_share": (days <= plan.span_d).astype(np.float64),
        "n_purchases": counts,
        "amount_scale": np.exp(ratio(sums(rank, bought * logs, k), counts)),
        "round_share": ratio(sums(rank, bought & (units % plan.tick == 0), k), counts),
        "refund_share": ratio(sums(rank, back, k), counts),
        "off_hours_share": ratio(sums(rank, at_night, k), counts),
        "n_inserted": sums(rank, units > 0, k),
        "duration_h": spans(rank[units > 0], seconds[units > 0], k) / 3600.0,
    }
