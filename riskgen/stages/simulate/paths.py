"""From a run to simulated market paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.data.market.paths import PathStart
from riskgen.data.schema import unknown_name
from riskgen.errors import RiskgenError
from riskgen.runs import read_json
from riskgen.simulate.mechanisms.markets.players import players
from riskgen.simulate.mechanisms.markets.stressed_paths import regime_of
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.paths import PathPart, PathSimulator
from riskgen.simulate.reweighting.reweighting import Reweighting, pool_size, solve
from riskgen.simulate.reweighting.statistics import Market
from riskgen.simulate.reweighting.weight_tally import WeightTally
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.stream import write_paths
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.history import precedents
from riskgen.stages.simulate.path_plan import PathPlan
from riskgen.stages.simulate.path_start import start_from
from riskgen.stages.simulate.portfolio import held_portfolio, outcomes_of, portfolio_facts
from riskgen.stages.simulate.request import PartTask, SimulateRequest, plain_facts


def plan_paths(
    fitted: Fitted, request: SimulateRequest, scenario: StressScenario | None, severity: float
) -> PathPlan:
    """Return how the paths begin, and what they weigh.

    Raises
    ------
    RiskgenError
        When the scenario does not fit the assets, or is beyond reach.
    """
    _check_assets(fitted, request)
    regime = regime_of(scenario, severity)
    if request.start_from is None:
        start = PathStart.from_state(read_json(fitted.run.path / "start.json"), fitted.schema)
        plan = PathPlan(start, None, regime)
    elif regime > 0.0:
        raise RiskgenError(
            f"--start-from begins in the market of a day, and scenario '{request.stress}' in a "
            "regime of its own. Leave one of them out."
        )
    else:
        plan = PathPlan(*start_from(fitted, request))
    plan = replace(plan, portfolio=held_portfolio(fitted, request, plan))
    simulator = _simulator(fitted, plan)
    if scenario is None or scenario.mechanism != "reweight" or severity == 0.0:
        return plan
    return replace(plan, reweighting=_solved(simulator, request, scenario, severity, plan.start))


def draw_paths(fitted: Fitted, task: PartTask) -> dict[str, Any]:
    """Write one part of a simulation; return what it holds, and its tally."""
    assert task.paths is not None
    request, solved = task.request, task.paths.reweighting
    tally = _tally(fitted, task, task.chunks.start * fitted.generator.chunk)
    outcomes = outcomes_of(task)

    parts = _simulator(fitted, task.paths).parts(
        request.scenarios,
        seed=request.seed,
        horizon=request.horizon,
        scenario=task.scenario,
        severity=task.provenance.severity,
        chunks=task.chunks,
        weigh=None if solved is None else solved.weights,
    )

    def watched() -> Iterator[PathPart]:
        for part in parts:
            for taker in (tally, outcomes):
                if taker is not None:
                    taker.add(part)
            yield part

    said = task.provenance
    written = write_paths(watched(), task.path, task.paths.start, said, assets=request.assets)
    return {
        **written,
        "tally": {
            "paths": None if tally is None else tally.state(),
            "outcomes": None if outcomes is None else outcomes.state(),
        },
    }


def path_facts(
    fitted: Fitted, task: PartTask, tallies: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what was asked and reached, from the tallies of all parts in their order."""
    tally, outcomes = _tally(fitted, task, 0), outcomes_of(task)
    for state in tallies:
        if tally is not None:
            tally.merge(state["paths"])
        if outcomes is not None:
            outcomes.merge(state["outcomes"])
    told = plain_facts(task.request) if tally is None else tally.facts()
    if outcomes is not None:
        assert task.paths is not None
        told |= portfolio_facts(outcomes, task, _simulator(fitted, task.paths))
    if isinstance(tally, PathTally) and task.provenance.severity > 0:
        told["precedents"] = precedents(fitted, task.request, tally.medians())
    remarks = [*told.get("remarks", []), *_remarks(task)]
    return {**told, **_path_facts(task), **({"remarks": remarks} if remarks else {})}


def _remarks(task: PartTask) -> list[str]:
    assert task.paths is not None
    if task.paths.recent is None:
        return []
    day = task.paths.start.date
    return [f"The generator may have learned from days after {day}: this is no forecast of them."]


def _check_assets(fitted: Fitted, request: SimulateRequest) -> None:
    assert not isinstance(fitted.encoder, EventEncoder)
    known = list(fitted.encoder.assets)
    for name in request.assets:
        if name not in known:
            raise RiskgenError(unknown_name("asset", name, known))


def _path_facts(task: PartTask) -> dict[str, Any]:
    assert task.paths is not None
    begun = "any regime"
    if task.paths.recent is not None:
        begun = f"the market of {task.paths.start.date}"
    elif task.paths.regime > 0.0:
        begun = f"regimes above quantile {task.paths.regime:g} of volatility"
    return {
        "horizon": task.request.horizon,
        "start": str(task.paths.start.date),
        "begins_in": begun,
    }


def _tally(fitted: Fitted, task: PartTask, first: int) -> PathTally | WeightTally | None:
    if task.scenario is None:
        return None
    assert task.paths is not None
    assert not isinstance(fitted.encoder, EventEncoder)
    severity, seed = task.provenance.severity, task.request.seed
    if task.paths.reweighting is not None:
        return WeightTally(task.paths.reweighting, severity, seed)
    return PathTally(task.scenario, severity, seed, first, assets=fitted.encoder.assets)


def _simulator(fitted: Fitted, plan: PathPlan) -> PathSimulator:
    assert not isinstance(fitted.encoder, EventEncoder)
    return PathSimulator(plan.begun(fitted.generator), fitted.encoder)


def _solved(
    simulator: PathSimulator,
    request: SimulateRequest,
    scenario: StressScenario,
    severity: float,
    start: PathStart,
) -> Reweighting:
    """Return the weights, solved on the first paths of the simulation, written or not."""
    assets = simulator.encoder.assets
    market = Market(assets, players(scenario, assets), start.prices)
    count = pool_size(request.horizon, len(assets))
    pool = simulator.draw(count, seed=request.seed, horizon=request.horizon)
    return solve(scenario, severity, pool, market, seed=request.seed)
