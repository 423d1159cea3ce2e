"""A simulation that is not finished yet: a hidden folder with the parts made so far.

Each part is a Parquet file and, written after it, a JSON file with its hash and
tally. What was asked for stands beside them, so that the same command goes on
where an earlier one was stopped. Knows files, not how parts are made.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskgen.errors import RunError
from riskgen.runs import file_hash, read_json, write_json

REQUEST = "request.json"


@dataclass(frozen=True)
class Draft:
    """The parts of one simulation on their way.

    Attributes
    ----------
    folder : Path
        Hidden, beside what it will become.
    noun : str
        What it is, in messages.
    """

    folder: Path
    noun: str = "simulation"

    @classmethod
    def of(cls, final: Path, noun: str = "simulation") -> Draft:
        """Return the draft of a folder or file; ``noun`` is what a user is told it is."""
        return cls(final.with_name(f".{final.name}.partial"), noun)

    @contextmanager
    def opened(self, asked: Mapping[str, Any], *, force: bool = False) -> Iterator[None]:
        """Hold the folder for this process alone; it stays when it has a finished part.

        Parameters
        ----------
        asked : mapping
            JSON values that decide every byte of the simulation.
        force : bool
            Drop what a simulation of something else has left.

        Raises
        ------
        RunError
            When another process is at it, or the parts there are of something else.
        """
        with self._held():
            self._prepare(json.loads(json.dumps(asked)), force)
            try:
                yield
            finally:
                if self.folder.is_dir() and not list(self.folder.glob("part-*.json")):
                    shutil.rmtree(self.folder)

    def part(self, number: int) -> Path:
        """Return where part ``number`` is."""
        return self.folder / f"part-{number:05d}.parquet"

    def keep(self, number: int, facts: Mapping[str, Any]) -> None:
        """Write down that a part is made: ``facts`` have its ``sha256``."""
        write_json(self._facts(number), facts)

    def facts(self, number: int) -> dict[str, Any]:
        """Return what :meth:`keep` wrote."""
        return read_json(self._facts(number))

    def made(self, number: int) -> dict[str, Any] | None:
        """Return the facts of a part if it is there, whole; None otherwise."""
        try:
            facts = self.facts(number)
            whole = file_hash(self.part(number)) == facts["sha256"]
        except (RunError, OSError, KeyError):
            return None
        return facts if whole else None

    def become(self, final: Path) -> None:
        """Put the folder into its place, with everything but the facts of the parts."""
        self._sweep()
        for path in (*self.folder.glob("part-*.json"), self.folder / REQUEST):
            path.unlink(missing_ok=True)
        if final.exists():
            shutil.rmtree(final)
        os.replace(self.folder, final)

    def remove(self) -> None:
        """Forget the draft."""
        shutil.rmtree(self.folder)

    def _sweep(self) -> None:
        """Remove what a process that was killed had half written.

        The whole simulation may have been killed, or one worker among those of a
        simulation that went on and made the part again.
        """
        for path in self.folder.glob(".*.partial"):
            path.unlink(missing_ok=True)

    def _facts(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.json"

    def _prepare(self, asked: Mapping[str, Any], force: bool) -> None:
        """Go on with what is there, or begin."""
        there = self.folder / REQUEST
        before = read_json(there) if there.is_file() else {}
        if before == asked:
            self._sweep()
            return
        if not force and list(self.folder.glob("part-*.json")):
            raise RunError(_other(self, before, asked))
        for path in self.folder.iterdir():
            path.unlink()
        write_json(there, asked)

    @contextmanager
    def _held(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            self._lock(handle)
            yield
        finally:
            os.close(handle)

    def _lock(self, handle: int) -> None:
        try:
            # Let go of by the system, however the process ends.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(
                f"Another process is writing this {self.noun} ('{self.folder}'). Wait for it."
            ) from error


def _other(draft: Draft, before: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    # Another version of riskgen may know other options: what it did not ask differs too.
    unknown = "unknown"
    told = ((name, before.get(name, unknown)) for name in {**before, **asked})
    shown = ", ".join(
        f"{name} {_short(value)}" for name, value in told if value != asked.get(name, unknown)
    )
    return (
        f"A {draft.noun} of something else was interrupted here ({shown}); its parts are in "
        f"'{draft.folder}'. Repeat that command to go on with it, or add --force to drop it."
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 30 else f"{text[:12]}…"
