"""Where a number comes from: the commit, the machine and how it was counted."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CPU_NAMES = Path("/proc/cpuinfo")
WHO = ("data", "minutes", "generator", "seed")


def origin() -> dict[str, str]:
    """Return commit and machine; no path and no name of anybody's host."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return {"commit": described.stdout.strip() or "unknown", "machine": _machine()}


def earlier(results: list[dict[str, Any]], fresh: dict[str, Any]) -> list[dict[str, Any]]:
    """Return results without the one that a fresh one of the same generator and seed replaces."""
    return [one for one in results if any(one.get(key) != fresh.get(key) for key in WHO)]


def _machine() -> str:
    lines = CPU_NAMES.read_text().splitlines() if CPU_NAMES.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"
