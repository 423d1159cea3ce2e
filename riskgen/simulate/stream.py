"""Write simulated tables as Parquet or CSV, a part at a time.

Knows tables and files, not how the numbers came about. Same rows, same bytes:
fixed compression, no clock, one writer. A file or folder is written beside and
renamed into place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.dtypes import cast_back
from riskgen.data.market.paths import PathStart, paths_frame
from riskgen.data.schema import Schema
from riskgen.data.times.axis import as_given
from riskgen.errors import RiskgenError
from riskgen.runs import file_hash, new_folder
from riskgen.simulate.engine import Part, PathPart
from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints
from riskgen.simulate.parquet_file import ParquetFile
from riskgen.simulate.provenance import Provenance

__all__ = ["PROVENANCE", "Provenance", "write_events", "write_paths"]

ROWS_PER_PART = 100_000
PROVENANCE = ("scenario_id", "mechanism", "stress", "severity", "weight")
# A spreadsheet runs cells that begin so (OWASP, CSV injection).
_FORMULA = r"^[=+\-@\t\r]"


def write_events(
    parts: Iterable[Part], target: Path, schema: Schema, provenance: Provenance
) -> dict[str, Any]:
    """Write simulated entities; the table has the user's columns and types.

    Parameters
    ----------
    parts : iterable of Part
        As :meth:`EventSimulator.parts` yields them.
    target : Path
        A ``.parquet`` or ``.csv`` file, or a folder for ``part-00000.parquet`` and so on.
    schema : Schema
        Of the user's table.
    provenance : Provenance
        Of the simulation.

    Returns
    -------
    dict
        ``n_scenarios, n_rows, n_events, parts`` (names) and ``sha256`` by name.

    Raises
    ------
    RiskgenError
        When the table has a column named like one of the provenance columns.
    """
    _refuse_clashes([channel.name for channel in schema.channels])
    return _write(_event_tables(parts, schema, provenance), target, provenance)


def write_paths(
    parts: Iterable[PathPart], target: Path, start: PathStart, provenance: Provenance
) -> dict[str, Any]:
    """Write simulated market paths as prices that go on from the last real ones.

    Parameters
    ----------
    parts : iterable of PathPart
        As :meth:`PathSimulator.parts` yields them.
    target, provenance
        As for :func:`write_events`.
    start : PathStart
        Last prices, last date and schema.

    Returns
    -------
    dict
        As :func:`write_events` does.

    Raises
    ------
    RiskgenError
        When an asset is named like one of the provenance columns.
    """
    _refuse_clashes([channel.name for channel in start.schema.channels])
    return _write(_path_tables(parts, start, provenance), target, provenance)


def _event_tables(
    parts: Iterable[Part], schema: Schema, provenance: Provenance
) -> Iterator[tuple[pl.DataFrame, int]]:
    row = 0
    for part in parts:
        events = part.events
        columns = []
        for channel in schema.channels:
            column = events.frame[channel.name]
            if channel.role == "row_id" and part.stressed is not None:
                # Inserted rows would share numbers with the next part: count afresh.
                column = _row_numbers(column, row)
            columns.append(as_given(column, channel).alias(channel.name))
        row += events.n_events
        touched = np.zeros(events.n_entities, dtype=bool)
        if part.stressed is not None:
            touched = part.stressed.touched
        owner = events.owner
        extra = _provenance(part.first + owner, provenance, touched[owner])
        yield pl.DataFrame([*columns, *extra]), events.n_entities


def _provenance(
    scenario_id: Ints, provenance: Provenance, stressed: Flags, weight: Floats | None = None
) -> list[pl.Series]:
    """Return the provenance columns; rows of untouched sequences belong to the base."""
    n, base = len(scenario_id), provenance.untouched()
    columns = [pl.Series("scenario_id", scenario_id, dtype=pl.Int64)]
    for name in ("mechanism", "stress", "severity"):
        pair = pl.Series(name, [getattr(base, name), getattr(provenance, name)])
        columns.append(pair.gather(stressed.astype(np.uint32)))
    if weight is not None:
        return [*columns, pl.Series("weight", weight, dtype=pl.Float64)]
    return [*columns, pl.Series("weight", [1.0]).new_from_index(0, n)]


def _row_numbers(column: pl.Series, start: int) -> pl.Series:
    numbers = pl.Series(np.arange(start, start + len(column)))
    if column.dtype == pl.String:
        return pl.select("R" + numbers.cast(pl.String).str.zfill(12)).to_series()
    return numbers.cast(column.dtype)


def _path_tables(
    parts: Iterable[PathPart], start: PathStart, provenance: Provenance
) -> Iterator[tuple[pl.DataFrame, int]]:
    for part in parts:
        frame = paths_frame(part.returns, start)
        columns = [
            cast_back(frame[channel.name], channel.dtype) for channel in start.schema.channels
        ]
        within = np.repeat(np.arange(len(part)), part.returns.shape[1])
        touched = np.full(len(within), provenance.severity > 0)
        weight = None if part.weight is None else part.weight[within]
        extra = _provenance(part.first + within, provenance, touched, weight)
        yield pl.DataFrame([*columns, *extra]), len(part)


def _refuse_clashes(names: list[str]) -> None:
    clash = [name for name in names if name in PROVENANCE]
    if clash:
        raise RiskgenError(
            f"The table has a column '{clash[0]}', a name that riskgen needs for the provenance "
            "of simulated rows. Rename it and fit again."
        )


def _write(
    tables: Iterable[tuple[pl.DataFrame, int]], target: Path, provenance: Provenance
) -> dict[str, Any]:
    if target.suffix in (".parquet", ".csv"):
        return _write_file(tables, target, provenance)
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target) as draft:
        counts = _Counts()
        for number, frame in enumerate(_slices(counts.counted(tables))):
            _write_one(frame, draft / f"part-{number:05d}.parquet", provenance)
        hashes = {path.name: file_hash(path) for path in sorted(draft.iterdir())}
    return counts.facts(hashes)


def _write_file(
    tables: Iterable[tuple[pl.DataFrame, int]], target: Path, provenance: Provenance
) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft, counts = target.with_name(f".{target.name}.partial"), _Counts()
    frames = _slices(counts.counted(tables))
    try:
        if target.suffix == ".csv":
            _write_csv(frames, draft)
        else:
            _write_row_groups(frames, draft, provenance)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return counts.facts({target.name: file_hash(target)})


def _write_one(frame: pl.DataFrame, path: Path, provenance: Provenance) -> None:
    _write_row_groups([frame], path, provenance)


def _write_row_groups(frames: Iterable[pl.DataFrame], path: Path, provenance: Provenance) -> None:
    with ParquetFile(path, provenance.metadata()) as file:
        for frame in frames:
            file.write(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _write_csv(frames: Iterable[pl.DataFrame], path: Path) -> None:
    with path.open("wb") as handle:
        for number, frame in enumerate(frames):
            guarded = frame.with_columns(
                pl.when(pl.col(pl.String).str.contains(_FORMULA))
                .then(pl.lit("'") + pl.col(pl.String))
                .otherwise(pl.col(pl.String))
                .name.keep()
            )
            guarded.write_csv(handle, include_header=number == 0)


def _slices(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Regroup frames into equal ones, so that parts do not depend on the generator's chunk."""
    waiting: pl.DataFrame | None = None
    for frame in frames:
        waiting = frame if waiting is None else waiting.vstack(frame)
        while waiting.height >= ROWS_PER_PART:
            yield waiting[:ROWS_PER_PART].rechunk()
            waiting = waiting[ROWS_PER_PART:]
    if waiting is not None and waiting.height:
        yield waiting.rechunk()


@dataclass
class _Counts:
    """Counts rows and scenarios as they pass."""

    scenarios: int = 0
    rows: int = 0

    def counted(self, tables: Iterable[tuple[pl.DataFrame, int]]) -> Iterator[pl.DataFrame]:
        for frame, scenarios in tables:
            self.scenarios += scenarios
            self.rows += frame.height
            yield frame

    def facts(self, hashes: Mapping[str, str]) -> dict[str, Any]:
        return {
            "n_scenarios": self.scenarios,
            "n_rows": self.rows,
            "n_events": self.rows,
            "parts": list(hashes),
            "sha256": dict(hashes),
        }
