"""A run folder: the one artefact, created whole, opened only when intact.

Knows files and hashes, not metrics. A folder becomes a run when its manifest
is there; the manifest is written last and the folder is renamed into place.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskgen.errors import RunError

SCHEMA_VERSION = "riskgen.run/v1"
MANIFEST = "manifest.json"
_NUMBERED = re.compile(r"^(\d{4})-.+$")


@dataclass(frozen=True)
class Run:
    """A finished run folder.

    Attributes
    ----------
    path : Path
        The folder.
    manifest : dict
        What ``manifest.json`` says.
    """

    path: Path
    manifest: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> Run:
        """Open a run and check every hash of its manifest.

        Raises
        ------
        RunError
            When there is no run, or a file is missing or was changed.
        """
        manifest = read_json(path / MANIFEST)
        if manifest.get("schema") != SCHEMA_VERSION:
            raise RunError(f"'{path}' was written by another version of riskgen.")
        for name, digest in manifest["files"].items():
            if not (path / name).is_file() or file_hash(path / name) != digest:
                raise RunError(
                    f"Run '{path}' is damaged: '{name}' is missing or was changed after "
                    "it was written. Fit again."
                )
        return cls(path, manifest)

    @classmethod
    def newest(cls, root: Path) -> Run:
        """Open the run with the highest number under ``root``."""
        runs = [path for path in _numbered(root) if (path / MANIFEST).is_file()]
        if not runs:
            raise RunError(f"There is no run under '{root}'. Start with: riskgen fit FILE")
        return cls.open(max(runs))


@contextmanager
def new_run(root: Path, name: str) -> Iterator[Path]:
    """Yield a folder to fill; it becomes a numbered run when the block ends well.

    The block must leave a ``manifest.json`` made by :func:`write_manifest`.
    On any exception the folder is removed.
    """
    root.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.name[:4]) for path in _numbered(root)]
    final = root / f"{max(numbers, default=0) + 1:04d}-{_slug(name)}"
    with new_folder(final) as draft:
        yield draft


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Yield a folder beside ``final`` and rename it into place when all went well."""
    draft = final.with_name(f".{final.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        yield draft
        if final.exists():
            shutil.rmtree(final)
        os.replace(draft, final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write ``manifest.json`` with ``facts`` and the hash of every file in ``folder``."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = {str(path.relative_to(folder)): file_hash(path) for path in files}
    write_json(folder / MANIFEST, {"schema": SCHEMA_VERSION, **facts, "files": hashes})


def write_json(path: Path, document: object) -> None:
    """Write JSON in the document's own order, beside and renamed; refuses NaN."""
    # Not sorted: an encoder lists its fields in the order in which they are drawn.
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, text.encode() + b"\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}.partial")
    try:
        with draft.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; RunError says which file is missing or unreadable."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"'{path}' does not exist.") from error
    except (OSError, ValueError) as error:
        raise RunError(f"'{path}' cannot be read as JSON.") from error
    if not isinstance(document, dict):
        raise RunError(f"'{path}' does not hold a JSON object.")
    return document


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _numbered(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return [path for path in root.iterdir() if path.is_dir() and _NUMBERED.match(path.name)]


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "run"
