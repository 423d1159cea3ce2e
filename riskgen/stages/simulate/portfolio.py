"""What a simulation of paths means to the user's portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskgen.data.market.portfolio import Portfolio, read_portfolio
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.paths import Draw, PathPart, PathSimulator
from riskgen.simulate.portfolios.outcomes import FEATURES, Outcomes
from riskgen.simulate.portfolios.reverse import find, story
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.path_plan import PathPlan
from riskgen.stages.simulate.request import PartTask, SimulateRequest


def held_portfolio(fitted: Fitted, request: SimulateRequest, plan: PathPlan) -> Portfolio | None:
    """Return the portfolio that the user names, valued at the prices that paths go on from."""
    if request.portfolio is None:
        return None
    assets = [channel.name for channel in fitted.schema.with_role("channel")]
    return read_portfolio(request.portfolio, assets, plan.start.prices)


@dataclass(frozen=True, eq=False)
class Holdings:
    """What the paths of each severity do to a portfolio.

    Attributes
    ----------
    severities : tuple of float
        Of the stress; one where there is none.
    outcomes : tuple of Outcomes
        One for each.
    """

    severities: tuple[float, ...]
    outcomes: tuple[Outcomes, ...]

    @classmethod
    def of(cls, task: PartTask) -> Holdings | None:
        """Return what adds up the outcomes of paths, if there is a portfolio."""
        assert task.paths is not None
        held, seed = task.paths.portfolio, task.request.seed
        if held is None:
            return None
        severities = (0.0,) if task.stress is None else task.stress.severities
        n = len(severities)
        return cls(severities, tuple(Outcomes(held, seed, first=k, step=n) for k in range(n)))

    def add(self, part: PathPart) -> None:
        """Take note of the paths that follow."""
        for k, outcomes in enumerate(self.outcomes):
            members = part.members(k)
            outcomes.add(part if len(members) == len(part) else part.take(members))

    def merge(self, states: Sequence[str]) -> None:
        """Take over the :meth:`state` of the part that follows those already added."""
        for outcomes, state in zip(self.outcomes, states, strict=True):
            outcomes.merge(state)

    def state(self) -> list[str]:
        """Return what :meth:`merge` takes."""
        return [outcomes.state() for outcomes in self.outcomes]

    def facts(
        self, task: PartTask, simulator: PathSimulator, draws: Sequence[Draw]
    ) -> dict[str, Any]:
        """Return the portfolio's risk and, if asked for, the paths on which it loses so much.

        Of a grid under ``portfolios``, each with its severity: losses of several
        severities together have no law.
        """
        told = [_facts(one, task, simulator, draws) for one in self.outcomes if len(one.rows)]
        if len(self.severities) == 1:
            return told[0]
        pairs = zip(self.severities, told, strict=False)
        return {"portfolios": [{"severity": severity, **facts} for severity, facts in pairs]}


def _facts(
    outcomes: Outcomes, task: PartTask, simulator: PathSimulator, draws: Sequence[Draw]
) -> dict[str, Any]:
    told: dict[str, Any] = {"portfolio": outcomes.facts()}
    if task.request.loss_at_least is None:
        return told
    found, paths = find(outcomes, task.request.loss_at_least)
    usual = np.median(outcomes.rows[:, 3 + len(FEATURES) :], axis=0)
    lines = [found["sentence"]]
    for entry, number in zip(found.get("most_plausible", []), paths.tolist(), strict=True):
        returns = _path(simulator, task, draws, int(number))
        assets = simulator.encoder.assets
        entry["story"] = story(returns, outcomes.portfolio, assets, usual)
        lines.append(_line(entry))
    return {**told, "reverse_stress": {**found, "lines": lines}}


def _path(simulator: PathSimulator, task: PartTask, draws: Sequence[Draw], number: int) -> Floats:
    """Draw one path again: its chunk is all that it needs."""
    chunk = number // simulator.generator.chunk
    parts = simulator.parts(
        number + 1,
        seed=task.request.seed,
        horizon=task.request.horizon,
        stress=task.stress,
        draws=draws,
        chunks=range(chunk, chunk + 1),
    )
    part = next(iter(parts))
    path: Floats = part.returns[number - part.first]
    return path


def _line(entry: dict[str, Any]) -> str:
    rare = 100 * entry["percentile_in_base"]
    return (
        f"Path {entry['path']} loses {entry['loss']:.4g} and lies farther out than {rare:.1f} % of "
        f"the base (M² {entry['m2']:.1f}). {entry['story']}"
    )
