"""Simulating paths by command: from a day of the past, and for a portfolio."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from riskgen.cli import group
from riskgen.errors import RiskgenError

N_DAYS = 900


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GARCH of two assets whose second half is four times as wild."""
    folder = tmp_path_factory.mktemp("paths")
    rng = np.random.default_rng(0)
    scale = np.where(np.arange(N_DAYS) % 300 < 150, 0.005, 0.02)[:, None]
    moves = scale * (rng.normal(size=(N_DAYS, 1)) + 0.5 * rng.normal(size=(N_DAYS, 2)))
    prices = 100.0 * np.exp(np.cumsum(moves, axis=0))
    dates = np.busday_offset("2015-01-01", np.arange(N_DAYS), roll="forward")
    table = pl.DataFrame({"date": pl.Series(dates), "A": prices[:, 0], "B": prices[:, 1]})
    table.write_parquet(folder / "prices.parquet")
    told = ["fit", str(folder / "prices.parquet"), "--generator", "garch", "-q"]
    options = ["--option", "fewest_days=200", "--runs", str(folder / "runs")]
    done = CliRunner().invoke(group, [*told, *options])
    assert done.exit_code == 0, done.output
    return next((folder / "runs").iterdir())


def simulated(run: Path, *told: str) -> tuple[int, str]:
    fixed = ["simulate", "--run", str(run), "--scenarios", "300", "--horizon", "20"]
    done = CliRunner().invoke(group, [*fixed, *told])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_paths_go_on_from_the_prices_and_the_storm_of_a_day(run: Path) -> None:
    table = pl.read_parquet(run.parent.parent / "prices.parquet")
    found = {}
    for row in (440, 590):  # the end of a calm, and of a storm
        day, out = table["date"][row], run.parent.parent / f"{row}.parquet"
        code, said = simulated(run, "--start-from", str(day), "--out", str(out), "--force")
        assert code == 0, said
        assert "this is no forecast" in said
        drawn = pl.read_parquet(out)
        assert drawn["date"].min() > day
        first = drawn.filter(pl.col("date") == drawn["date"].min())["A"]
        assert float(first.median()) == pytest.approx(table["A"][row], rel=0.02)  # type: ignore[arg-type]
        found[row] = float((first / table["A"][row]).std())  # type: ignore[arg-type]
    assert found[590] > 2 * found[440]


def test_a_day_without_days_before_it_is_refused(run: Path) -> None:
    for day, said in (("2015-01-20", "days before it"), ("2030-01-01", "days before it")):
        with pytest.raises(RiskgenError, match=said):
            simulated(run, "--start-from", day)
    with pytest.raises(RiskgenError, match="is not a date"):
        simulated(run, "--start-from", "yesterday")


def test_a_portfolio_has_a_table_of_risks_and_a_story_of_its_loss(run: Path) -> None:
    mine = run.parent.parent / "mine.csv"
    mine.write_text("asset,weight\nA,0.5\nB,0.5\n")
    code, said = simulated(run, "--portfolio", str(mine), "--loss-at-least", "0.05")
    assert code == 0, said
    assert "97.5 %" in said
    assert "What costs most is" in said
    facts = json.loads((run / "simulations" / "base" / "simulation.json").read_text())
    assert [risk["level"] for risk in facts["portfolio"]["risk"]] == [0.95, 0.975, 0.99]
    worst = facts["reverse_stress"]["most_plausible"][0]
    # The path that is told is the path that was written.
    written = pl.read_parquet(run / "simulations" / "base" / "*.parquet")
    rows = written.filter(pl.col("scenario_id") == worst["path"])
    last = pl.read_parquet(run.parent.parent / "prices.parquet").row(-1)
    final = rows.row(-1)
    lost = 1 - 0.5 * final[1] / last[1] - 0.5 * final[2] / last[2]
    assert lost == pytest.approx(worst["loss"], abs=1e-6)


def test_a_loss_without_a_portfolio_is_a_misuse(run: Path) -> None:
    code, said = simulated(run, "--loss-at-least", "0.05")
    assert code == 2
    assert "needs --portfolio" in said


VIEWS = """
schema: riskgen.scenario/v1
id: deeper
title: Deeper drawdowns
domain: market
typology: credit_crisis
mechanism: reweight
severity: {default: 1.0}
views:
  - {stat: max_drawdown, op: "=", value: 0.06, source: {kind: judgement}}
assert:
  - {stat: view_error, op: "<=", value: 0.01}
"""


def test_a_path_keeps_its_weight_whatever_was_asked_for_and_severity_0_is_the_base(
    run: Path,
) -> None:
    folder = run.parent.parent
    (folder / "deeper.yaml").write_text(VIEWS)
    stress = ("--stress", str(folder / "deeper.yaml"), "--force")
    for name, more in {
        "many": (*stress, "--scenarios", "600"),
        "few": (*stress, "--scenarios", "300", "--workers", "2"),
        "calm": (*stress, "--severity", "0"),
        "base": ("--force",),
    }.items():
        code, said = simulated(run, *more, "--out", str(folder / f"{name}.parquet"))
        assert code == 0, said
    many, few = (pl.read_parquet(folder / f"{name}.parquet") for name in ("many", "few"))
    assert few.equals(many.filter(pl.col("scenario_id") < 300))
    assert few["weight"].n_unique() > 100
    assert (few["mechanism"] == "reweight").all()
    base = pl.read_parquet(folder / "base.parquet")
    assert pl.read_parquet(folder / "calm.parquet").equals(base)
    # The paths are those of the base: nothing new is drawn.
    assert few.select("date", "A", "B").equals(base.select("date", "A", "B"))
    facts = json.loads(
        (run / "simulations" / "deeper-to-few.parquet" / "simulation.json").read_text()
    )
    assert facts["requested"] == pytest.approx({"max_drawdown": 0.06})
    assert facts["achieved"] == pytest.approx({"max_drawdown": 0.06}, rel=1e-4)
    assert facts["effective"]["n"] == 300
    assert facts["plausibility"]["pool"]["n"] == 10_000


def test_paths_that_begin_in_the_worst_regimes_are_wilder(run: Path) -> None:
    folder = run.parent.parent
    text = VIEWS.replace("reweight", "condition").split("views:")[0]
    knob = "{at0: 0, at1: 0.9, scale: linear, source: {kind: judgement}}"
    text = text.replace("id: deeper", "id: stormy") + f"parameters:\n  regime_quantile: {knob}\n"
    (folder / "stormy.yaml").write_text(text)
    spread = {}
    for severity in ("0", "1"):
        out = folder / "stormy.parquet"
        told = ("--stress", str(folder / "stormy.yaml"), "--severity", severity)
        code, said = simulated(run, *told, "--out", str(out), "--force")
        assert code == 0, said
        paths = np.log(pl.read_parquet(out)["A"].to_numpy().reshape(300, 20))
        spread[severity] = float(np.diff(paths[:, :5], axis=1).std())
    assert spread["1"] > 1.2 * spread["0"]
