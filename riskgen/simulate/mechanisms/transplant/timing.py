"""When a transplanted burst happens: the case's time of day and gaps, stretched when milder.

A gap shorter than the receiver's usual one goes from the usual one to the case's
own on a log scale; a longer one stays, since there is nothing milder about haste.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.draws import normals
from riskgen.simulate.mechanisms.population import Chosen
from riskgen.simulate.mechanisms.transplant.donors import CLOCK_JITTER_MIN, GAP_JITTER
from riskgen.simulate.mechanisms.transplant.shapes import Shapes


class Timing(NamedTuple):
    """Times of planted events.

    Attributes
    ----------
    seconds : ndarray of shape (m,)
        As the table would hold them.
    inside : ndarray of shape (m,), bool
        Whether the table reaches so far.
    usual_gap : ndarray of shape (k,)
        Usual seconds between events of each receiver.
    """

    seconds: Floats
    inside: Flags
    usual_gap: Floats


def blend(ordinary: Floats, special: Floats, share: float) -> Floats:
    """Return ``ordinary`` at share 0 and ``special`` at 1, on a log scale between (both > 0)."""
    if share == 1.0:
        return special
    return np.asarray(np.exp((1 - share) * np.log(ordinary) + share * np.log(special)))


def gaps(case: Floats, usual: Floats, share: float) -> Floats:
    """Return gaps in seconds at a share of the haste of a case.

    Parameters
    ----------
    case, usual : ndarray of shape (m,)
        Gaps of the case, and the receiver's usual ones; seconds.
    share : float
        0 the receiver's pace, 1 the case's.
    """
    # A second stands in for no time at all, which has no logarithm.
    hasty = blend(usual, np.maximum(case, 1.0), share)
    return np.where(case < usual, case if share == 1.0 else hasty, case)


def timing(
    accounts: Accounts,
    dial: Dial,
    chosen: Chosen,
    shapes: Shapes,
    donor: Ints,
    events: tuple[Ints, Ints, Floats],
) -> Timing:
    """Return when the planted events happen.

    Parameters
    ----------
    accounts, dial, chosen, shapes
        Table, parameters, receivers and cases.
    donor : ndarray of shape (k,), int64
        Case of each receiver.
    events : tuple of (m,) arrays
        Event of ``shapes``, receiver's rank, uniform numbers for the jitter.
    """
    at, rank, uniform = events
    usual = 1.0 / accounts.pace()[chosen.entity]
    first = np.diff(rank, prepend=-1) != 0
    jittered = shapes.gap[at] * np.exp(GAP_JITTER * normals(uniform))
    step = gaps(jittered, usual[rank], dial.ask("pace_share", 1.0))
    step[first] = 0.0
    elapsed = np.cumsum(step)
    elapsed -= elapsed[first][rank]
    start = _start(accounts, dial, chosen, shapes.clock[donor])
    seconds, end = start[rank] + elapsed, accounts.seconds.max()
    return Timing(accounts.on_clock(seconds), seconds <= end, usual)


def _start(accounts: Accounts, dial: Dial, chosen: Chosen, clock: Floats) -> Floats:
    """Return the first time of day that is wanted within a day of the anchor."""
    begin = accounts.seconds[chosen.anchor]
    if np.isnan(clock).any():
        dial.leave_out("clock_prob", "the table does not know the time of day")
        start = begin + chosen.draws[:, 1] * SECONDS_PER_DAY
    else:
        offset = accounts.events.offsets[chosen.entity]
        own = offset + np.floor(chosen.draws[:, 2] * (chosen.anchor - offset + 1)).astype(np.int64)
        kept = chosen.draws[:, 3] < dial.ask("clock_prob", 1.0)
        minutes = (2 * chosen.draws[:, 1] - 1) * CLOCK_JITTER_MIN
        of_day = np.where(kept, clock, accounts.seconds[own]) + 60.0 * minutes
        start = begin + np.mod(of_day - begin, SECONDS_PER_DAY)
    return np.asarray(np.minimum(start, accounts.seconds.max()))
