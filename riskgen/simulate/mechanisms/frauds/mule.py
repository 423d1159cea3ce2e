"""Mule account: money comes in from several strangers and goes on within hours.

A young account receives sums that are large for it and passes nearly all of
each on; what stays is the mule's fee (PROTOCOL E4; FATF, professional money
laundering).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, ranges
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst, as_round_as
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draft import Draft
from riskgen.simulate.mechanisms.draws import normals, of_events
from riskgen.simulate.mechanisms.payees import Payees, Texts
from riskgen.simulate.mechanisms.population import Chosen, preferring, soon_after, time_left
from riskgen.simulate.mechanisms.sums import distinct, medians, ratio, spans, sums

NEEDS: tuple[str, ...] = ("amount",)
USES: tuple[str, ...] = (
    "balance",
    "counterparty",
    "merchant",
    "category",
    "channel",
    "country",
    "device",
    "clock",
    "label",
)
PARAMETERS = frozenset(
    {"in_out_lag_h", "pass_ratio", "n_senders", "inflow_scale", "inflow_h", "account_age_d"}
)
MOST_SENDERS = 20  # [J]
_PER_ENTITY, _PER_EVENT = 4, 6
WIDTH = _PER_ENTITY + _PER_EVENT * MOST_SENDERS
_AMOUNT_SPREAD = 0.4  # log spread of the sums that come in [J]
_LAG_SPREAD = 0.5  # log spread of the hours that they stay [J]
_RECEIVERS = 2  # accounts that the money goes on to [J]


@dataclass(frozen=True, eq=False)
class Plan:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        Role 0 comes in, role 1 goes on.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    wave : ndarray of shape (m,), int64
        Which sum an event belongs to: one number for what comes in and goes on.
    payee : ndarray of shape (m,), int64
        Whom it comes from or goes to, a number.
    usual, young : ndarray of shape (k,)
        Owner's median amount, in units; 1 where the account is young.
    within : float
        Seconds in which it should come in, and a step of the table's time.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    wave: Ints = field(repr=False)
    payee: Ints = field(repr=False)
    usual: Floats = field(repr=False)
    young: Floats = field(repr=False)
    within: float


def narrow(accounts: Accounts, dial: Dial, rows: Flags) -> Flags:
    """Return the rows of young accounts, with time to pass the money on if possible.

    Raises
    ------
    ScenarioError
        When no event of the table brings money in.
    """
    if len(accounts.credits) == 0:
        raise ScenarioError(
            f"Scenario '{dial.scenario.id}' passes money on, but no event of the table brings "
            "money in. Use a table with signed amounts, or with a balance."
        )
    first = accounts.seconds[accounts.events.offsets[:-1]][accounts.events.owner]
    age = dial.most("account_age_d", np.inf) * SECONDS_PER_DAY
    rows = rows & (accounts.seconds - first < age)
    needed = 3600.0 * (dial.most("inflow_h", 24.0) + 4 * dial.most("in_out_lag_h", 2.0))
    return preferring(accounts, rows, time_left(accounts) >= needed)


def plan(accounts: Accounts, dial: Dial, chosen: Chosen) -> Plan:
    """Return what comes in and goes on in every chosen account."""
    usual = accounts.usual_amount()[chosen.entity]
    begin = soon_after(accounts, chosen.anchor, chosen.draws[:, 0])
    first = accounts.seconds[accounts.events.offsets[chosen.entity]]
    # Rows with a device, where there are any: the owner does it, no standing order.
    payees = Payees.of(accounts).paying("counterparty")
    came = _inflow(accounts, dial, chosen, payees.incoming().paying("counterparty"), begin, usual)
    went = _outflow(accounts, dial, chosen, payees, came)
    draft = came.beside(went).ordered(accounts)
    texts = Texts()
    who, wave = chosen.position[draft.rank], draft.turn % MOST_SENDERS
    number = np.where(draft.role == 1, MOST_SENDERS + draft.turn // MOST_SENDERS, draft.turn)
    named = payees.name_payees(texts, np.ones(len(who), dtype=bool), draft.source, who, number)
    if not payees.payees:
        dial.leave_out("n_senders", "no column says whom money comes from")
    payees.as_owner(texts, chosen.anchor[draft.rank], draft.source)
    burst = draft.burst(accounts, chosen, chosen.draws[:, 1], texts, like=payees.pool)
    payee = np.where(named, -1 - number, payees.numbers(draft.source))
    young = (begin - first) / SECONDS_PER_DAY < dial.ask("account_age_d", np.inf) + 1
    dial.instead("account_age_d", "young_share", 1.0)
    within = 3600.0 * dial.most("inflow_h", 24.0) + accounts.tick
    return Plan(burst, draft.rank, wave, payee, usual, young.astype(np.float64), within)


def _inflow(
    accounts: Accounts,
    dial: Dial,
    chosen: Chosen,
    payees: Payees,
    begin: Floats,
    usual: Floats,
) -> Draft:
    """Return one sum from each sender; the sender's number is the turn."""
    counts = np.floor(dial.ask("n_senders", 1.0) + chosen.draws[:, 2])
    counts = np.clip(counts, 1, MOST_SENDERS).astype(np.int64)
    rank, turn = np.repeat(np.arange(len(counts)), counts), ranges(counts)
    draws = of_events(chosen.draws, rank, turn, after=_PER_ENTITY, each=_PER_EVENT)
    within = 3600.0 * dial.ask("inflow_h", 24.0)
    dial.instead("inflow_h", "inflow_in_time", 1.0)
    seconds = begin[rank] + (turn + draws[:, 0]) / counts[rank] * within
    noise = np.exp(_AMOUNT_SPREAD * normals(draws[:, 1]))
    wanted = usual[rank] * dial.ask("inflow_scale", 1.0) * noise
    units: Ints = np.maximum(np.floor(wanted), 1).astype(np.int64)
    source = payees.similar_rows(chosen.entity[rank], units, draws[:, 2])
    units = as_round_as(units, accounts.moved[source], accounts.decimals)
    return Draft.of(rank, seconds, units, source, turn=turn, credit=True)


