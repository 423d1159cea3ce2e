"""How market paths begin and what they weigh: settled once, the same for every part."""

from __future__ import annotations

from dataclasses import dataclass, field

from riskgen.data.market.paths import PathStart
from riskgen.simulate.reweighting.reweighting import Reweighting


@dataclass(frozen=True, eq=False)
class PathPlan:
    """What the parts of a market simulation share: plain data.

    Attributes
    ----------
    start : PathStart
        Date and prices that the paths go on from.
    reweighting : Reweighting or None
        What the paths weigh; all alike when None.
    """

    start: PathStart = field(repr=False)
    reweighting: Reweighting | None = field(default=None, repr=False)
