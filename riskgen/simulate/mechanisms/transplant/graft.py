"""Plant the shapes of cases into other entities' sequences, as badly as asked for.

Severity moves each receiver from its own habit to the case: amounts and pace on a
log scale, novelty on a logit scale. At 1 the shape is what it was, up to the jitter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from riskgen.data.events import ranges
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst, as_round_as
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draws import normals
from riskgen.simulate.mechanisms.habits import Habits
from riskgen.simulate.mechanisms.payees import Payees, Texts
from riskgen.simulate.mechanisms.population import Chosen, own_rows
from riskgen.simulate.mechanisms.transplant.cases import MOST_EVENTS
from riskgen.simulate.mechanisms.transplant.donors import AMOUNT_JITTER, Donors
from riskgen.simulate.mechanisms.transplant.levels import new_levels
from riskgen.simulate.mechanisms.transplant.novelty import groups, kept_new
from riskgen.simulate.mechanisms.transplant.plan import Plan, measure
from riskgen.simulate.mechanisms.transplant.shapes import Shapes
from riskgen.simulate.mechanisms.transplant.sources import Sources, Wanted, share_payees
from riskgen.simulate.mechanisms.transplant.timing import blend, timing

_PER_ENTITY, _PER_EVENT = 4, 8
_AMOUNT, _GAP, _PAYEE, _CATEGORY, _COUNTRY, _DEVICE, _SOURCE, _TEMPLATE = range(_PER_EVENT)


@dataclass(frozen=True, eq=False)
class Transplant:
    """The mechanism with the cases that it works from.

    Attributes
    ----------
    donors : Donors
        One case or more.
    """

    donors: Donors
    WIDTH: ClassVar[int] = _PER_ENTITY + _PER_EVENT * MOST_EVENTS
    PARAMETERS: ClassVar[frozenset[str]] = frozenset(
        {
            "amount_share",
            "pace_share",
            "clock_prob",
            "new_payee_prob",
            "new_category_prob",
            "new_country_prob",
            "new_device_prob",
        }
    )

    def plan(self, accounts: Accounts, dial: Dial, chosen: Chosen) -> Plan:
        """Return the burst of every chosen entity; each gets one case, all as often."""
        bag = _Bag.of(accounts, dial, chosen, self.donors.shapes)
        return _dressed(bag, _units(bag))

    def measure(self, plan: Plan, units: Ints) -> dict[str, Floats]:
        """Return what each touched entity really got, by parameter and statistic."""
        return measure(plan, units)


@dataclass(frozen=True, eq=False)
class _Bag:
    """What the steps of a plan share; events sorted by entity and time."""

    accounts: Accounts
    dial: Dial
    chosen: Chosen
    shapes: Shapes
    sources: Sources
    at: Ints = field(repr=False)
    rank: Ints = field(repr=False)
    draws: Floats = field(repr=False)
    seconds: Floats = field(repr=False)
    usual_gap: Floats = field(repr=False)
    clock: Floats = field(repr=False)

    @classmethod
    def of(cls, accounts: Accounts, dial: Dial, chosen: Chosen, shapes: Shapes) -> _Bag:
        """Give each receiver a case, and its events a time."""
        donor = np.floor(chosen.draws[:, 0] * len(shapes)).astype(np.int64)
        at, rank = shapes.gather(donor)
        place = ranges(shapes.lengths[donor])
        columns = _PER_ENTITY + place[:, None] * _PER_EVENT + np.arange(_PER_EVENT)
        draws = np.asarray(chosen.draws[rank[:, None], columns])
        when = timing(accounts, dial, chosen, shapes, donor, (at, rank, draws[:, _GAP]))
        sources = Sources.of(accounts, Payees.of(accounts))
        keep = when.inside & _possible(sources, dial, shapes)[at]
        parts = (at[keep], rank[keep], draws[keep], when.seconds[keep], when.usual_gap)
        return cls(accounts, dial, chosen, shapes, sources, *parts, shapes.clock[donor])

    @property
    def entity(self) -> Ints:
        return self.chosen.entity[self.rank]

    @property
    def usual(self) -> Floats:
        """Usual amount of the receiver of each event, in units."""
        return self.accounts.usual_amount()[self.entity]

    @property
    def case(self) -> tuple[Floats, Floats]:
        """Multiple and gap that each event had in its case."""
        return self.shapes.multiple[self.at], self.shapes.gap[self.at]

    def kept_new(self, name: str, habit: float, draw: int) -> Flags:
        """Return which events should be new to the receiver as they were to the owner."""
        novelty = self.shapes.novelty.get(name)
        if novelty is None:
            self.dial.leave_out(f"new_{name}_prob", f"no column of its own means a {name}")
            return np.zeros(len(self.at), dtype=bool)
        share = self.dial.ask(f"new_{name}_prob", 1.0, data=habit)
        group = novelty.group[self.at]
        return kept_new(self.rank, group, novelty.new[self.at], self.draws[:, draw], share)


def _possible(sources: Sources, dial: Dial, shapes: Shapes) -> Flags:
    """Return which events of the shapes the table can show: money in, money out."""
    credit = np.array([kind.credit for kind in shapes.kinds])[shapes.kind]
    keep = np.ones(len(credit), dtype=bool)
    for way, words in ((True, "in"), (False, "out")):
        if (credit == way).any() and not sources.has(way):
            keep[credit == way] = False
            dial.omitted.append(f"events with money {words}: no event of the table has any")
    return keep


def _units(bag: _Bag) -> Ints:
    """Return the wanted amounts: from the receiver's usual one to as many of it as in the case."""
    multiple = bag.shapes.multiple[bag.at] * np.exp(AMOUNT_JITTER * normals(bag.draws[:, _AMOUNT]))
    ordinary = np.ones(len(multiple))
    scale = blend(ordinary, multiple, bag.dial.ask("amount_share", 1.0))
    return np.maximum(np.rint(bag.usual * scale), 1).astype(np.int64)


