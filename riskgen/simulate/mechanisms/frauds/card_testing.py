"""Card testing: a burst of tiny authorisations at few merchants, then a cash-out.

Somebody tries whether a card works before using it (PROTOCOL E4). Tables of
posted events show the attempts that went through.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import ranges
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.approvals import Approvals
from riskgen.simulate.mechanisms.burst import Burst, as_round_as, places
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draft import Draft
from riskgen.simulate.mechanisms.draws import normals, rotations
from riskgen.simulate.mechanisms.payees import Payees, Texts
from riskgen.simulate.mechanisms.population import Chosen, soon_after
from riskgen.simulate.mechanisms.sums import distinct, median_gaps, ratio, spans, sums

NEEDS: tuple[str, ...] = ("amount",)
USES: tuple[str, ...] = (
    "approval",
    "balance",
    "merchant",
    "counterparty",
    "category",
    "device",
    "clock",
    "label",
)
PARAMETERS = frozenset(
    {
        "n_auth_low",
        "n_auth_high",
        "span_min",
        "amount_low",
        "amount_high",
        "n_merchants",
        "decline_rate",
        "cash_out_scale",
        "cash_out_lag_low_h",
        "cash_out_lag_high_h",
    }
)
MOST_EVENTS = 300  # authorisations of one burst [J]: half as many again as the catalogue asks
_MOST_MERCHANTS = 3  # PROTOCOL E7
_PER_EVENT, _PER_ENTITY = 3, 11
WIDTH = _PER_ENTITY + _PER_EVENT * MOST_EVENTS
_AMOUNT_SPREAD = 0.2  # log spread of the cash-out around the wanted level [J]


@dataclass(frozen=True)
class Bounds:
    """What the authorisations of a burst have to keep.

    Attributes
    ----------
    seconds : float
        From the first to the last, at most.
    low, high : int
        Units of an amount.
    n_merchants : int
        Most merchants.
    """

    seconds: float
    low: int
    high: int
    n_merchants: int

    @classmethod
    def of(cls, accounts: Accounts, dial: Dial) -> Bounds:
        """Read the bounds of the file; that they are kept is what is asked for."""
        span, most = dial.ask("span_min", 60.0), int(dial.ask("n_merchants", 1.0))
        low, high = dial.ask("amount_low", 0.01), dial.ask("amount_high", 2.0)
        dial.instead("span_min", "in_time_share", 1.0)
        dial.instead("n_merchants", "few_merchants_share", 1.0)
        for name in ("amount_low", "amount_high"):
            dial.instead(name, "in_range_share", 1.0)
        if accounts.tick >= 3600.0:
            dial.leave_out("span_min", "the table does not know minutes")
            dial.requested.pop("in_time_share", None)
        scale = 10.0**accounts.decimals
        least, largest = (max(int(np.floor(value * scale + 1e-9)), 1) for value in (low, high))
        return cls(60.0 * span, least, largest, min(max(most, 1), _MOST_MERCHANTS))


@dataclass(frozen=True, eq=False)
class Plan:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        Role 0 is an authorisation, role 1 the cash-out.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    usual : ndarray of shape (k,)
        Owner's median amount, in units.
    bounds : Bounds
        What the authorisations have to keep.
    declined : ndarray of shape (m,), bool, or None
        Authorisations that were declined; None where the table does not say.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    usual: Floats = field(repr=False)
    bounds: Bounds
    declined: Flags | None = field(repr=False)


def plan(accounts: Accounts, dial: Dial, chosen: Chosen) -> Plan:
    """Return the burst and the cash-out of every chosen entity."""
    payees, usual = Payees.of(accounts).at_merchants(), accounts.usual_amount()[chosen.entity]
    bounds = Bounds.of(accounts, dial)
    tests = _tests(accounts, dial, chosen, payees, bounds)
    begin = np.full(len(usual), -np.inf)
    np.maximum.at(begin, tests.rank, tests.seconds)
    out = _cash_out(accounts, dial, chosen, payees, begin, usual)
    draft = tests.beside(out).ordered(accounts)
    texts = Texts()
    declined = _answers(accounts, dial, chosen, draft, texts)
    everything = np.ones(len(draft.rank), dtype=bool)
    who = chosen.position[draft.rank]
    payees.name_payees(texts, everything, draft.source, who, draft.turn)
    if payees.device is not None:
        # Somebody else's devices are not known to the bank: the column stays empty.
        texts[payees.device.column] = (np.arange(len(who)), [None] * len(who))
    burst = draft.burst(accounts, chosen, chosen.draws[:, 4], texts)
    return Plan(burst, draft.rank, usual, bounds, declined)


def _answers(
    accounts: Accounts, dial: Dial, chosen: Chosen, draft: Draft, texts: Texts
) -> Flags | None:
    """Let a share of the authorisations be declined, the cash-out never."""
    approvals = Approvals.of(accounts)
    if approvals is None:
        dial.leave_out("decline_rate", "no column says whether an authorisation was declined")
        return None
    if accounts.held is not None:
        dial.leave_out("decline_rate", "balances count every event as paid")
        return None
    lots = rotations(chosen.draws[:, 10], 1 + MOST_EVENTS)[draft.rank, places(draft.rank)[0]]
    declined = (draft.role == 0) & (lots < dial.ask("decline_rate", 0.0))
    values = [approvals.declined if refused else approvals.approved for refused in declined]
    texts[approvals.column] = (np.arange(len(values)), [*values])
    return np.asarray(declined)


def _tests(accounts: Accounts, dial: Dial, chosen: Chosen, payees: Payees, bounds: Bounds) -> Draft:
    """Tiny authorisations within an hour, at one to three merchants."""
    counts = _counts(dial, chosen)
    rank = np.repeat(np.arange(len(counts)), counts)
    columns = _PER_ENTITY + ranges(counts)[:, None] * _PER_EVENT + np.arange(_PER_EVENT)
    draws = chosen.draws[rank[:, None], columns]
    start = soon_after(accounts, chosen.anchor, chosen.draws[:, 1])
    seconds = start[rank] + bounds.seconds * draws[:, 0]
    units = np.floor(bounds.low + draws[:, 1] * (bounds.high - bounds.low))
    merchants = 1 + np.floor(chosen.draws[:, 2] * bounds.n_merchants)
    turn = np.floor(draws[:, 2] * merchants[rank]).astype(np.int64)
    near = np.full(len(counts), int(10.0**accounts.decimals), dtype=np.int64)
    rows = [payees.similar_rows(chosen.entity, near, chosen.draws[:, 6 + m]) for m in range(3)]
    source = np.stack(rows, axis=1)[rank, turn]
    return Draft.of(rank, seconds, units, source, turn=turn)


def _counts(dial: Dial, chosen: Chosen) -> Ints:
    """Authorisations of each burst, log-uniform between the lowest and the highest number."""
    low, high = dial.ask("n_auth_low", 1.0), dial.ask("n_auth_high", 1.0)
    spread = np.log(max(high, low) / low)
    dial.instead("n_auth_low", "n_auth", float((high - low) / spread) if spread > 0 else low)
    dial.instead("n_auth_high", "n_auth", dial.requested["n_auth"])
    counts = low * np.exp(spread * chosen.draws[:, 0])
    whole: Ints = np.clip(np.floor(counts), 1, MOST_EVENTS).astype(np.int64)
    return whole


def _cash_out(
    accounts: Accounts, dial: Dial, chosen: Chosen, payees: Payees, begin: Floats, usual: Floats
) -> Draft:
    """One purchase, far above the owner's median, some hours after the burst."""
    low, high = dial.ask("cash_out_lag_low_h", 2.0), dial.ask("cash_out_lag_high_h", 48.0)
    dial.instead("cash_out_lag_low_h", "cash_out_lag_h", (low + high) / 2)
    dial.instead("cash_out_lag_high_h", "cash_out_lag_h", (low + high) / 2)
    seconds = begin + 3600.0 * (low + (high - low) * chosen.draws[:, 3])
    noise = np.exp(_AMOUNT_SPREAD * normals(chosen.draws[:, 5]))
    wanted = usual * dial.ask("cash_out_scale", 1.0) * noise
    units = np.maximum(np.floor(wanted), 1).astype(np.int64)
    source = payees.similar_rows(chosen.entity, units, chosen.draws[:, 9])
    units = as_round_as(units, accounts.spent[source], accounts.decimals)
    return Draft.of(np.arange(len(units)), seconds, units, source, role=1, turn=_MOST_MERCHANTS)


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :class:`Mechanism`."""
    rank, k, seconds = plan.rank, len(plan.usual), plan.burst.seconds
    tests, out = (units > 0) & (plan.burst.role == 0), (units > 0) & (plan.burst.role == 1)
    counts, outs = sums(rank, tests, k), sums(rank, out, k)
    ends = np.full(k, np.nan)
    np.fmax.at(ends, rank[tests], seconds[tests])
    tiny = (units > 0) & (units <= plan.bounds.high)
    in_time = ~(spans(rank[tests], seconds[tests], k) > plan.bounds.seconds)
    shops = distinct(rank[tests], plan.burst.source[tests], k)
    declined = {} if plan.declined is None else {"decline_rate": plan.declined & tests}
    return {
        **{name: ratio(sums(rank, rows, k), counts) for name, rows in declined.items()},
        "n_auth": counts,
        "tiny_share": ratio(sums(rank, tiny, k), counts + outs),
        "in_range_share": ratio(sums(rank, tests & (units >= plan.bounds.low) & tiny, k), counts),
        "in_time_share": in_time.astype(np.float64),
        "few_merchants_share": (shops <= plan.bounds.n_merchants).astype(np.float64),
        "cash_out_scale": ratio(sums(rank, units * out, k), plan.usual * outs),
        "cash_out_lag_h": (ratio(sums(rank, seconds * out, k), outs) - ends) / 3600.0,
        "gap_s": median_gaps(rank[tests], seconds[tests], k),
        "n_inserted": counts + outs,
        "duration_h": spans(rank[units > 0], seconds[units > 0], k) / 3600.0,
    }
