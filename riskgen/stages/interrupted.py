"""The checkpoint that Ctrl-C leaves and ``fit --resume`` takes up."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskgen.errors import RunError
from riskgen.models.base import State
from riskgen.models.checkpoint import read_state, write_state
from riskgen.runs import new_folder, read_json, write_json


@dataclass(frozen=True)
class Interrupted:
    """The one interrupted fit of a folder of runs."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where the checkpoint lies."""
        return self.root / ".interrupted"

    def write(self, state: State, request: dict[str, Any]) -> None:
        """Keep ``state``, and what was asked for."""
        with new_folder(self.folder) as draft:
            write_state(draft, "checkpoint", state)
            write_json(draft / "request.json", request)

    def read(self) -> tuple[State, dict[str, Any]]:
        """Return the checkpoint and its request; RunError when there is none."""
        if not (self.folder / "request.json").is_file():
            raise RunError(f"There is no interrupted fit under '{self.root}' to resume.")
        return read_state(self.folder, "checkpoint"), read_json(self.folder / "request.json")

    def remove(self) -> None:
        """Forget the checkpoint; nothing happens when there is none."""
        shutil.rmtree(self.folder, ignore_errors=True)
