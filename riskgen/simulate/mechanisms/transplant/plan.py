"""A planned transplant, and what really came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst
from riskgen.simulate.mechanisms.sums import ratio, spans, sums
from riskgen.simulate.mechanisms.transplant.donors import CLOCK_JITTER_MIN

_HASTY = 0.95  # of the usual gap: longer ones leave no pace to be measured [J]


@dataclass(frozen=True, eq=False)
class Plan:
    """A burst, and what is needed to say afterwards how it went.

    Attributes
    ----------
    burst : Burst
        The planted events.
    rank : ndarray of shape (m,), int64
        Place of each event's entity among the chosen.
    usual : ndarray of shape (m,)
        Usual amount of the receiver, in units.
    usual_gap : ndarray of shape (k,)
        Usual seconds between events of each receiver.
    clock : ndarray of shape (k,)
        Seconds after midnight at which each receiver's case began; NaN where unknown.
    multiple, gap : ndarray of shape (m,)
        What the case had: amount in usual amounts, seconds since the event before.
    case_new, new : dict of str to ndarray of shape (m,), bool
        What was new to the case's owner, and what is new to the receiver.
    """

    burst: Burst
    rank: Ints = field(repr=False)
    usual: Floats = field(repr=False)
    usual_gap: Floats = field(repr=False)
    clock: Floats = field(repr=False)
    multiple: Floats = field(repr=False)
    gap: Floats = field(repr=False)
    case_new: dict[str, Flags] = field(repr=False)
    new: dict[str, Flags] = field(repr=False)


def measure(plan: Plan, units: Ints) -> dict[str, Floats]:
    """Return what each touched entity really got, by parameter and statistic.

    The shares are slopes through the origin: how much of the case's log
    multiples (log gaps) the planted events show, over the receiver's usual amount (gap).

    Parameters
    ----------
    plan : Plan
        What was planned.
    units : ndarray of shape (m,), int64
        What was posted of each event; 0 for nothing.

    Returns
    -------
    dict of str to ndarray of shape (k,)
        NaN where an entity has no such events.
    """
    posted, rank, k = units > 0, plan.rank, len(plan.usual_gap)
    counts = sums(rank, posted, k)
    got = np.log(np.maximum(units, 1) / plan.usual)
    found = {
        "amount_share": _slope(rank, got, np.log(plan.multiple), posted, k),
        "pace_share": _pace(plan, posted),
        "clock_prob": _on_time(plan, posted),
        "amount_scale": np.exp(ratio(sums(rank, posted * got, k), counts)),
        "n_inserted": counts,
        "duration_h": spans(rank[posted], plan.burst.seconds[posted], k) / 3600.0,
    }
    for name, new in plan.new.items():
        asked = posted & plan.case_new[name] if name in plan.case_new else posted & False
        found[f"new_{name}_prob"] = ratio(sums(rank, asked & new, k), sums(rank, asked, k))
    return found


def _pace(plan: Plan, posted: Flags) -> Floats:
    """Return the slope of log gaps among posted events that follow a posted one."""
    rank, usual = plan.rank, plan.usual_gap[plan.rank]
    step = np.diff(plan.burst.seconds, prepend=0.0)
    before = np.concatenate([[False], posted])[: len(posted)]
    follows = posted & before & (np.diff(rank, prepend=-1) == 0) & (step > 0)
    follows &= (plan.gap > 0) & (plan.gap < _HASTY * usual)
    wanted = np.log(np.where(follows, plan.gap / usual, 1.0))
    reached = np.log(np.where(follows, step / usual, 1.0))
    return _slope(rank, reached, wanted, follows, len(plan.usual_gap))


def _on_time(plan: Plan, posted: Flags) -> Floats:
    """Return whether each burst begins at its case's time of day, up to the jitter (0 or 1)."""
    begin = np.full(len(plan.clock), np.nan)
    np.fmin.at(begin, plan.rank[posted], plan.burst.seconds[posted])
    half = SECONDS_PER_DAY / 2
    off = np.abs(np.mod(begin - plan.clock + half, SECONDS_PER_DAY) - half)
    return np.where(np.isfinite(off), off <= 60.0 * CLOCK_JITTER_MIN + 1.0, np.nan)


def _slope(rank: Ints, got: Floats, wanted: Floats, keep: Flags, count: int) -> Floats:
    return ratio(sums(rank, keep * got * wanted, count), sums(rank, keep * wanted**2, count))
