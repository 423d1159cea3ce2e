"""A command run to its end in a process of its own, and what it took."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_MEMORY = 0.5  # [J] of the machine, for each process
FOLDERS = re.compile(r"(?<![\w./:])/(?:[^/\s'\"]+/)+")
"""Folders of an absolute path, which a table that others read has no use for."""


@dataclass(frozen=True)
class Cost:
    """What a process took, all its threads and waited-for children included."""

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    failed: str | None = None


def measured(command: Sequence[str], log: Path, environment: dict[str, str] | None = None) -> Cost:
    """Run a command to its end; a failure is told in its own last line, not raised."""
    import time

    began = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            preexec_fn=_limited,
        )
        _, status, used = os.wait4(process.pid, 0)
    # Tells Popen, which did not see the child end.
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    failed = None if process.returncode == 0 else _last_line(log, process.returncode)
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, failed)


def _limited() -> None:
    # A peer that asks for more fails by itself; the machine's other users do not.
    most = int(MOST_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _last_line(log: Path, code: int) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if not lines:
        return f"exit {code}, nothing said"
    return f"exit {code}: {FOLDERS.sub('', lines[-1])[:300]}"
