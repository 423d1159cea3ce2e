"""Transplants from the command line: cases read again, told in files, bounded in what they keep."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from conftest import tiny_schema, tiny_table
from in_process import riskgen
from robbed_bank import BURST, rich, robbed
from test_main_job import digest, run_of
from test_mechanisms import bank

from riskgen.simulate import catalogue
from riskgen.simulate.bases import RealBase
from riskgen.simulate.engine import Part, event_parts
from riskgen.simulate.mechanisms import Donors
from riskgen.simulate.mechanisms.mosaic import act_out
from riskgen.simulate.stress import Stress
from riskgen.simulate.tally import Tally

PLANT = ("simulate", "--stress", "transplant_fraud", "--scenarios", "60")


def text_with_share(share: float) -> str:
    return catalogue.text("transplant_fraud").replace("share: 0.02", f"share: {share}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("transplant")
    tiny_table(120).write_parquet(place / "t.parquet")
    (place / "schema.json").write_text(tiny_schema().model_dump_json())
    (place / "often.yaml").write_text(text_with_share(0.5), "utf-8")
    riskgen(place, "fit", "t.parquet", "--generator", "bootstrap", "--schema", "schema.json")
    return place


def told_by(path: Path) -> dict[str, object]:
    return dict(json.loads(pq.read_metadata(path).metadata[b"riskgen"]))


def test_the_file_and_the_run_say_whose_shapes_they_carry(folder: Path) -> None:
    said = riskgen(folder, *PLANT, "--stress", "often.yaml")
    facts = json.loads(
        (run_of(folder) / "simulations" / "transplant_fraud" / "simulation.json").read_text()
    )
    assert facts["n_touched"] > 5
    assert facts["carries_real_shapes"] is True
    assert 1 <= facts["n_cases"] < 11
    assert "refused beyond tier T0" in facts["release"]
    assert "personal data" in said
    part = run_of(folder) / "simulations" / "transplant_fraud" / "part-00000.parquet"
    assert told_by(part)["n_cases"] == facts["n_cases"]
    assert told_by(part)["carries_real_shapes"] is True
    assert set(pl.read_parquet(part)["mechanism"]) == {"none", "transplant"}


def test_no_shape_stays_in_the_run_but_in_what_was_planted(folder: Path) -> None:
    before = {p: digest(p) for p in run_of(folder).iterdir() if p.is_file()}
    riskgen(folder, *PLANT, "--out", "out.parquet")
    assert before == {p: digest(p) for p in run_of(folder).iterdir() if p.is_file()}
    kept = run_of(folder) / "simulations" / "transplant_fraud-to-out.parquet"
    assert [p.name for p in kept.iterdir()] == ["simulation.json"]


def test_severity_0_is_the_base_byte_for_byte(folder: Path) -> None:
    riskgen(folder, *PLANT, "--severity", "0", "--out", "calm.parquet")
    riskgen(folder, "simulate", "--scenarios", "60", "--out", "base.parquet")
    assert digest(folder / "calm.parquet") == digest(folder / "base.parquet")
    assert "n_cases" not in told_by(folder / "calm.parquet")


def test_a_real_base_with_real_shapes_says_both(folder: Path) -> None:
    words = ("--stress", "often.yaml", "--scenarios", "40", "--base", "real")
    riskgen(folder, "simulate", *words, "--out", "both.parquet")
    told = told_by(folder / "both.parquet")
    assert told["synthetic"] is False
    assert "never to be released" in str(told["release"])
    assert "real case" in str(told["release"])


def test_a_table_that_has_moved_is_asked_for(folder: Path) -> None:
    (folder / "t.parquet").rename(folder / "moved.parquet")
    try:
        assert "--data" in riskgen(folder, *PLANT, "--out", "x.parquet", code=2)
        riskgen(folder, *PLANT, "--out", "x.parquet", "--data", "moved.parquet")
    finally:
        (folder / "moved.parquet").rename(folder / "t.parquet")


@pytest.mark.parametrize("n", [5, 16, 40])
def test_fewer_sequences_are_a_prefix_of_more_under_a_transplant(n: int) -> None:
    scenario = catalogue.load("transplant_fraud")
    population = scenario.population.model_copy(update={"share": 0.5})  # type: ignore[union-attr]
    scenario = scenario.model_copy(update={"population": population})
    donors = Donors.of(robbed(bank(60, 7), {0: BURST, 1: BURST[:2]}))

    def drawn(count: int) -> list[Part]:
        base, stress = RealBase(rich(48), 1, 16), Stress.of(scenario, 1.0)
        return list(event_parts(base, count, seed=1, stress=stress, donors={scenario.id: donors}))

    for one, other in zip(drawn(n), drawn(48), strict=False):
        kept = np.arange(one.base.n_entities)
        assert one.events.frame.equals(other.events.take(kept).frame)


def test_a_tally_draws_the_curve_from_the_same_cases() -> None:
    scenario = catalogue.load("transplant_fraud")
    donors = Donors.of(robbed(bank(60, 7), {0: BURST, 1: BURST[:3]}))
    tally = Tally(scenario, 1.0, seed=1, donors=donors)
    base = rich(60)
    (part,) = event_parts(
        RealBase(base, 1, 64),
        60,
        seed=1,
        stress=Stress.of(scenario, 1.0),
        donors={scenario.id: donors},
    )
    assert part.stressed is not None
    tally.add(part.base, part.stressed)
    facts = tally.facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["severity_curve"]["n_24h"][0] == 0
    assert np.all(np.diff(facts["severity_curve"]["n_24h"]) >= 0)
    assert facts["source_ledger"] == {"data": 1.0}
    assert {c["status"] for c in facts["assertions"]} == {"PASS"}


def test_a_transplant_stands_beside_an_edit_in_one_composition() -> None:
    donors = Donors.of(robbed(bank(60, 7), {0: BURST}))
    stress = catalogue.stress("card_testing_burst+transplant_fraud", (0.5, 1.0))
    mosaic = act_out(rich(60), stress, seed=1, share=0.4, donors={"transplant_fraud": donors})
    names = [
        act.scenario.id
        for act, run in zip(mosaic.acts, mosaic.runs, strict=True)
        if run.touched.any()
    ]
    assert set(names) == {"card_testing_burst", "transplant_fraud"}
