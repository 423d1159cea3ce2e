"""The checkpoint that Ctrl-C leaves and ``fit --resume`` takes up."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from riskgen.errors import RunError
from riskgen.models.base import State, StepReport
from riskgen.models.checkpoint import read_state, write_state
from riskgen.runs import new_folder, read_json, write_json


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Where an interrupted fit stands.

    Attributes
    ----------
    state : State
        What the generator needs to go on.
    request : dict
        What was asked for.
    log : list of StepReport
        The training log so far.
    """

    state: State
    request: dict[str, Any]
    log: list[StepReport]


@dataclass(frozen=True)
class Interrupted:
    """The one interrupted fit of a folder of runs."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where the checkpoint lies."""
        return self.root / ".interrupted"

    def write(self, checkpoint: Checkpoint) -> None:
        """Keep where the fit stands; an earlier checkpoint is replaced."""
        with new_folder(self.folder) as draft:
            write_state(draft, "checkpoint", checkpoint.state)
            log = [asdict(report) for report in checkpoint.log]
            write_json(draft / "request.json", {**checkpoint.request, "log": log})

    def read(self) -> Checkpoint:
        """Return the checkpoint; RunError when there is none."""
        if not (self.folder / "request.json").is_file():
            raise RunError(f"There is no interrupted fit under '{self.root}' to resume.")
        request = read_json(self.folder / "request.json")
        log = [StepReport(**report) for report in request.pop("log")]
        return Checkpoint(read_state(self.folder, "checkpoint"), request, log)

    def remove(self) -> None:
        """Forget the checkpoint; nothing happens when there is none."""
        shutil.rmtree(self.folder, ignore_errors=True)
