"""A spree up to the limit: rising purchases, cash-like, a payment that is reversed, then silence.

Shared by the bust-out of one customer and of a ring of made-up ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, ranges
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints, to_units
from riskgen.simulate.mechanisms.burst import Burst, Edits, as_round_as
from riskgen.simulate.mechanisms.cash import cash_like_rows, in_notes
from riskgen.simulate.mechanisms.cashflow import first_after
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draft import Draft
from riskgen.simulate.mechanisms.draws import normals, of_events
from riskgen.simulate.mechanisms.night import at_hour_of
from riskgen.simulate.mechanisms.own_amounts import largest_so_far
from riskgen.simulate.mechanisms.payees import Payees, Texts
from riskgen.simulate.mechanisms.population import Chosen, own_credits
from riskgen.simulate.mechanisms.sums import middles, ratio, spans, sums
from riskgen.simulate.roles import player

PARAMETERS = frozenset(
    {
        "n_purchases",
        "ramp_d",
        "utilisation",
        "cash_like_share",
        "reversed_payment_prob",
        "stop_prob",
    }
)
PURCHASE, PAYMENT, REVERSAL = range(3)
MOST_PURCHASES = 60  # [J]
PER_ENTITY, PER_EVENT = 8, 4
WIDTH = PER_ENTITY + PER_EVENT * MOST_PURCHASES
_PAYMENT = 0.3  # of the limit: what a payment that will be reversed pretends to pay back [J]
_REVERSED = 0.7  # of the ramp is over when the bank takes it back [J]
_LEAST = 0.01  # of the limit: drawn even where more than wanted is used already [J]
_AMOUNT_SPREAD = 0.3  # log spread of purchases around the ramp [J]
_RECENT_DAYS = 30.0  # use that a limit is judged by: a month's statement [J]


@dataclass(frozen=True, eq=False)
class Spree:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        Role 0 is a purchase, 1 the payment, 2 its reversal; with it the rows
        after the stop that leave the table.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    limit, used : ndarray of shape (k,)
        Units that can be drawn, and how much of it was drawn before it began.
    cash_like : ndarray of shape (m,), bool
        What the events really are.
    stops : ndarray of shape (k,), bool
        Whose later events leave the table.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    limit: Floats = field(repr=False)
    used: Floats = field(repr=False)
    cash_like: Flags = field(repr=False)
    stops: Flags = field(repr=False)


def spree(
    accounts: Accounts,
    dial: Dial,
    chosen: Chosen,
    begin: Floats,
    edits: Edits,
    devices: Sequence[str | None] = (),
) -> Spree:
    """Return the spree of every chosen entity.

    Parameters
    ----------
    accounts, dial, chosen
        As for every typology.
    begin : ndarray of shape (k,)
        When it begins, seconds.
    edits : Edits
        What else becomes of the owners; the rows after the stop are added.
    devices : sequence of str or None, length k or 0
        Devices that are used in place of the owners'.
    """
    payees = Payees.of(accounts, stranger=False)
    limit, used = _limits(accounts, dial, chosen, begin, edits.removed)
    wanted = np.maximum(dial.ask("utilisation", 0.0) * limit - used, _LEAST * limit)
    purchases = _purchases(accounts, dial, chosen, payees, begin, wanted)
    payment = _payment(accounts, dial, chosen, payees, begin, limit)
    # Listed first: on the same day, the payment makes room for the purchases.
    draft = payment.beside(purchases).ordered(accounts)
    after, stops = _after(accounts, dial, chosen, draft)
    texts = Texts()
    entity, who = chosen.entity[draft.rank], chosen.position[draft.rank]
    cash_like = cash_like_rows(accounts)[draft.source]
    new = (draft.role == PURCHASE) & ~cash_like & ~payees.known(entity, draft.source)
    payees.name_payees(texts, new, draft.source, who, draft.turn)
    payees.as_owner(texts, chosen.anchor[draft.rank], draft.source)
    payees.use_devices(texts, [devices[item] for item in draft.rank.tolist()] if devices else [])
    removed = np.union1d(edits.removed, after)
    burst = draft.burst(accounts, chosen, chosen.draws[:, 2], texts, Edits(removed, edits.context))
    return Spree(burst, draft.rank, limit, used, cash_like, stops)


def is_worth_it(accounts: Accounts, dial: Dial) -> Flags:
    """Whether each row leaves enough for as many usual amounts as the spree has purchases."""
    if accounts.held is None:
        return np.ones(accounts.events.n_events, dtype=bool)
    least = dial.most("n_purchases", 2.0) * accounts.usual_amount()
    return np.asarray(accounts.held >= least[accounts.events.owner])


def _limits(
    accounts: Accounts, dial: Dial, chosen: Chosen, begin: Floats, removed: Ints
) -> tuple[Floats, Floats]:
    """Return what each owner can draw without the removed rows, and what was drawn already."""
    nothing = np.zeros(len(begin))
    if accounts.held is not None:
        dial.note("utilisation", "of the balance when it began; nobody draws more than there is")
        row = first_after(accounts, chosen.entity, begin) - 1
        without = np.zeros(accounts.events.n_events, dtype=np.int64)
        without[removed] = (accounts.received - accounts.spent)[removed]
        total = np.concatenate([[0], np.cumsum(without)])
        less = total[row + 1] - total[accounts.events.offsets[chosen.entity]]
        return np.maximum(accounts.held[row] - less, 0).astype(np.float64), nothing
    recent = accounts.recent(np.arange(accounts.events.n_events), _RECENT_DAYS * SECONDS_PER_DAY)
    column = player("credit_limit", accounts.events.schema)
    if column is not None:
        values = accounts.events.numbers(column)[chosen.anchor]
        limit = to_units(values, accounts.decimals).astype(np.float64)
        return limit, np.minimum(recent[chosen.anchor], limit)
    dial.note("utilisation", "no credit limit; of the owner's largest spending of 30 days so far")
    return largest_so_far(accounts, recent)[chosen.anchor].astype(np.float64), nothing


def _purchases(
    accounts: Accounts,
    dial: Dial,
    chosen: Chosen,
    payees: Payees,
    begin: Floats,
    wanted: Floats,
) -> Draft:
    """Return purchases from the first to the last hour of the ramp, the later the larger."""
    number = np.floor(dial.ask("n_purchases", 2.0) + chosen.draws[:, 0])
    counts: Ints = np.clip(number, 2, MOST_PURCHASES).astype(np.int64)
    rank = np.repeat(np.arange(len(counts)), counts)
    turn = ranges(counts)
    draws = of_events(chosen.draws, rank, turn, after=PER_ENTITY, each=PER_EVENT)
    place = np.clip((turn + draws[:, 0] - 0.5) / np.maximum(counts[rank] - 1, 1), 0, 1)
    place = np.where(turn == 0, 0.0, np.where(turn == counts[rank] - 1, 1.0, place))
    ramp = dial.ask("ramp_d", 14.0) * SECONDS_PER_DAY
    noise = np.exp(_AMOUNT_SPREAD * normals(draws[:, 1]))
    weight = np.asarray((1.0 + turn) * noise, dtype=np.float64)
    part: Floats = wanted[rank] * weight / sums(rank, weight, len(counts))[rank]
    source = _sources(accounts, dial, payees, chosen.entity[rank], part, draws)
    seconds = at_hour_of(begin[rank] + place * ramp, accounts.seconds[source])
    seconds = np.where(turn == 0, begin[rank], np.clip(seconds, begin[rank], begin[rank] + ramp))
    units = _rounded(accounts, np.floor(part).astype(np.int64), source)
    # Nothing left to draw: no purchase of a cent in its place.
    return Draft.of(rank, seconds, units, source, turn=turn).only(wanted[rank] > 0)


def _rounded(accounts: Accounts, units: Ints, source: Ints) -> Ints:
    example, cash = accounts.moved[source], cash_like_rows(accounts)[source]
    plain = as_round_as(units, example, accounts.decimals)
    return np.where(cash, in_notes(units, example, accounts.decimals), plain)


def _sources(
    accounts: Accounts, dial: Dial, payees: Payees, entity: Ints, units: Floats, draws: Floats
) -> Ints:
    """Return the kinds of purchases: cash and the like in the wanted share."""
    cash_like = cash_like_rows(accounts)
    cash, other = _cash_rows(payees, cash_like), payees.within(~cash_like).paying("merchant")
    whole = np.floor(units).astype(np.int64)
    if len(cash.pool) == 0 or len(other.pool) == 0:
        dial.leave_out("cash_like_share", "no kind of event speaks of cash, or all do")
        return payees.paying("merchant").similar_rows(entity, whole, draws[:, 2])
    usual = float(cash_like[accounts.debits].mean())
    share = dial.ask("cash_like_share", usual, data=usual)
    as_cash = cash.similar_rows(entity, whole, draws[:, 2])
    return np.where(draws[:, 3] < share, as_cash, other.similar_rows(entity, whole, draws[:, 2]))


def _cash_rows(payees: Payees, cash_like: Flags) -> Payees:
    """Return the rows of cash and the like; those that name nobody, where there are any."""
    found = payees.within(cash_like)
    nobody = payees.numbers(np.arange(len(cash_like))) < 0
    unnamed = found.within(nobody)
    return unnamed if len(unnamed.pool) else found


def _payment(
    accounts: Accounts,
    dial: Dial,
    chosen: Chosen,
    payees: Payees,
    begin: Floats,
    limit: Floats,
) -> Draft:
    """Return a payment when it begins, and its reversal some days before it ends."""
    probability = dial.ask("reversed_payment_prob", 0.0)
    paying = np.flatnonzero((chosen.draws[:, 1] < probability) & (limit * _PAYMENT >= 1))
    if len(accounts.credits) == 0:
        dial.leave_out("reversed_payment_prob", "no event of the table brings money in")
        paying = paying[:0]
    units = np.floor(limit[paying] * _PAYMENT)
    entity, whole = chosen.entity[paying], units.astype(np.int64)
    back = payees.similar_rows(entity, whole, chosen.draws[paying, 4])
    late = begin[paying] + _REVERSED * dial.ask("ramp_d", 14.0) * SECONDS_PER_DAY
    reversal = Draft.of(paying, late, units, back, role=REVERSAL, turn=MOST_PURCHASES)
    if len(paying) == 0:
        return reversal
    source = own_credits(accounts, chosen.anchor[paying], chosen.draws[paying, 3])
    like = payees.incoming().similar_rows(entity, whole, chosen.draws[paying, 3])
    source = np.where(accounts.received[source] > 0, source, like)
    return Draft.of(paying, begin[paying], units, source, role=PAYMENT, credit=True).beside(
        reversal
    )


def _after(accounts: Accounts, dial: Dial, chosen: Chosen, draft: Draft) -> tuple[Ints, Flags]:
    """Return the owners' rows after their last event, and who stops."""
    k = len(chosen.entity)
    latest = np.full(k, -np.inf)
    np.maximum.at(latest, draft.rank, draft.seconds)
    stops = (chosen.draws[:, 5] < dial.ask("stop_prob", 0.0)) & np.isfinite(latest)
    start = first_after(accounts, chosen.entity, np.where(stops, latest, np.inf))
    count = accounts.events.offsets[chosen.entity + 1] - start
    return np.repeat(start, count) + ranges(count), stops


def measure(plan: Spree, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :class:`Mechanism`."""
    rank, k, role = plan.rank, len(plan.limit), plan.burst.role
    bought = (units > 0) & (role == PURCHASE)
    counts = sums(rank, bought, k)
    reversed_ = (units > 0) & (role == REVERSAL)
    seconds, drawn = plan.burst.seconds, sums(rank, units * bought, k)
    middle = middles(rank[bought], seconds[bought], k)[rank]
    return {
        "n_purchases": counts,
        "ramp_d": spans(rank[bought], seconds[bought], k) / SECONDS_PER_DAY,
        "utilisation": ratio(plan.used + drawn, plan.limit),
        "later_half_share": ratio(sums(rank, units * (bought & (seconds >= middle)), k), drawn),
        "cash_like_share": ratio(sums(rank, bought & plan.cash_like, k), counts),
        "reversed_payment_prob": np.minimum(sums(rank, reversed_, k), 1.0),
        "n_inserted": sums(rank, units > 0, k),
        "duration_h": spans(rank[units > 0], seconds[units > 0], k) / 3600.0,
        "stop_prob": plan.stops.astype(np.float64),
    }
