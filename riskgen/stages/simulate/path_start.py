"""Paths that go on from a day of the past: its prices, and the days before it.

A run keeps no prices but the last; the table is read again where it lies.
"""

from __future__ import annotations

import numpy as np

from riskgen.data.encoding import EventEncoder
from riskgen.data.market.paths import PathStart
from riskgen.data.panel import SequencePanel
from riskgen.errors import RiskgenError
from riskgen.models.beginning import RECENT
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import PriceMaterial
from riskgen.stages.simulate.request import SimulateRequest

FEWEST = 60  # days before a start that the longest memory of volatility needs [J]


def start_from(fitted: Fitted, request: SimulateRequest) -> tuple[PathStart, SequencePanel]:
    """Return where the paths begin and the last days up to there, encoded.

    The day itself is the last one that is known; where the table has no such day, the
    one before it.

    Raises
    ------
    RiskgenError
        When the date cannot be read, or too few days come before it.
    """
    assert not isinstance(fitted.encoder, EventEncoder)
    day = _day(str(request.start_from))
    material = fitted.material(request.data, request.password_file, request.context)
    assert isinstance(material, PriceMaterial)
    prices = material.prices
    last = int(np.searchsorted(prices.dates, day, side="right"))
    first = max(last - 1 - RECENT, max((s for s in prices.starts if s < last), default=0))
    if last - first <= FEWEST or day > prices.dates[-1]:
        raise RiskgenError(
            f"--start-from {day} has {max(last - 1, 0)} of the table's days before it; the table "
            f"goes from {prices.dates[0]} to {prices.dates[-1]}. Name a day in it with at least "
            f"{FEWEST} unbroken days before."
        )
    recent = prices.rows([(first, last)])
    start = PathStart(prices.schema, recent.dates[-1], recent.values[-1].copy(), prices.step)
    return start, fitted.encoder.encode(recent)


def _day(text: str) -> np.datetime64:
    try:
        return np.datetime64(text, "D")
    except ValueError as error:
        raise RiskgenError(
            f"--start-from '{text}' is not a date. Write it as 2008-08-29."
        ) from error
