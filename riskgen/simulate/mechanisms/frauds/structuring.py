"""Structuring: cash comes in below the sum from which a bank must report it.

Several deposits a week, nearly all just below the threshold and none at or
above it (31 USC 5324; the threshold is that of 31 CFR 1010.311).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY, ranges
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst
from riskgen.simulate.mechanisms.cash import cash_rows
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draft import Draft
from riskgen.simulate.mechanisms.night import at_hour_of
from riskgen.simulate.mechanisms.payees import Payees
from riskgen.simulate.mechanisms.population import Chosen, preferring, soon_after, time_left
from riskgen.simulate.mechanisms.sums import ratio, spans, sums
from riskgen.simulate.mechanisms.wear import worn

NEEDS: tuple[str, ...] = ("amount",)
USES: tuple[str, ...] = ("balance", "category", "channel", "label")
PARAMETERS = frozenset(
    {
        "threshold",
        "band_low",
        "band_share",
        "deposits_per_week_low",
        "deposits_per_week_high",
        "n_weeks",
        "cash_share",
    }
)
MOST_DEPOSITS = 60  # [J]
_PER_ENTITY, _PER_EVENT = 4, 4
WIDTH = _PER_ENTITY + _PER_EVENT * MOST_DEPOSITS
_WEEK = 7 * SECONDS_PER_DAY
_SMALL = 0.3  # of the threshold: smallest deposit outside the band [J]
_NOTES = (1, 5, 10, 20, 50)
_FINE = 0.005  # of the threshold: the largest note that amounts are rounded to [J]


@dataclass(frozen=True, eq=False)
class Plan:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        All events are deposits.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    count : int
        Number of chosen entities.
    low, threshold : float
        Band, in units.
    n_weeks : float
        Weeks that it takes.
    cash : ndarray of shape (m,), bool
        Whether the events say that they are cash.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    count: int
    low: float
    threshold: float
    n_weeks: float
    cash: Flags = field(repr=False)


def narrow(accounts: Accounts, dial: Dial, rows: Flags) -> Flags:
    """Return the rows with time for all weeks if possible.

    Raises
    ------
    ScenarioError
        When no event of the table brings money in.
    """
    if len(accounts.credits) == 0:
        raise ScenarioError(
            f"Scenario '{dial.scenario.id}' deposits money, but no event of the table brings "
            "money in. Use a table with signed amounts, or with a balance."
        )
    return preferring(accounts, rows, time_left(accounts) >= dial.most("n_weeks", 1.0) * _WEEK)


def plan(accounts: Accounts, dial: Dial, chosen: Chosen) -> Plan:
    """Return the deposits of every chosen owner."""
    rank, turn, counts = _counts(dial, chosen)
    columns = _PER_ENTITY + turn[:, None] * _PER_EVENT + np.arange(_PER_EVENT)
    draws = chosen.draws[rank[:, None], columns]
    weeks, scale = dial.ask("n_weeks", 4.0), 10.0**accounts.decimals
    begin = soon_after(accounts, chosen.anchor, chosen.draws[:, 1])
    place = np.clip((turn + draws[:, 0] - 0.5) / np.maximum(counts[rank] - 1, 1), 0, 1)
    first, last = turn == 0, turn == counts[rank] - 1
    place = np.where(first, 0.0, np.where(last, 1.0, place))
    threshold = dial.ask("threshold", 10_000.0) * scale
    dial.instead("threshold", "largest_share_of_threshold", 1.0)
    low = dial.ask("band_low", 0.8) * threshold
    units = _amounts(dial, draws, low, threshold)
    payees = Payees.of(accounts, stranger=False)
    source, looks = _sources(accounts, dial, chosen, payees, rank, units, draws[:, 3])
    units = _in_notes(accounts, units, looks, low, threshold)
    seconds = begin[rank] + place * weeks * _WEEK
    hours = at_hour_of(seconds, accounts.seconds[looks])
    seconds = np.where(first | last, seconds, np.clip(hours, begin[rank], seconds.max(initial=0)))
    draft = Draft.of(rank, seconds, units, source, turn=looks, credit=True).ordered(accounts)
    texts = worn(accounts, draft.source, draft.turn)
    burst = draft.burst(accounts, chosen, chosen.draws[:, 2], texts)
    cash = cash_rows(accounts)[draft.turn]
    return Plan(burst, draft.rank, len(counts), low, threshold, weeks, cash)


def _counts(dial: Dial, chosen: Chosen) -> tuple[Ints, Ints, Ints]:
    """Return whose event each is, which of the owner's, and how many each owner has."""
    low, high = dial.ask("deposits_per_week_low", 1.0), dial.ask("deposits_per_week_high", 1.0)
    for name in ("deposits_per_week_low", "deposits_per_week_high"):
        dial.instead(name, "deposits_per_week", (low + high) / 2)
    rate = low + chosen.draws[:, 0] * (high - low)
    counts = np.floor(rate * dial.most("n_weeks", 4.0) + chosen.draws[:, 3])
    counts = np.clip(counts, 1, MOST_DEPOSITS).astype(np.int64)
    return np.repeat(np.arange(len(counts)), counts), ranges(counts), counts


