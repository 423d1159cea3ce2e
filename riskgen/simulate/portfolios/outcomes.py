"""What each path does to a portfolio: a few numbers a path, added up part by part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.market.portfolio import Portfolio
from riskgen.simulate.behaviour import path_behaviour
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.paths import PathPart
from riskgen.simulate.portfolios.risk import tail_risks, weighted_quantile
from riskgen.simulate.reweighting.effective import Effective
from riskgen.simulate.reweighting.statistics import within_correlation
from riskgen.simulate.sampled import packed, unpacked

FEATURES = ("mean_return", "volatility", "max_drawdown", "worst_day", "correlation")
"""What a path looks like: of its equal-weighted index, and the mean over pairs."""
_COLUMNS = 3 + 2 * len(FEATURES)


@dataclass(eq=False)
class Outcomes:
    """Profit, fall, weight and look of every path.

    Attributes
    ----------
    portfolio : Portfolio
        What is held.
    seed : int
        Seed of the simulation.
    first, step : int
        Number of the first path, and from each to the next: those of one severity of a
        grid are not neighbours.
    """

    portfolio: Portfolio
    seed: int
    first: int = 0
    step: int = 1
    _rows: list[Floats] = field(default_factory=list, repr=False)

    def add(self, part: PathPart) -> None:
        """Take note of the paths that follow."""
        profits = self.portfolio.profits(part.returns)
        weight = np.ones(len(part)) if part.weight is None else part.weight
        base = looks(part.base)
        moved = base if part.returns is part.base else looks(part.returns)
        self._rows.append(np.column_stack([profits[:, -1], falls(profits), weight, moved, base]))

    def merge(self, state: str) -> None:
        """Take over the :meth:`state` of the part that follows those already added."""
        self._rows.append(unpacked(state).reshape(-1, _COLUMNS))

    def state(self) -> str:
        """Return what :meth:`merge` takes."""
        return packed(np.concatenate(self._rows))

    @property
    def rows(self) -> Floats:
        """Profit, fall, weight, look and look of the base, one row a path."""
        self._rows = [np.concatenate(self._rows)]
        return self._rows[0]

    def number(self, row: int) -> int:
        """Return the number in the whole simulation of the path in a row."""
        return self.first + self.step * row

    def facts(self) -> dict[str, Any]:
        """Return the distribution of profits, tail risks and falls, as JSON values."""
        profit, fall, weight = self.rows[:, :3].T
        risks = tail_risks(-profit, weight, seed=self.seed)
        quantiles = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
        return {
            "unit": "share of value" if self.portfolio.sized_by == "weight" else "amount",
            "value": self.portfolio.value,
            "n_paths": len(profit),
            "n_effective": Effective.of(weight).kish,
            "mean": float(np.average(profit, weights=weight)),
            "profit": {f"{q:g}": weighted_quantile(profit, weight, q) for q in quantiles},
            "risk": [risk.facts() for risk in risks],
            "fall": {f"{q:g}": weighted_quantile(fall, weight, q) for q in (0.5, 0.95, 0.99)},
            "note": "VaR and ES over the whole horizon; intervals tell the number of paths, "
            "not the generator's error.",
        }


def falls(profits: Floats) -> Floats:
    """Return the largest fall of profits from their peak, today included, shape (n_paths,)."""
    whole = np.concatenate([np.zeros((len(profits), 1)), profits], axis=1)
    return np.asarray((np.maximum.accumulate(whole, axis=1) - whole).max(axis=1))


def looks(returns: Floats) -> Floats:
    """Return :data:`FEATURES` of each path, shape (n_paths, 5)."""
    values, _ = path_behaviour(returns, FEATURES[:-1])
    return np.column_stack([values, within_correlation(returns)])