def _dressed(bag: _Bag, units: Ints) -> Plan:
    """Give the events their kind, payees, country and device."""
    accounts, chosen, payees = bag.accounts, bag.chosen, bag.sources.payees
    rank, entity, texts = bag.rank, bag.entity, Texts()
    wanted = {"payee": bag.kept_new("payee", payees.new_share(), _PAYEE)}
    category = bag.sources.category
    wanted["category"] = bag.kept_new("category", _new_share(bag, category), _CATEGORY)
    source, lead, turn = _sources(bag, units, wanted)
    named = payees.name_payees(texts, wanted["payee"], source, chosen.position[rank], turn)
    share_payees(payees, texts, (source, lead), named)
    got = {"payee": named | ~payees.known(entity, lead)}
    if category is not None:
        got["category"] = ~category.used(entity, category.codes[source])
    for name, habits, draw in (
        ("country", payees.country, _COUNTRY),
        ("device", payees.device, _DEVICE),
    ):
        wanted[name] = bag.kept_new(name, _new_share(bag, habits), draw)
        if habits is not None and name in bag.shapes.novelty:
            got[name] = _column(bag, name, habits, wanted[name], texts)
    units = as_round_as(units, accounts.moved[source], accounts.decimals)
    credit = accounts.received[source] > 0
    role = np.zeros(len(units), dtype=np.int64)
    rows = (entity, _templates(bag, credit), source, bag.seconds, units, role, texts, credit)
    shape = (rank, bag.usual, bag.usual_gap, bag.clock, *bag.case)
    case_new = {name: item.new[bag.at] for name, item in bag.shapes.novelty.items()}
    return Plan(Burst(*rows), *shape, case_new, got)


def _sources(bag: _Bag, units: Ints, wanted: dict[str, Flags]) -> tuple[Ints, Ints, Ints]:
    """Return rows to copy from, the rows that name the payees, and numbers of payees.

    Events of one payee share a row, money in and money out one each.
    """
    novelty = bag.shapes.novelty.get("payee")
    place = np.arange(len(bag.at)) - np.searchsorted(bag.rank, bag.rank)
    group = np.full(len(place), -1) if novelty is None else novelty.group[bag.at]
    kind = bag.shapes.kind[bag.at]
    credit = np.array([item.credit for item in bag.shapes.kinds])[kind]
    own = np.where(group >= 0, 2 * group + credit, 2 * MOST_EVENTS + place)
    keys = bag.rank * 3 * MOST_EVENTS + own
    _, first, slot = np.unique(keys, return_index=True, return_inverse=True)
    anchor = bag.chosen.anchor[bag.rank]
    parts = (bag.entity, anchor, units, wanted["payee"], wanted["category"], bag.draws[:, _SOURCE])
    one_each = (bag.rank[first], Wanted(*parts).at(first), kind[first], bag.shapes.kinds)
    rows = bag.sources.apart(*one_each)
    _, leading, payee = groups(bag.rank, np.where(group >= 0, group, MOST_EVENTS + place))
    return rows[slot], rows[slot][leading][payee], np.maximum(group, 0)


def _column(bag: _Bag, name: str, habits: Habits, wanted: Flags, texts: Texts) -> Flags:
    """Write countries or devices: another one, the receiver's own, or none as in the case."""
    draw = bag.draws[:, _COUNTRY if name == "country" else _DEVICE]
    group = bag.shapes.novelty[name].group[bag.at]
    changes, changed = new_levels(habits, bag.chosen, bag.rank, group, wanted, draw)
    values: dict[int, str | None] = {}
    if name == "device":
        own = bag.sources.payees.own_device(bag.chosen.anchor)
        values = {place: own[item] for place, item in enumerate(bag.rank.tolist())}
    if (habits.codes < 0).any():
        values |= dict.fromkeys(np.flatnonzero(group < 0).tolist())
    values |= dict(zip(changes[0].tolist(), changes[1], strict=True))
    texts[habits.column] = (np.array(list(values), dtype=np.int64), list(values.values()))
    return changed


def _templates(bag: _Bag, credit: Flags) -> Ints:
    """Return an earlier row of each receiver, of the same direction where it has one.

    Events of one country in the case get one row, and so one country of the receiver's.
    """
    anchor = bag.chosen.anchor[bag.rank]
    novelty = bag.shapes.novelty.get("country")
    group = np.zeros(len(anchor), dtype=np.int64) if novelty is None else novelty.group[bag.at]
    _, first, slot = groups(bag.rank, group)
    uniform = bag.draws[:, _TEMPLATE][first][slot]
    out, _ = own_rows(bag.accounts, bag.accounts.debits, anchor, uniform)
    if not credit.any():
        return out
    back, found = own_rows(bag.accounts, bag.accounts.credits, anchor, uniform)
    return np.where(credit & found, back, out)


def _new_share(bag: _Bag, habits: Habits | None) -> float:
    """Return the share of events with a level that is new to their owner."""
    if habits is None or len(habits.codes) == 0:
        return float("nan")
    return float(habits.first_uses(bag.accounts.events.owner).mean())
