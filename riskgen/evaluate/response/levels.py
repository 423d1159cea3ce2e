"""From where on a response acts: levels learned on genuine customers of the generator's part.

A learned level has at least eleven customers beyond it and two digits, so that no single
customer's value is written down (PROTOCOL C7).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.features.per_event import HELD_BY
from riskgen.evaluate.response.periods import Periods
from riskgen.evaluate.response.plan import Response

Floats = NDArray[np.float64]

PER = 10_000.0  # customers that rates are told for


def levels_of(response: Response, values: Floats, events: Events, periods: Periods) -> list[float]:
    """Return the levels of ``response`` that are tried, increasing.

    Parameters
    ----------
    response : Response
        What is looked at and how levels are given.
    values : ndarray of shape (n_events,)
        What it sees of genuine customers; -inf where it can never act.
    events : Events
        These customers.
    periods : Periods
        Months that "in a month" means.
    """
    if response.level.at_most:
        return sorted(set(response.level.at_most))
    assert response.level.exceeded_by is not None
    if response.kind == "country_block" and response.countries:
        return [0.0]
    base = exceeded_level(values, events, periods, response.level.exceeded_by)
    if base is None:
        return [0.0]
    if response.kind in ("step_up", "alert"):
        return sorted({round(base + math.log(times), 2) for times in response.level.times})
    if response.of == "count":
        return sorted({float(max(1, round(base * times))) for times in response.level.times})
    return sorted({rounded_up(base * times) for times in response.level.times})


def exceeded_level(values: Floats, events: Events, periods: Periods, rate: float) -> float | None:
    """Return the value that ``rate`` of 10,000 customers exceed in a month.

    A higher rate where fewer than eleven customers would be beyond it; None when there
    are not so many for whom anything is seen.
    """
    period = periods.of_seconds(events.seconds())
    inside = period >= 0
    key = events.owner * periods.count + period
    highest = np.full(events.n_entities * periods.count, -np.inf)
    np.maximum.at(highest, key[inside], values[inside])
    seen = np.flatnonzero(np.isfinite(highest))
    order = seen[np.argsort(-highest[seen], kind="stable")]
    months = float(periods.exposure(events).sum())
    holders = _distinct(order // periods.count)
    enough = np.flatnonzero(holders >= HELD_BY)
    if len(enough) == 0:
        return None
    place = max(int(rate / PER * months), int(enough[0]) + 1)
    return float(highest[order[min(place, len(order) - 1)]])


def rounded_up(value: float) -> float:
    """Return ``value`` with two digits, not less than it was."""
    if value <= 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.6g}")


def _distinct(owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many different owners occur up to each place."""
    fresh = np.zeros(len(owner), dtype=np.int64)
    fresh[np.unique(owner, return_index=True)[1]] = 1
    return np.cumsum(fresh)
