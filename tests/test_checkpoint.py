"""States on disk: what comes back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from riskgen.errors import RunError
from riskgen.models.base import State
from riskgen.models.checkpoint import read_state, write_state


def state() -> State:
    tensors = {
        "weights": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "counts": np.array([1, 2], dtype=np.int64),
        "one": np.array(0.1, dtype=np.float64),
        "none": np.zeros((0, 4), dtype=np.float32),
    }
    return State({"generator": "timegan", "options": {"hidden": 3, "steps": None}}, tensors)


def test_a_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_state(tmp_path, "weights", state())
    back = read_state(tmp_path, "weights")
    assert back.config == state().config
    assert set(back.tensors) == set(state().tensors)
    for name, value in state().tensors.items():
        assert back.tensors[name].dtype == value.dtype
        assert np.array_equal(back.tensors[name], value)


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_state(tmp_path, name, state())
    for ending in ("json", "safetensors"):
        one, two = (tmp_path / f"{name}.{ending}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_a_missing_state_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"absent\.json.* could not be read"):
        read_state(tmp_path, "absent")


@pytest.mark.parametrize("ending", ["json", "safetensors"])
def test_a_cut_file_is_refused(tmp_path: Path, ending: str) -> None:
    write_state(tmp_path, "weights", state())
    path = tmp_path / f"weights.{ending}"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(RunError, match="could not be read"):
        read_state(tmp_path, "weights")


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    write_state(tmp_path, "weights", state())
    other = State({}, {"weights": np.zeros((3, 3), np.float32)})
    write_state(tmp_path, "other", other)
    (tmp_path / "other.safetensors").replace(tmp_path / "weights.safetensors")
    with pytest.raises(RunError, match="do not belong together"):
        read_state(tmp_path, "weights")


@pytest.mark.parametrize("document", [[], {"format": 2}, {"format": 1, "config": {}}])
def test_a_document_of_another_make_is_refused(tmp_path: Path, document: object) -> None:
    write_state(tmp_path, "weights", state())
    (tmp_path / "weights.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match=r"not of format 1|lacks its config"):
        read_state(tmp_path, "weights")


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    write_state(tmp_path, "weights", state())
    # Protocol 0 of a call to os.mkdir: loading it as a pickle would leave a folder.
    folder = tmp_path / "made"
    (tmp_path / "weights.safetensors").write_bytes(
        b"cos\nmkdir\n(S'" + str(folder).encode() + b"'\ntR."
    )
    with pytest.raises(RunError):
        read_state(tmp_path, "weights")
    assert not folder.exists()