def _amounts(dial: Dial, draws: Floats, low: float, threshold: float) -> Ints:
    """Return units inside the band in the wanted share, below it otherwise, never above."""
    inside = draws[:, 1] < dial.ask("band_share", 1.0)
    within = low + draws[:, 2] * (threshold - low)
    below = (_SMALL + draws[:, 2] * (low / threshold - _SMALL)) * threshold
    units = np.floor(np.where(inside, np.maximum(within, low + 1), below)).astype(np.int64)
    return np.clip(units, 1, max(int(np.ceil(threshold)) - 1, 1))


def _in_notes(accounts: Accounts, units: Ints, looks: Ints, low: float, threshold: float) -> Ints:
    """Round to notes as small as the real ones, and leave each amount on its side of the band."""
    example, result = accounts.moved[looks], units.copy()
    for step in _NOTES:
        note = int(step * 10**accounts.decimals)
        fits = (np.mod(example, note) == 0) & (note <= _FINE * threshold)
        result = np.where(fits, units // note * note, result)
    # Below the band, or the lowest note in it.
    fallen = (units > low) & (result <= low)
    return np.maximum(np.where(fallen, units, result), 1)


def _sources(
    accounts: Accounts,
    dial: Dial,
    chosen: Chosen,
    payees: Payees,
    rank: Ints,
    units: Ints,
    uniform: Floats,
) -> tuple[Ints, Ints]:
    """Return the rows that events take their direction from, and those they look like."""
    entity, cash = chosen.entity[rank], cash_rows(accounts)
    incoming, outgoing = payees.incoming(), payees.within(cash)
    deposits = incoming.within(cash)
    dial.ask("cash_share", 1.0)
    if len(deposits.pool):
        rows = deposits.similar_rows(entity, units, uniform)
        return rows, rows
    rows = incoming.similar_rows(entity, units, uniform)
    if len(outgoing.pool):
        dial.note("cash_share", "no cash comes in; deposits look like the cash that goes out")
        return rows, outgoing.similar_rows(entity, units, uniform)
    dial.leave_out("cash_share", "no kind of event speaks of cash; like other money that comes in")
    return rows, rows


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got; see :class:`Mechanism`."""
    rank, k, posted = plan.rank, plan.count, units > 0
    counts = sums(rank, posted, k)
    inside = posted & (units > plan.low) & (units < plan.threshold)
    largest = np.zeros(k)
    np.maximum.at(largest, rank, units / plan.threshold)
    smallest = np.full(k, np.inf)
    np.minimum.at(smallest, rank[inside], units[inside] / plan.threshold)
    seconds = plan.burst.seconds
    return {
        "band_low": np.where(np.isfinite(smallest), smallest, np.nan),
        "deposits_per_week": counts / plan.n_weeks,
        "band_share": ratio(sums(rank, inside, k), counts),
        "largest_share_of_threshold": np.where(counts > 0, largest, np.nan),
        "cash_share": ratio(sums(rank, posted & plan.cash, k), counts),
        "n_weeks": spans(rank[posted], seconds[posted], k) / _WEEK,
        "n_inserted": counts,
        "duration_h": spans(rank[posted], seconds[posted], k) / 3600.0,
    }
