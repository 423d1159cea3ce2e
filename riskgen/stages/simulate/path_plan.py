"""How market paths begin and what they weigh: settled once, the same for every part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from riskgen.data.market.paths import PathStart
from riskgen.data.market.portfolio import Portfolio
from riskgen.data.panel import SequencePanel
from riskgen.models.base import Generator
from riskgen.models.beginning import beginning
from riskgen.simulate.paths import Draw
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
    regimes : tuple of float
        Quantile of volatility above which they begin, at each severity of the stress.
    weighing : tuple of Reweighting or None
        What the paths of each severity weigh; all alike where None.
    portfolio : Portfolio or None
        What is held, if the user says so.
    """

    start: PathStart = field(repr=False)
    recent: SequencePanel | None = field(default=None, repr=False)
    regimes: tuple[float, ...] = (0.0,)
    weighing: tuple[Reweighting | None, ...] = field(default=(None,), repr=False)
    portfolio: Portfolio | None = None

    def draws(self, generator: Generator) -> tuple[Draw, ...]:
        """Return how paths come about at each severity, from a fitted generator.

        Raises
        ------
        RiskgenError
            When it cannot be told where to begin.
        """
        begun = {regime: self._begun(generator, regime) for regime in self.regimes}
        return tuple(
            Draw(begun[regime])
            if solved is None
            else Draw(begun[regime], solved.weights, solved.factor, solved.chances)
            for regime, solved in zip(self.regimes, self.weighing, strict=True)
        )

    def _begun(self, generator: Generator, regime: float) -> Generator:
        # Both promise that what comes back draws as a generator does.
        if self.recent is not None:
            return cast(Generator, beginning(generator, "--start-from").after(self.recent))
        if regime > 0.0:
            what = "A scenario with 'regime_quantile'"
            return cast(Generator, beginning(generator, what).within(regime))
        return generator
