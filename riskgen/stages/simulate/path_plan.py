"""How market paths begin and what they weigh: settled once, the same for every part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from riskgen.data.market.paths import PathStart
from riskgen.data.market.portfolio import Portfolio
from riskgen.data.panel import SequencePanel
from riskgen.models.base import Generator
from riskgen.models.beginning import beginning
from riskgen.simulate.reweighting.reweighting import Reweighting


@dataclass(frozen=True, eq=False)
class PathPlan:
    """What the parts of a market simulation share: plain data.

    Attributes
    ----------
    start : PathStart
        Date and prices that the paths go on from.
    recent : SequencePanel or None
        Real days that come before the paths; None where they begin anywhere.
    regime : float
        Quantile of volatility above which they begin.
    reweighting : Reweighting or None
        What the paths weigh; all alike when None.
    portfolio : Portfolio or None
        What is held, if the user says so.
    """

    start: PathStart = field(repr=False)
    recent: SequencePanel | None = field(default=None, repr=False)
    regime: float = 0.0
    reweighting: Reweighting | None = field(default=None, repr=False)
    portfolio: Portfolio | None = None

    def begun(self, generator: Generator) -> Generator:
        """Return the generator whose paths begin where this plan says.

        Raises
        ------
        RiskgenError
            When it cannot be told where to begin.
        """
        # Both promise that what comes back draws as a generator does.
        if self.recent is not None:
            return cast(Generator, beginning(generator, "--start-from").after(self.recent))
        if self.regime > 0.0:
            what = "A scenario with 'regime_quantile'"
            return cast(Generator, beginning(generator, what).within(self.regime))
        return generator
