"""Account takeover: somebody else spends, then empties the account.

The pace rises above the owner's, amounts above the owner's median, at night,
from another country and device, to payees that the owner never used; the last
third of the events carries what is left off (Fed FraudClassifier; PROTOCOL E4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, ranges
from riskgen.simulate.mechanisms import night
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst, as_round_as, in_time_order, places
from riskgen.simulate.mechanisms.cashflow import first_after
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draws import normals, of_events
from riskgen.simulate.mechanisms.payees import Payees, Texts, other_levels
from riskgen.simulate.mechanisms.population import Chosen, own_debits
from riskgen.simulate.mechanisms.sums import ratio, spans, sums
from riskgen.simulate.scenario_parts import Duration

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
PARAMETERS = frozenset(
    {
        "amount_scale",
        "velocity_scale",
        "new_payee_prob",
        "new_device_prob",
        "night_share",
        "geo_jump_km",
        "drain_ratio",
    }
)
MOST_EVENTS = 60  # events of one takeover [J]: keeps a very busy account in bounds
_PER_EVENT = 6
_PER_ENTITY = 9
WIDTH = _PER_ENTITY + _PER_EVENT * MOST_EVENTS
_AMOUNT_SPREAD = 0.35  # log spread of amounts around the wanted level [J]
_RECENT_DAYS = 30.0  # spending that a drain is measured by where there is no balance [J]
_BORDER_KM = 1000.0  # distance at which a jump crosses a border with probability 63 % [J]


@dataclass(frozen=True, eq=False)
class Plan:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        Role 0 is spending, role 1 the drain.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    within : ndarray of shape (k,)
        Events that the owner would have had in the window, at least 1.
    usual, available : ndarray of shape (k,)
        Owner's median amount; balance (or recent spending) before it began.
    drain : str
        What the share of ``available`` that was taken is called.
    new_payee, abroad, new_device : ndarray of shape (m,), bool
        What the events really are.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    within: Floats = field(repr=False)
    usual: Floats = field(repr=False)
    available: Ints = field(repr=False)
    drain: str
    new_payee: Flags = field(repr=False)
    abroad: Flags = field(repr=False)
    new_device: Flags = field(repr=False)


def plan(accounts: Accounts, dial: Dial, chosen: Chosen) -> Plan:
    """Return the burst of every chosen entity."""
    start, stop = _window(accounts, dial, chosen)
    within = np.maximum(accounts.pace()[chosen.entity] * (stop - start), 1.0)
    extra = (dial.ask("velocity_scale", 1.0) - 1.0) * within
    counts = np.clip(np.floor(extra + chosen.draws[:, 0]), 1, MOST_EVENTS).astype(np.int64)
    rank = np.repeat(np.arange(len(counts)), counts)
    draws = of_events(chosen.draws, rank, ranges(counts), after=_PER_ENTITY, each=_PER_EVENT)
    at_night = draws[:, 1] < _night_share(accounts, dial)
    seconds = accounts.on_clock(night.times(start[rank], stop[rank], draws[:, 0], at_night))
    order = in_time_order(rank, seconds)
    usual = accounts.usual_amount()[chosen.entity]
    bag = _Bag(accounts, dial, chosen, rank, seconds[order], draws[order], within, usual)
    return _dressed(bag, _available(accounts, chosen, start))


@dataclass(frozen=True, eq=False)
class _Bag:
    """What the steps of a plan share; events sorted by entity and time."""

    accounts: Accounts
    dial: Dial
    chosen: Chosen
    rank: Ints
    seconds: Floats
    draws: Floats
    within: Floats
    usual: Floats


def _window(accounts: Accounts, dial: Dial, chosen: Chosen) -> tuple[Floats, Floats]:
    """Return when it begins and ends, inside the time that the table covers."""
    begin, draws = accounts.seconds[chosen.anchor], chosen.draws
    by_night = draws[:, 6] < _night_share(accounts, dial)
    start = night.times(begin, begin + SECONDS_PER_DAY, draws[:, 1], by_night)
    length = dial.scenario.window.duration_h or Duration(median=18, p95=72)
    # 1.645 is the 95th percentile of the normal distribution.
    spread = np.log(length.p95 / length.median) / 1.645
    hours = length.median * np.exp(spread * normals(draws[:, 2]))
    end = np.max(accounts.seconds)
    start = np.minimum(start, end)
    return start, np.minimum(start + 3600.0 * np.minimum(hours, length.p95), end)


def _night_share(accounts: Accounts, dial: Dial) -> float:
    """Return the share of events wanted from 0 to 6 o'clock."""
    usual = float(night.is_night(accounts.seconds).mean())
    if accounts.tick >= 3600.0:
        dial.leave_out("night_share", "the table does not know the time of day")
        return usual
    return dial.ask("night_share", usual, data=usual)


