"""A run folder is whole or it is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from riskgen.errors import RunError
from riskgen.runs import Run, new_run, write_json, write_manifest


def make_run(root: Path, name: str = "cards") -> Run:
    with new_run(root, name) as folder:
        (folder / "weights.bin").write_bytes(b"abc")
        write_manifest(folder, {"seed": 1})
    return Run.newest(root)


def test_runs_are_numbered_and_the_newest_has_the_highest_number(tmp_path: Path) -> None:
    first, second = make_run(tmp_path), make_run(tmp_path, "prices")
    assert (first.path.name, second.path.name) == ("0001-cards", "0002-prices")
    assert Run.newest(tmp_path).path == second.path


def test_a_changed_byte_is_found_on_opening(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run.path / "weights.bin").write_bytes(b"abd")
    with pytest.raises(RunError, match=r"weights\.bin"):
        Run.open(run.path)


def test_a_failure_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail_half_way() -> None:
        with new_run(tmp_path, "cards") as folder:
            (folder / "weights.bin").write_bytes(b"abc")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail_half_way()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "0007-half").mkdir()
    with pytest.raises(RunError, match="riskgen fit"):
        Run.newest(tmp_path)


def test_json_that_holds_a_nan_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not (tmp_path / "x.json").exists()


def test_a_manifest_of_another_version_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    path = run.path / "manifest.json"
    path.write_text(json.dumps({**run.manifest, "schema": "riskgen.run/v9"}))
    with pytest.raises(RunError, match="another version"):
        Run.open(run.path)


def test_a_name_cannot_climb_out_of_the_folder_of_runs(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs", "../../etc/x")
    assert run.path.parent == tmp_path / "runs"
