"""The device of training: what is asked for is had, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import Riskgen, tiny_table

from riskgen.errors import TrainingError
from riskgen.models import device
from riskgen.models.device import with_device
from riskgen.runs import Run


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_cuda_without_a_cuda_device_is_refused(riskgen: Riskgen, tmp_path: Path) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    code, _, said = riskgen("fit", "t.parquet", "--device", "cuda", width=300)
    assert code == 2
    assert "no CUDA device" in said
    assert "--device cpu" in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_auto_is_the_cpu_to_the_byte(riskgen: Riskgen, tmp_path: Path) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    files = []
    for words in ((), ("--device", "cpu"), ("--device", "auto")):
        code, _, said = riskgen("fit", "t.parquet", "--generator", "bootstrap", *words)
        assert code == 0, said
        files.append(Run.newest(tmp_path / "runs").manifest)
    assert files[0] == files[1] == files[2]


def test_a_generator_that_can_gets_the_gpu_and_one_that_cannot_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(TrainingError, match="'bootstrap' trains on the CPU only"):
        with_device("bootstrap", {}, "cuda")
    assert with_device("bootstrap", {"mean_block": 5.0}, "auto") == {"mean_block": 5.0}
    monkeypatch.setattr(device, "default_options", lambda key: {"device": "cpu"})
    assert with_device("any", {"steps": 3}, "auto") == {"device": "cuda", "steps": 3}
    assert with_device("any", {}, "cuda") == {"device": "cuda"}
    assert with_device("any", {}, "cpu") == {}