def _available(accounts: Accounts, chosen: Chosen, start: Floats) -> Ints:
    """Return the balance when it begins, or what the owner had spent in 30 days."""
    if accounts.held is None:
        return accounts.recent(chosen.anchor, _RECENT_DAYS * SECONDS_PER_DAY)
    row = first_after(accounts, chosen.entity, start) - 1
    return np.maximum(accounts.held[row], 0)


def _amounts(bag: _Bag, available: Ints) -> tuple[Ints, Ints]:
    """Return wanted units and roles: spending first, then the drain of what is left.

    Where there are balances, all events together take the wanted share of the
    balance, however much the owner is used to spending.
    """
    rank, usual = bag.rank, bag.usual
    noise = np.exp(_AMOUNT_SPREAD * normals(bag.draws[:, 2]))
    plain = usual[rank] * bag.dial.ask("amount_scale", 1.0) * noise
    ratio, k = _drain_ratio(bag), len(usual)
    turn, counts = places(rank)
    drains = turn >= counts - np.maximum(counts // 3, 1)
    role = (drains & (ratio > 0)).astype(np.int64)
    total = sums(rank, plain, k)
    wanted = np.maximum(ratio * available, total)
    if bag.accounts.held is not None and ratio > 0:
        wanted = ratio * available
        plain = plain * np.minimum(1.0, wanted / total)[rank]
        total = np.minimum(total, wanted)
    drained = sums(rank, plain * role, k)
    scale = (wanted - total + drained) / np.where(drained > 0, drained, 1.0)
    units = plain * np.where(role == 1, scale[rank], 1.0)
    return np.maximum(np.floor(units), 1).astype(np.int64), role


def _drain_ratio(bag: _Bag) -> float:
    ratio = bag.dial.ask("drain_ratio", 0.0)
    if bag.accounts.held is None:
        bag.dial.leave_out("drain_ratio", "no balances; own spending of 30 days instead")
    return ratio


def _dressed(bag: _Bag, available: Ints) -> Plan:
    """Give the events their payees, country and device."""
    accounts, chosen, rank = bag.accounts, bag.chosen, bag.rank
    payees, texts = Payees.of(accounts), Texts()
    units, role = _amounts(bag, available)
    entity = chosen.entity[rank]
    near = np.sort(payees.pool)
    template = own_debits(accounts, chosen.anchor[rank], bag.draws[:, 5], near)
    source = _sources(bag, payees, units, role, template)
    new = source != template
    turn = np.where(role == 1, MOST_EVENTS, places(rank)[0])
    named = payees.name_payees(texts, new, source, chosen.position[rank], turn)
    new = named | ~payees.known(entity, source)
    abroad = _abroad(bag, payees, texts)
    new_device = _device(bag, payees, texts)
    units = as_round_as(units, accounts.spent[source], accounts.decimals)
    burst = Burst(entity, template, source, bag.seconds, units, role, texts)
    drain = "drain_ratio" if accounts.held is not None else "share_of_30_days"
    return Plan(burst, rank, bag.within, bag.usual, available, drain, new, abroad, new_device)


def _sources(bag: _Bag, payees: Payees, units: Ints, role: Ints, template: Ints) -> Ints:
    """Return rows of new kinds of events where wanted; one payee takes the whole drain."""
    if not payees.payees:
        bag.dial.leave_out("new_payee_prob", "no column means merchant, counterparty or category")
        return template
    usual = payees.new_share()
    share = bag.dial.ask("new_payee_prob", usual, data=usual)
    entity, rank, draws = bag.chosen.entity, bag.rank, bag.chosen.draws
    each = payees.similar_rows(entity[rank], units, bag.draws[:, 4])
    drained = sums(rank, units * role, len(entity)) / np.maximum(sums(rank, role, len(entity)), 1)
    sink = payees.similar_rows(entity, drained.astype(np.int64), draws[:, 8])
    new = np.where(role == 1, draws[rank, 7], bag.draws[:, 3]) < share
    return np.where(new, np.where(role == 1, sink[rank], each), template)


def _abroad(bag: _Bag, payees: Payees, texts: Texts) -> Flags:
    """One foreign country for the whole burst, more likely the farther the jump."""
    distance = bag.dial.ask("geo_jump_km", 0.0)
    if payees.country is None or len(payees.country.levels) < 2:
        bag.dial.leave_out("geo_jump_km", "no column of countries with two levels or more")
        return np.zeros(len(bag.rank), dtype=bool)
    share = 1.0 - float(np.exp(-distance / _BORDER_KM))
    bag.dial.instead("geo_jump_km", "country_change_share", share)
    wanted = bag.chosen.draws[:, 3] < share
    changes, abroad = other_levels(
        payees.country, bag.chosen, bag.rank, wanted, bag.chosen.draws[:, 4], fresh=False
    )
    texts.update(changes)
    return abroad


def _device(bag: _Bag, payees: Payees, texts: Texts) -> Flags:
    """One new device for the whole burst, or the one that the owner used last."""
    if payees.device is None:
        bag.dial.leave_out("new_device_prob", "no column means a device")
        return np.zeros(len(bag.rank), dtype=bool)
    wanted = bag.chosen.draws[:, 5] < bag.dial.ask("new_device_prob", 0.0)
    drawn = bag.chosen.draws[:, 4]
    changes, changed = other_levels(payees.device, bag.chosen, bag.rank, wanted, drawn, fresh=True)
    own = payees.own_device(bag.chosen.anchor)
    values = [own[item] for item in bag.rank.tolist()]
    for position, text in zip(*changes[payees.device.column], strict=True):
        values[position] = text
    texts[payees.device.column] = (np.arange(len(values)), values)
    return changed


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :class:`Mechanism`."""
    posted, spending = units > 0, (units > 0) & (plan.burst.role == 0)
    rank, k = plan.rank, len(plan.usual)
    counts = sums(rank, posted, k)
    logs = np.log(np.maximum(units, 1) / plan.usual[rank])
    at_night = posted & night.is_night(plan.burst.seconds)
    return {
        "velocity_scale": 1.0 + counts / plan.within,
        "amount_scale": np.exp(ratio(sums(rank, spending * logs, k), sums(rank, spending, k))),
        plan.drain: ratio(sums(rank, units, k), plan.available.astype(np.float64)),
        "night_share": ratio(sums(rank, at_night, k), counts),
        "new_payee_prob": ratio(sums(rank, posted & plan.new_payee, k), counts),
        "country_change_share": ratio(sums(rank, posted & plan.abroad, k), counts),
        "new_device_prob": ratio(sums(rank, posted & plan.new_device, k), counts),
        "n_inserted": counts,
        "duration_h": spans(rank[posted], plan.burst.seconds[posted], k) / 3600.0,
    }
