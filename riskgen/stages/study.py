"""The file of a tuning study: one JSON line for each trial, appended as it ends.

Plain text that runs nothing when read and holds no customer's value. A study
that was interrupted is taken up from it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from riskgen.errors import RunError

FORMAT = "riskgen.study/v1"


@dataclass(frozen=True)
class Trial:
    """One fit with its options.

    Attributes
    ----------
    number : int
        Which options; 0 are the defaults.
    seed : int
        Of the fit; a trial is repeated with other seeds.
    options : dict
        What was varied.
    value : float or None
        The objective, smaller is better; None where training failed.
    seconds : float
        CPU seconds of the fit.
    parts : dict
        What the value is made of.
    error : str or None
        Why training failed.
    """

    number: int
    seed: int
    options: dict[str, Any]
    value: float | None
    seconds: float
    parts: dict[str, float] = field(default_factory=dict)
    error: str | None = None


class Study:
    """The trials of one study and the file that they are kept in.

    Parameters
    ----------
    path : Path
        Made when it is not there.
    asked : mapping
        What the study is of; a file of another study is refused.

    Raises
    ------
    RunError
        When the file is no study, or one of something else.
    """

    def __init__(self, path: Path, asked: Mapping[str, Any]) -> None:
        self.path = path
        self.trials: list[Trial] = []
        if path.exists():
            self._take_up(json.loads(json.dumps(asked)))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append({"format": FORMAT, "asked": asked})

    def add(self, trial: Trial) -> None:
        """Keep ``trial``; it is on the disk when this returns."""
        self._append(asdict(trial))
        self.trials.append(trial)

    def found(self, number: int, seed: int) -> Trial | None:
        """Return the trial of that number and seed, or None when it was not run."""
        own = (t for t in self.trials if (t.number, t.seed) == (number, seed))
        return next(own, None)

    def _append(self, document: Mapping[str, Any]) -> None:
        line = json.dumps(document, sort_keys=True, allow_nan=False)
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(line + "\n")
            handle.flush()
            os.fsync(handle.fileno())

    def _take_up(self, asked: Mapping[str, Any]) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
            whole, _, torn = text.rpartition("\n")
            head, *lines = [json.loads(line) for line in whole.splitlines()]
            known, trials = head["asked"], [Trial(**line) for line in lines]
            if head["format"] != FORMAT:
                raise ValueError(FORMAT)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"'{self.path}' is no study that riskgen wrote ({type(error).__name__}). "
                "Name another file with --study."
            ) from error
        other = [name for name in asked if known.get(name) != asked[name]]
        if other:
            raise RunError(
                f"The study '{self.path}' was made with another {' and '.join(other)}. Ask for "
                "the same to go on with it, or name another file with --study."
            )
        if torn:  # the process was killed within a line: that trial is run again
            self.path.write_text(whole + "\n", encoding="utf-8")
        self.trials = trials
