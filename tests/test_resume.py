"""An interrupted fit goes on where it stopped and ends where it would have ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import tiny_table

from riskgen.errors import RunError
from riskgen.models.base import StepReport
from riskgen.stages.fit import FitRequest, fit_run
from riskgen.stages.interrupted import Interrupted
from riskgen.stages.material import TableRequest

TINY = {"hidden": 8, "head_width": 4, "steps": 12, "context_steps": 4, "audit": False}


def stop_after(step: int) -> Callable[[StepReport], None]:
    def on_step(report: StepReport) -> None:
        if report.phase == "events" and report.step == step:
            raise KeyboardInterrupt

    return on_step


def request(folder: Path, root: str) -> FitRequest:
    return FitRequest(TableRequest(folder / "t.parquet"), root=folder / root, options=TINY)


@pytest.mark.parametrize("step", [3, 5, 8])  # before, at and after a held-out look
def test_a_resumed_fit_leaves_the_files_of_an_undisturbed_one(tmp_path: Path, step: int) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    straight = fit_run(request(tmp_path, "straight"))
    with pytest.raises(KeyboardInterrupt):
        fit_run(request(tmp_path, "stopped"), on_step=stop_after(step))
    assert not list((tmp_path / "stopped").glob("0*"))
    checkpoint = Interrupted(tmp_path / "stopped").read()
    resumed = fit_run(request(tmp_path, "stopped"), resume=checkpoint)
    assert resumed.manifest["files"] == straight.manifest["files"]


def test_a_finished_fit_leaves_no_checkpoint(tmp_path: Path) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(KeyboardInterrupt):
        fit_run(request(tmp_path, "runs"), on_step=stop_after(3))
    fit_run(request(tmp_path, "runs"), resume=Interrupted(tmp_path / "runs").read())
    with pytest.raises(RunError, match="no interrupted fit"):
        Interrupted(tmp_path / "runs").read()
