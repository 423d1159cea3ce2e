"""Grids and compositions from the command line: shared out, told apart, and judged each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
from test_simulation_parts import ENVIRONMENT, RISKGEN, run  # noqa: F401

from riskgen.data.events import Events
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.mosaic import act_out
from riskgen.simulate.stress_tally import StressTally

GRID = (0.0, 0.5, 1.0)


def simulate(run: Path, *words: str, codes: tuple[int, ...] = (0,)) -> str:  # noqa: F811
    command = [*RISKGEN, "simulate", "--run", str(run), "--seed", "7", "-q", *words]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode in codes, done.stderr
    return done.stdout + done.stderr


def facts_of(run: Path, name: str) -> dict:  # noqa: F811
    return json.loads((run / "simulations" / name / "simulation.json").read_text())


def test_a_grid_is_shared_out_and_every_severity_is_told(run: Path, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "grid.parquet"
    words = ("--stress", "ato_drain", "--scenarios", "900", "--out", str(out))
    # A handful of touched customers may break an assertion: exit 3, and all is kept.
    simulate(run, *words, "--severity", "0..1:3", codes=(0, 3))
    table = pl.read_parquet(out)
    touched = table.filter(pl.col("stress") == "ato_drain")
    assert set(touched["severity"].unique()) == {0.5, 1.0}
    turns = touched.select(pl.col("scenario_id") % 3, pl.col("severity")).unique().sort("severity")
    assert turns.rows() == [(1, 0.5), (2, 1.0)]
    facts = facts_of(run, "ato_drain-to-grid.parquet")
    assert facts["severity"] == list(GRID)
    assert [act["severity"] for act in facts["acts"]] == list(GRID)
    assert sum(act["n_entities"] for act in facts["acts"]) == facts["n_entities"] == 900
    assert facts["acts"][0]["n_touched"] == 0
    assert facts["acts"][1]["severity_curve"]
    assert not facts["acts"][2]["severity_curve"]
    assert any(c["name"].startswith("ato_drain at 0.5: ") for c in facts["assertions"])
    assert facts["roles"]["ato_drain"]["amount"] == "amount"
    assert facts["roles"]["ato_drain"]["device"] is None


def test_the_sequences_of_a_grid_are_those_of_their_severity_alone(
    run: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    grid, alone = tmp_path / "grid.parquet", tmp_path / "alone.parquet"
    words = ("--stress", "ato_drain", "--scenarios", "600")
    simulate(run, *words, "--severity", "0.5,1", "--out", str(grid), codes=(0, 3))
    simulate(run, *words, "--severity", "1", "--out", str(alone), codes=(0, 3))
    odd = pl.col("scenario_id") % 2 == 1
    assert pl.read_parquet(grid).filter(odd).equals(pl.read_parquet(alone).filter(odd))


def test_frauds_that_are_composed_stand_in_one_table(run: Path, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "both.parquet"
    words = ("--stress", "ato_drain+card_testing_burst", "--severity", "1", "--scenarios", "900")
    simulate(run, *words, "--out", str(out), codes=(0, 3))
    table = pl.read_parquet(out)
    assert set(table["stress"].unique()) == {"base", "ato_drain", "card_testing_burst"}
    per_customer = table.group_by("scenario_id").agg(pl.col("stress").n_unique())
    assert per_customer["stress"].max() == 1
    facts = facts_of(run, "ato_drain_and_card_testing_burst-to-both.parquet")
    assert [act["scenario"] for act in facts["acts"]] == ["ato_drain", "card_testing_burst"]
    assert facts["mechanism"] == "transform"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--severity", "much"), "cannot be read"),
        (("--column", "merchant"), "is not ROLE=NAME"),
        (("--column", "merchant=nowhere"), "no modelled column 'nowhere'"),
        (("--column", "merchnat=country"), "There is no role 'merchnat'"),
    ],
)
def test_what_cannot_be_done_is_refused(run: Path, words: tuple[str, ...], said: str) -> None:  # noqa: F811
    assert said in simulate(run, "--stress", "ato_drain", *words, codes=(2,))


def test_a_tally_of_a_grid_in_parts_is_that_of_the_whole(tiny_events: Events) -> None:
    stress = catalogue.stress("ato_drain", GRID)
    whole = StressTally.of(stress, seed=1)
    mosaic = act_out(tiny_events, stress, seed=1, share=0.5)
    whole.add(tiny_events, mosaic, 0)
    joined = StressTally.of(stress, seed=1)
    joined.merge(json.loads(json.dumps(whole.state())))
    assert joined.facts() == whole.facts()
    assert json.loads(json.dumps(whole.facts(), allow_nan=False)) == whole.facts()
