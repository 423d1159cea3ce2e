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
from riskgen.simulate.path_stress_tally import PathStressTally
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.paths import PathPart, PathSimulator
from riskgen.simulate.reweighting.escalation import escalated
from riskgen.simulate.reweighting.pools import Source
from riskgen.simulate.reweighting.reweighting import Reweighting
from riskgen.simulate.reweighting.statistics import Market
from riskgen.simulate.stream import write_paths
from riskgen.simulate.stress import Stress
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.history import precedents
from riskgen.stages.simulate.path_plan import PathPlan
from riskgen.stages.simulate.path_start import start_from
from riskgen.stages.simulate.portfolio import Holdings, held_portfolio
from riskgen.stages.simulate.request import PartTask, SimulateRequest, plain_facts


def plan_paths(fitted: Fitted, request: SimulateRequest, stress: Stress | None) -> PathPlan:
    """Return how the paths begin, and what they weigh, at each severity.

    Raises
    ------
    RiskgenError
        When a scenario does not fit the assets, or is beyond reach.
    """
    _check_assets(fitted, request)
    severities = (0.0,) if stress is None else stress.severities
    scenarios = () if stress is None else stress.scenarios
    regimes = tuple(regime_of(scenarios, severity) for severity in severities)
    if request.start_from is None:
        start = PathStart.from_state(read_json(fitted.run.path / "start.json"), fitted.schema)
        plan = PathPlan(start)
    elif any(regimes):
        raise RiskgenError(
            f"--start-from begins in the market of a day, and scenario '{request.stress}' in a "
            "regime of its own. Leave one of them out."
        )
    else:
        plan = PathPlan(*start_from(fitted, request))
    held, nothing = held_portfolio(fitted, request, plan), (None,) * len(severities)
    plan = replace(plan, regimes=regimes, weighing=nothing, portfolio=held)
    plan.draws(fitted.generator)
    if stress is None or stress.mechanism != "reweight":
        return plan
    return replace(plan, weighing=_weighing(fitted, request, stress, plan))


def draw_paths(fitted: Fitted, task: PartTask) -> dict[str, Any]:
    """Write one part of a simulation; return what it holds, and its tally."""
    assert task.paths is not None
    request, simulator = task.request, _simulator(fitted)
    tally = _tally(fitted, task, task.chunks.start * fitted.generator.chunk)
    holdings = Holdings.of(task)

    parts = simulator.parts(
        request.scenarios,
        seed=request.seed,
        horizon=request.horizon,
        stress=task.stress,
        draws=task.paths.draws(fitted.generator),
        chunks=task.chunks,
    )

    def watched() -> Iterator[PathPart]:
        for part in parts:
            for taker in (tally, holdings):
                if taker is not None:
                    taker.add(part)
            yield part

    said = task.provenance
    written = write_paths(watched(), task.path, task.paths.start, said, assets=request.assets)
    return {
        **written,
        "tally": {
            "paths": None if tally is None else tally.state(),
            "outcomes": None if holdings is None else holdings.state(),
        },
    }


def path_facts(
    fitted: Fitted, task: PartTask, tallies: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what was asked and reached, from the tallies of all parts in their order."""
    assert task.paths is not None
    tally, holdings = _tally(fitted, task, 0), Holdings.of(task)
    for state in tallies:
        if tally is not None:
            tally.merge(state["paths"])
        if holdings is not None:
            holdings.merge(state["outcomes"])
    told = plain_facts(task.request) if tally is None else tally.facts()
    if tally is not None:
        for act, one in zip(told.get("acts", [told]), tally.tallies, strict=True):
            if isinstance(one, PathTally) and one.severity > 0:
                act["precedents"] = precedents(fitted, task.request, one.medians())
    if holdings is not None:
        told |= holdings.facts(task, _simulator(fitted), task.paths.draws(fitted.generator))
    remarks = [*told.get("remarks", []), *_remarks(task)]
    return {**told, **_path_facts(task), **({"remarks": remarks} if remarks else {})}


def _remarks(task: PartTask) -> list[str]:
    assert task.paths is not None
    solved = [one.escalation.get("sentence") for one in task.paths.weighing if one is not None]
    done = [sentence for sentence in solved if sentence]
    if task.paths.recent is None:
        return done
    day = task.paths.start.date
    return [
        *done,
        f"The generator may have learned from days after {day}: this is no forecast of them.",
    ]


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
    elif any(task.paths.regimes):
        above = " or ".join(f"{regime:g}" for regime in task.paths.regimes)
        begun = f"regimes above quantile {above} of volatility"
    return {
        "horizon": task.request.horizon,
        "start": str(task.paths.start.date),
        "begins_in": begun,
    }


def _tally(fitted: Fitted, task: PartTask, first: int) -> PathStressTally | None:
    if task.stress is None:
        return None
    assert task.paths is not None
    assert not isinstance(fitted.encoder, EventEncoder)
    return PathStressTally.of(
        task.stress,
        seed=task.request.seed,
        first=first,
        assets=fitted.encoder.assets,
        weighing=task.paths.weighing,
    )


def _simulator(fitted: Fitted) -> PathSimulator:
    assert not isinstance(fitted.encoder, EventEncoder)
    return PathSimulator(fitted.generator, fitted.encoder)


def _weighing(
    fitted: Fitted, request: SimulateRequest, stress: Stress, plan: PathPlan
) -> tuple[Reweighting | None, ...]:
    """Return the weights, solved on the first paths of the simulation, written or not."""
    assert not isinstance(fitted.encoder, EventEncoder)
    (scenario,), assets = stress.scenarios, fitted.encoder.assets
    market = Market(assets, players(scenario, assets), plan.start.prices)
    found = list[Reweighting | None]()
    for severity, draw in zip(stress.severities, plan.draws(fitted.generator), strict=True):
        if severity == 0.0:
            found.append(None)
            continue
        simulator = PathSimulator(draw.generator, fitted.encoder)
        source = Source(simulator, request.seed, request.horizon)
        found.append(escalated(scenario, severity, source, market, seed=request.seed))
    return tuple(found)
