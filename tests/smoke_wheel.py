"""Build the wheel, install it into a fresh environment without test tools, look at it.

Run by ``make smoke``; not part of the test suite since it installs everything again.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=ROOT)


with tempfile.TemporaryDirectory() as folder:
    run(sys.executable, "-m", "venv", folder)
    python = f"{folder}/bin/python"
    run(python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ".")
    (wheel,) = Path(folder).glob("riskgen-*.whl")
    run(python, "-m", "pip", "install", "-q", "torch>=2.13,<2.14", str(wheel))
    run(f"{folder}/bin/riskgen", "--help")
    run(f"{folder}/bin/riskgen", "scenarios", "list")