def _outflow(accounts: Accounts, dial: Dial, chosen: Chosen, payees: Payees, came: Draft) -> Draft:
    """Return where each sum goes, some hours later; the turn tells sum and receiver."""
    draws = of_events(chosen.draws, came.rank, came.turn, after=_PER_ENTITY, each=_PER_EVENT)
    lag = dial.ask("in_out_lag_h", 2.0) * np.exp(_LAG_SPREAD * normals(draws[:, 3]))
    if accounts.tick >= 3600.0:
        dial.leave_out("in_out_lag_h", "the table does not know hours; the same day or the next")
    # Rounded up: what stays is the fee or a unit less, never more.
    units = np.ceil(dial.ask("pass_ratio", 1.0) * came.units - 1e-9)
    receiver = np.floor(draws[:, 4] * _RECEIVERS).astype(np.int64)
    # The same receiver for all sums of an account that go to it.
    uniform = np.mod(chosen.draws[came.rank, 3] + receiver / _RECEIVERS, 1.0)
    source = payees.similar_rows(chosen.entity[came.rank], units.astype(np.int64), uniform)
    turn = came.turn + MOST_SENDERS * receiver
    return Draft.of(came.rank, came.seconds + 3600.0 * lag, units, source, role=1, turn=turn)


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :class:`Mechanism`."""
    rank, k, seconds = plan.rank, len(plan.usual), plan.burst.seconds
    incoming = plan.burst.incoming
    came, went = (units > 0) & incoming, (units > 0) & ~incoming
    inflow, outflow = sums(rank, units * came, k), sums(rank, units * went, k)
    passed = np.round(ratio(outflow, inflow), 9)
    lags, owner = _lags(rank, plan.wave, seconds, came, went)
    in_time = spans(rank[came], seconds[came], k) <= plan.within
    middle = np.exp(ratio(sums(rank[came], np.log(units[came]), k), sums(rank, came, k)))
    return {
        "pass_ratio": passed,
        "residual_share": np.round(1.0 - passed, 9),
        "in_out_lag_h": medians(owner, lags / 3600.0, k),
        "n_senders": distinct(rank[came], plan.payee[came], k),
        "inflow_scale": middle / plan.usual,
        "inflow_in_time": in_time.astype(np.float64),
        "young_share": plan.young,
        "n_inserted": sums(rank, units > 0, k),
        "duration_h": spans(rank[units > 0], seconds[units > 0], k) / 3600.0,
    }


def _lags(rank: Ints, wave: Ints, seconds: Floats, came: Flags, went: Flags) -> tuple[Floats, Ints]:
    """Return for each sum the seconds until it goes on, and whose it is."""
    key = rank * MOST_SENDERS + wave
    arrival = np.full(int(key.max(initial=0)) + 1, np.nan)
    arrival[key[came]] = seconds[came]
    return seconds[went] - arrival[key[went]], rank[went]
