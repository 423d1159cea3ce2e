"""The command line in a folder, within the test's own process: imports are paid for once."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from unittest import mock

from riskgen.cli import main


def riskgen(folder: Path, *words: str, code: int = 0) -> str:
    """Run a command in ``folder``; return what it said."""
    said, found = io.StringIO(), 0
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        mock.patch.object(sys, "argv", ["riskgen", *words]),
    ):
        try:
            main()
        except SystemExit as stop:
            found = int(stop.code or 0)
    assert found == code, said.getvalue()
    return said.getvalue()
