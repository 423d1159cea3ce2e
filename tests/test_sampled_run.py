"""A table that is too large to hold: inspect, fit and evaluate see the same sample of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from conftest import tiny_table

from riskgen.cli.inspect import command
from riskgen.data.size.selection import MOST_EVENTS
from riskgen.stages.fit import FitRequest, fit_run, split_facts
from riskgen.stages.fitted import Fitted
from riskgen.stages.inspect import inspect_table
from riskgen.stages.material import EventMaterial, TableRequest, prepare

TINY = {"hidden": 8, "head_width": 4, "steps": 6, "context_steps": 4, "audit": False}
N_CUSTOMERS = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bank")
    for number, part in enumerate(tiny_table(N_CUSTOMERS).iter_slices(1500)):
        part.write_parquet(place / f"part-{number}.parquet")
    return place


def n_rows(folder: Path) -> int:
    return int(pl.scan_parquet(folder).select(pl.len()).collect().item())


def request(folder: Path) -> TableRequest:
    return TableRequest(folder, max_events=n_rows(folder) // 2)


def test_the_run_says_what_it_learned_of(folder: Path, tmp_path: Path) -> None:
    run = fit_run(FitRequest(request(folder), root=tmp_path, options=TINY))
    sample, survey = run.manifest["sample"], run.manifest["survey"]
    assert sample["all_rows"] == survey["rows"] == n_rows(folder)
    assert sample["all_entities"] == survey["entities"] == N_CUSTOMERS
    assert run.manifest["counts"]["entities"] == sample["entities"] < N_CUSTOMERS
    assert run.manifest["counts"]["events"] == sample["events"] <= n_rows(folder) // 2
    assert f"{sample['entities']:,} of them" in run.manifest["notes"][0]


def test_evaluation_takes_the_sample_of_the_fit(folder: Path, tmp_path: Path) -> None:
    run = fit_run(FitRequest(request(folder), root=tmp_path, options=TINY))
    material = Fitted.open(run).material()
    assert split_facts(material)["hashes"] == run.manifest["split"]["hashes"]


def test_inspection_takes_the_sample_of_the_fit(folder: Path) -> None:
    found, material = inspect_table(request(folder)), prepare(request(folder))
    assert isinstance(material, EventMaterial)
    assert material.sample is not None
    assert found.rows == n_rows(folder)
    assert found.sampled == material.sample.sentence()
    assert found.facts["entities"]["entities"] == material.n_entities
    assert found.to_json()["all_rows"]["entities"] == N_CUSTOMERS
    assert found.schema == material.schema


def test_a_sampled_customer_is_in_the_partition_that_the_whole_table_gives_it(
    folder: Path,
) -> None:
    whole, part = prepare(TableRequest(folder)), prepare(request(folder))
    assert isinstance(whole, EventMaterial)
    assert isinstance(part, EventMaterial)
    for name in ("generator", "control", "reference", "validation", "test"):
        sampled = set(getattr(part.split, name).entity_ids)
        known = set(getattr(whole.split, name).entity_ids)
        others = {
            key
            for other in ("generator", "control", "reference", "validation", "test")
            if other != name
            for key in getattr(whole.split, other).entity_ids
        }
        # The cut in time lies elsewhere, so a customer may drop out, but moves nowhere.
        assert not sampled & others
        assert len(sampled & known) >= 0.9 * len(sampled)


def test_a_table_within_the_budget_is_whole_and_says_nothing_of_samples(
    folder: Path, tmp_path: Path
) -> None:
    run = fit_run(FitRequest(TableRequest(folder), root=tmp_path, options=TINY))
    assert "sample" not in run.manifest
    assert "survey" not in run.manifest
    assert not any("sample" in note for note in run.manifest["notes"])


def test_the_command_line_says_the_budget(folder: Path) -> None:
    shown = CliRunner().invoke(command, ["--help"]).output
    assert f"default: {MOST_EVENTS}" in shown
    asked = [str(folder), "--max-events", str(n_rows(folder) // 2)]
    assert "simple random sample" in " ".join(CliRunner().invoke(command, asked).output.split())
