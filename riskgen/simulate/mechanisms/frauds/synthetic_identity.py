"""A ring of made-up identities: thin files for months, then all bust out within days.

Ten to thirty customers who do not exist share an address, a phone or a device.
Their histories are thin; then each uses all of its credit, cash-like, in the same
week, and none is heard of again (PROTOCOL E4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, ranges
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst, Edits
from riskgen.simulate.mechanisms.cashflow import first_after
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draws import rotations
from riskgen.simulate.mechanisms.frauds import spree
from riskgen.simulate.mechanisms.frauds.spree import Spree
from riskgen.simulate.mechanisms.links import Links, links
from riskgen.simulate.mechanisms.nurture import MONTH_D, nurtured
from riskgen.simulate.mechanisms.population import FEWEST_BEFORE
from riskgen.simulate.mechanisms.rings import Plot, Ringed
from riskgen.simulate.mechanisms.sums import counts, ratio, spans, sums

NEEDS: tuple[str, ...] = ("amount",)
USES: tuple[str, ...] = (
    "balance",
    "credit_limit",
    "address",
    "phone",
    "device",
    "category",
    "channel",
    "merchant",
    "counterparty",
    "country",
    "label",
)
PARAMETERS = spree.PARAMETERS | {
    "ring_low",
    "ring_high",
    "file_months",
    "thin_share",
    "link_share",
    "sync_d",
}
COMMON = 1
_LOST = 0.5  # of the balance that a thinner file may be without [J]
WIDTH = spree.WIDTH + 3


@dataclass(frozen=True, eq=False)
class Plan:
    """A spree of every member, and what they have in common.

    Attributes
    ----------
    spree : Spree
        What happens.
    ring : ndarray of shape (k,), int64
        Ring of each entity.
    links : Links
        Who is linked with the ring, by what.
    thinned, before : ndarray of shape (k,)
        Events that left the file, and events that might have.
    history_d : ndarray of shape (k,)
        Days of own history before it.
    wanted_d : float
        Days that are enough.
    """

    spree: Spree
    ring: Ints = field(repr=False)
    links: Links = field(repr=False)
    thinned: Floats = field(repr=False)
    before: Floats = field(repr=False)
    history_d: Floats = field(repr=False)
    wanted_d: float

    @property
    def burst(self) -> Burst:
        """What is to be posted."""
        return self.spree.burst


def narrow(accounts: Accounts, dial: Dial, rows: Flags) -> Flags:
    """Return the rows after a file of so many months."""
    return nurtured(accounts, dial, "file_months", rows)


def plot(accounts: Accounts, dial: Dial) -> Plot:
    """Return how many identities a ring has, and how long it lasts."""
    low, high = int(dial.most("ring_low", 10.0)), int(dial.most("ring_high", 30.0))
    lead, room = dial.most("file_months", 9.0) * MONTH_D, dial.most("sync_d", 7.0)
    return Plot(low, max(high, low), lead, room, least=np.ones(accounts.events.n_entities))


def plan(accounts: Accounts, dial: Dial, chosen: Ringed) -> Plan:
    """Return what becomes of the files, and the spree of every member."""
    low, high = dial.ask("ring_low", 10.0), dial.ask("ring_high", 30.0)
    for name in ("ring_low", "ring_high"):
        dial.instead(name, "ring_size", (low + high) / 2)
    own = chosen.draws[:, spree.WIDTH :]
    slack = max(dial.ask("sync_d", 7.0) - dial.most("ramp_d", 5.0), 0.0) * SECONDS_PER_DAY
    begin = chosen.begin + own[:, 0] * slack
    linked = links(accounts, dial, chosen, own[:, 1] < dial.ask("link_share", 0.0))
    removed, before = _thinned(accounts, dial, chosen, own[:, 2])
    edits = Edits(removed, linked.context)
    parts = spree.spree(accounts, dial, chosen, begin, edits, linked.devices)
    rank = np.searchsorted(chosen.entity, accounts.events.owner[removed])
    first = accounts.seconds[accounts.events.offsets[chosen.entity]]
    history = (begin - first) / SECONDS_PER_DAY
    thinned, wanted = counts(rank, len(begin)), dial.most("file_months", 0.0) * MONTH_D
    return Plan(parts, chosen.ring, linked, thinned, before, history, wanted)


def _thinned(
    accounts: Accounts, dial: Dial, chosen: Ringed, uniform: Floats
) -> tuple[Ints, Floats]:
    """Return rows that leave the files, and how many each file had; the first events stay.

    Where less than half of the balance would be left, money that came in stays
    and more of what went out leaves.
    """
    share = dial.ask("thin_share", 0.0)
    start = accounts.events.offsets[chosen.entity] + FEWEST_BEFORE
    count = np.maximum(first_after(accounts, chosen.entity, chosen.begin) - start, 0)
    rows = np.repeat(start, count) + ranges(count)
    rank, place = np.repeat(np.arange(len(count)), count), ranges(count)
    lots = rotations(uniform, int(count.max(initial=0)))
    gone = lots[rank, place] < share
    if accounts.held is not None:
        flow = (accounts.received - accounts.spent)[rows]
        poorer = sums(rank, flow * gone, len(count)) > _LOST * accounts.held[chosen.anchor]
        raised = share * ratio(count, sums(rank, flow <= 0, len(count)))
        gone = np.where(poorer[rank], (flow <= 0) & (lots[rank, place] < raised[rank]), gone)
    return rows[gone], count.astype(np.float64)


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :func:`spree.measure`.

    What a ring has in common stands at each of its members, its size at the first.
    """
    ring, posted = plan.ring, units > 0
    n_rings = int(ring.max(initial=-1)) + 1
    size = np.bincount(ring, minlength=n_rings).astype(np.float64)
    of_event = ring[plan.spree.rank]
    days = spans(of_event[posted], plan.burst.seconds[posted], n_rings) / SECONDS_PER_DAY
    first = np.diff(ring, prepend=-1) > 0
    return {
        **spree.measure(plan.spree, units),
        **plan.links.measure(ring),
        "ring_size": np.where(first, size[ring], np.nan),
        "sync_d": days[ring],
        "thin_share": ratio(plan.thinned, plan.before),
        "nurtured_share": (plan.history_d >= plan.wanted_d).astype(np.float64),
    }
