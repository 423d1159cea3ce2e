"""What a simulation of paths means to the user's portfolio."""

from __future__ import annotations

from typing import Any

import numpy as np

from riskgen.data.market.portfolio import Portfolio, read_portfolio
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.paths import PathSimulator
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


def outcomes_of(task: PartTask) -> Outcomes | None:
    """Return what adds up the outcomes of paths, if there is a portfolio."""
    assert task.paths is not None
    if task.paths.portfolio is None:
        return None
    return Outcomes(task.paths.portfolio, task.request.seed)


def portfolio_facts(outcomes: Outcomes, task: PartTask, simulator: PathSimulator) -> dict[str, Any]:
    """Return the portfolio's risk and, if asked for, the paths on which it loses so much."""
    told: dict[str, Any] = {"portfolio": outcomes.facts()}
    if task.request.loss_at_least is None:
        return told
    found, paths = find(outcomes, task.request.loss_at_least)
    usual = np.median(outcomes.rows[:, 3 + len(FEATURES) :], axis=0)
    lines = [found["sentence"]]
    for entry, number in zip(found.get("most_plausible", []), paths.tolist(), strict=True):
        returns = _path(simulator, task, int(number))
        assets = simulator.encoder.assets
        entry["story"] = story(returns, outcomes.portfolio, assets, usual)
        lines.append(_line(entry))
    return {**told, "reverse_stress": {**found, "lines": lines}}


def _path(simulator: PathSimulator, task: PartTask, number: int) -> Floats:
    """Draw one path again: its chunk is all that it needs."""
    chunk = number // simulator.generator.chunk
    parts = simulator.parts(
        number + 1,
        seed=task.request.seed,
        horizon=task.request.horizon,
        scenario=task.scenario,
        severity=task.provenance.severity,
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
