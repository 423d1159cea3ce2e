"""What kind of table a file is, by its name and by its first bytes."""

from __future__ import annotations

import difflib
from pathlib import Path

from riskgen.data.sources.uri import public
from riskgen.errors import DataError

PARQUET, CSV, ARROW, DUCKDB = "Parquet", "CSV", "Arrow IPC", "DuckDB"
_ENDINGS = {
    **dict.fromkeys((".parquet", ".pq"), PARQUET),
    **dict.fromkeys((".csv", ".tsv", ".txt"), CSV),
    **dict.fromkeys((".arrow", ".feather", ".ipc", ".arrows"), ARROW),
    **dict.fromkeys((".duckdb", ".ddb", ".db"), DUCKDB),
}
PACKED = {".gz": "gzip", ".zst": "zstd"}
READABLE = (
    "riskgen reads .parquet and .csv files and folders of them (.csv also as .gz or .zst), "
    ".arrow, .feather, .ipc, .duckdb, Delta tables, postgresql:// databases, and Parquet or "
    "Delta on s3://, gs://, az://, abfss:// and https://"
)


def form_of(path: Path) -> str | None:
    """Return the kind of table that a file's name promises; None when unknown.

    A ``.db`` file counts only when its bytes are DuckDB's.
    """
    ending = path.suffix.lower()
    if ending in PACKED:
        inner = _ENDINGS.get(Path(path.stem).suffix.lower())
        return CSV if inner == CSV else None
    form = _ENDINGS.get(ending)
    return None if ending == ".db" and not is_duckdb(path) else form


def packing_of(path: Path) -> str | None:
    """Return ``gzip`` or ``zstd`` when the name says so."""
    return PACKED.get(path.suffix.lower())


def is_duckdb(path: Path) -> bool:
    """Whether a file holds a DuckDB database."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def check_file(path: Path) -> None:
    """Refuse a file that is missing, a folder, or empty.

    Raises
    ------
    DataError
        With the nearest names beside a missing file.
    """
    if not path.exists():
        raise DataError(f"There is no file '{public(str(path))}'.{_nearest(path)}")
    if path.is_dir():
        raise DataError(f"'{path}' is a folder. Give one file inside it.")
    if path.stat().st_size == 0:
        raise DataError(f"'{path}' is empty (0 bytes). Write the table again.")


def unknown_form(path: Path) -> DataError:
    """Return the error for a file of another kind."""
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(b"SQLite format 3"):
        return DataError(
            f"'{path}' is a SQLite database. Export the table from it as CSV or Parquet."
        )
    ending = path.suffix.lower()
    what = f"ends in '{ending}'" if ending else "has no ending"
    return DataError(f"'{path}' {what}. {READABLE}; save the table as one of these.")


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return f" The folder '{public(str(path.parent))}' does not exist either."
    names = sorted(p.name for p in path.parent.iterdir() if _may_hold_table(p))
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.4) or names[:3]
    listed = ", ".join(f"'{name}'" for name in near)
    return f" Nearest in that folder: {listed}." if near else " The folder holds no table."


def _may_hold_table(path: Path) -> bool:
    ending = Path(path.stem).suffix if path.suffix.lower() in PACKED else path.suffix
    return ending.lower() in _ENDINGS
