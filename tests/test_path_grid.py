"""Grids and compositions of market paths: shared out, told apart, the same bytes by whomever."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_engine import CHUNK, path_simulator
from test_market_mechanisms import paths
from test_path_command import VIEWS, run, simulated  # noqa: F401

from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.markets.stressed_paths import (
    act_on_paths,
    measure_paths,
    stress_paths,
)
from riskgen.simulate.path_stress_tally import PathStressTally
from riskgen.simulate.paths import Draw, PathPart
from riskgen.simulate.stress import Stress
from riskgen.stages.simulate import SimulateRequest, Standing, simulate_run

GRID = (0.0, 0.5, 1.0)
SEVERITIES = "0..1:3"
BOTH = "liquidity_vol_spike+correlation_breakdown"


def drawn(n: int, stress: Stress | None, draws: tuple[Draw, ...] = ()) -> PathPart:
    simulator = path_simulator()
    parts = list(simulator.parts(n, seed=1, horizon=60, stress=stress, draws=draws))
    severity = [part.severity for part in parts]
    weight = [part.weight for part in parts]
    return PathPart(
        0,
        np.concatenate([part.base for part in parts]),
        np.concatenate([part.returns for part in parts]),
        None if weight[0] is None else np.concatenate(weight),  # type: ignore[arg-type]
        None if severity[0] is None else np.concatenate(severity),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("name", ["gfc_2008", "covid_2020", BOTH])
def test_a_path_of_a_grid_is_what_it_is_alone_at_its_severity(name: str) -> None:
    whole = drawn(50, catalogue.stress(name, GRID))
    assert np.array_equal(whole.base, drawn(50, None).base)
    for k, severity in enumerate(GRID):
        alone = drawn(50, catalogue.stress(name, (severity,)))
        members = whole.members(k)
        assert np.array_equal(members, np.arange(k, 50, 3))
        assert np.array_equal(whole.returns[members], alone.returns[members])


def test_fewer_paths_of_a_grid_are_the_first_of_more() -> None:
    stress = catalogue.stress("gfc_2008", GRID)
    few, many = drawn(CHUNK + 3, stress), drawn(3 * CHUNK, stress)
    assert np.array_equal(few.returns, many.returns[: CHUNK + 3])
    assert np.array_equal(few.severity, many.severity[: CHUNK + 3])  # type: ignore[index]


def test_a_path_weighs_what_it_weighs_at_its_severity() -> None:
    stress, generator = catalogue.stress("gfc_2008", (0.5, 1.0)), path_simulator().generator
    draws = (Draw(generator), Draw(generator, lambda base, ratio: np.full(len(base), 3.0)))
    found = drawn(20, stress, draws)
    assert found.weight is not None
    assert found.weight.tolist() == [1.0, 3.0] * 10


def test_scenarios_that_go_together_happen_to_every_path_one_after_the_other() -> None:
    base, stress = paths(1000, 60), catalogue.stress(BOTH, (1.0,))
    whole = act_on_paths(base, stress.scenarios, severity=1, seed=1)
    step = base
    for scenario in stress.scenarios:
        step = stress_paths(step, scenario, severity=1, seed=1)
    assert np.array_equal(whole, step)
    reached: dict[str, float] = {}
    for scenario in stress.scenarios:
        reached |= measure_paths(base, whole, scenario)
    # Both reach what they ask for, whatever the other one does.
    assert reached["vol_scale"] == pytest.approx(2.2, rel=0.1)
    assert 8 <= reached["half_life_d"] <= 12
    assert reached["correlation_towards_one"] == pytest.approx(0.9, rel=0.1)


def test_a_column_that_is_no_price_to_one_scenario_is_none_to_the_other() -> None:
    base, stress = paths(200, 60, 4), catalogue.stress(BOTH, (1.0,))
    names = ("A", "B", "C", "volume")
    alone = stress_paths(base, stress.scenarios[0], severity=1, seed=1, assets=names)
    both = act_on_paths(base, stress.scenarios, severity=1, seed=1, assets=names)
    assert np.array_equal(both[:, :, 3], alone[:, :, 3])
    assert not np.array_equal(both[:, :, 0], alone[:, :, 0])


def test_scenarios_of_the_same_parameter_and_weights_are_refused() -> None:
    with pytest.raises(ScenarioError, match="both set vol_scale"):
        catalogue.stress("gfc_2008+liquidity_vol_spike")
    with pytest.raises(ScenarioError, match="'rates_corr_break' weighs paths"):
        catalogue.stress("correlation_breakdown+rates_corr_break")


def test_a_tally_of_a_grid_in_parts_is_that_of_the_whole() -> None:
    stress = catalogue.stress(BOTH, GRID)
    parts = list(path_simulator().parts(300, seed=1, horizon=60, stress=stress))

    def tally(first: int) -> PathStressTally:
        return PathStressTally.of(stress, seed=1, first=first, assets=("A", "B", "C"))

    whole, joined = tally(0), tally(0)
    for part in parts:
        whole.add(part)
        piece = tally(part.first)
        piece.add(part)
        joined.merge(json.loads(json.dumps(piece.state(), allow_nan=False)))
    told, again = whole.facts(), joined.facts()
    assert again["n_paths"] == told["n_paths"] == 300
    assert [act["n_paths"] for act in told["acts"]] == 6 * [100]
    assert [(act["scenario"], act["severity"]) for act in told["acts"]] == [
        (scenario.id, severity) for severity in GRID for scenario in stress.scenarios
    ]
    assert [c["name"] for c in again["assertions"]] == [c["name"] for c in told["assertions"]]
    for one, other in zip(told["acts"], again["acts"], strict=True):
        assert one["achieved"] == pytest.approx(other["achieved"])
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_workers_and_an_interruption_leave_the_same_bytes(run: Path) -> None:  # noqa: F811
    def request(**rest: object) -> SimulateRequest:
        asked = {"stress": BOTH, "severity": GRID, "horizon": 20, "scenarios": 4_500}
        return SimulateRequest(run=run, **{**asked, **rest})  # type: ignore[arg-type]

    def stop(now: Standing) -> None:
        if now.parts - now.found == 1:
            raise KeyboardInterrupt

    folder = run / "simulations" / "liquidity_vol_spike_and_correlation_breakdown"
    simulate_run(request())
    whole = digests(folder)
    assert len(whole) == 4
    simulate_run(request(workers=2))
    assert digests(folder) == whole
    with pytest.raises(KeyboardInterrupt):
        simulate_run(request(), on_progress=stop)
    simulate_run(request())
    assert digests(folder) == whole


def test_a_grid_of_paths_says_of_each_what_it_is(run: Path) -> None:  # noqa: F811
    folder = run.parent.parent
    mine = folder / "held.csv"
    mine.write_text("asset,weight\nA,0.5\nB,0.5\n")
    told = ("--stress", "covid_2020", "--severity", SEVERITIES, "--portfolio", str(mine))
    more = ("--loss-at-least", "0.1", "--out", str(folder / "grid.parquet"), "--force")
    code, said = simulated(run, *told, *more)
    assert code == 0, said
    assert "Severity 0.5" in said
    table = pl.read_parquet(folder / "grid.parquet")
    rows = table.select(pl.col("scenario_id") % 3, "stress", "mechanism", "severity").unique()
    assert rows.sort("severity").rows() == [
        (0, "base", "none", 0.0),
        (1, "covid_2020", "transform", 0.5),
        (2, "covid_2020", "transform", 1.0),
    ]
    name = "covid_2020-to-grid.parquet"
    facts = json.loads((run / "simulations" / name / "simulation.json").read_text())
    assert [act["severity"] for act in facts["acts"]] == list(GRID)
    assert facts["acts"][2]["requested"]["fall"] == -0.34
    assert any(c["name"].startswith("covid_2020 at 1: ") for c in facts["assertions"])
    assert ["precedents" in act for act in facts["acts"]] == [False, True, True]
    worst = facts["portfolios"][2]["reverse_stress"]["most_plausible"][0]
    assert worst["path"] % 3 == 2
    # The path that is told is the path that was written.
    last = pl.read_parquet(folder / "prices.parquet").row(-1)
    final = table.filter(pl.col("scenario_id") == worst["path"]).row(-1)
    lost = 1 - 0.5 * final[1] / last[1] - 0.5 * final[2] / last[2]
    assert lost == pytest.approx(worst["loss"], abs=1e-6)


def test_weights_and_regimes_of_a_grid_are_those_of_each_severity_alone(run: Path) -> None:  # noqa: F811
    folder = run.parent.parent
    (folder / "deeper.yaml").write_text(VIEWS)
    knob = "{at0: 0, at1: 0.9, scale: linear, source: {kind: judgement}}"
    text = VIEWS.replace("reweight", "condition").split("views:")[0]
    text = text.replace("id: deeper", "id: stormy") + f"parameters:\n  regime_quantile: {knob}\n"
    (folder / "stormy.yaml").write_text(text)
    for name in ("deeper", "stormy"):
        tables = []
        for severity in ("0,0.5,1", "1"):
            out = folder / "some.parquet"
            told = ("--stress", str(folder / f"{name}.yaml"), "--severity", severity)
            code, said = simulated(run, *told, "--out", str(out), "--force")
            assert code == 0, said
            tables.append(pl.read_parquet(out))
        third = pl.col("scenario_id") % 3 == 2
        assert tables[0].filter(third).equals(tables[1].filter(third)), name
        calm = tables[0].filter(pl.col("scenario_id") % 3 == 0)
        assert (calm["weight"] == 1.0).all()


@pytest.mark.parametrize(
    ("value", "step", "words"),
    [
        (0.22, "larger base", "4 paths are drawn for each that is kept"),
        (0.3, "tilted draws", "the generator's own draws are tilted"),
    ],
)
def test_escalated_paths_are_the_same_by_any_workers_and_the_screen_says_so(
    run: Path,  # noqa: F811
    value: float,
    step: str,
    words: str,
) -> None:
    folder = run.parent.parent
    text = VIEWS.replace("id: deeper", "id: deepest").replace("value: 0.06", f"value: {value}")
    (folder / "deepest.yaml").write_text(text)
    tables = []
    for workers in ("1", "2"):
        out = folder / f"deepest{workers}.parquet"
        told = ("--stress", str(folder / "deepest.yaml"), "--out", str(out), "--force")
        code, said = simulated(run, *told, "--workers", workers, "--scenarios", "2200")
        assert code == 0, said
        assert words in " ".join(said.split())
        tables.append(out.read_bytes())
    assert tables[0] == tables[1]
    name = "deepest-to-deepest1.parquet"
    facts = json.loads((run / "simulations" / name / "simulation.json").read_text())
    assert facts["escalation"]["step"] == step
    assert facts["plausibility"]["pool"]["kish"] >= 200 > facts["escalation"]["tried"][0]["kish"]
    assert facts["plausibility"]["kl"] == pytest.approx(facts["escalation"]["tried"][-1]["kl"])
