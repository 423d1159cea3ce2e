"""Write simulated tables as Parquet, a part of a simulation a file; put parts together.

Knows tables and files, not how the numbers came about. Same rows, same bytes:
fixed compression, no clock, one writer. A file is written beside and renamed
into place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from riskgen.data.dtypes import cast_back, dtype_name
from riskgen.data.freshkeys import row_keys
from riskgen.data.market.paths import PathStart, paths_frame
from riskgen.data.schema import Schema
from riskgen.data.times.axis import as_given
from riskgen.errors import RiskgenError
from riskgen.runs import file_hash
from riskgen.simulate.engine import Part
from riskgen.simulate.mechanisms.accounts import Floats, Ints
from riskgen.simulate.parquet_file import ParquetFile, row_groups
from riskgen.simulate.paths import PathPart
from riskgen.simulate.provenance import Provenance

__all__ = ["PROVENANCE", "Provenance", "join_parts", "write_events", "write_paths"]

# Of a row group: what is held in memory, whatever the number of columns [J].
MOST_ROWS, MOST_CELLS = 100_000, 4_000_000
# Inserted rows of a sequence, on the average of a chunk, that have numbers of their own [J].
ROOM = 1_000
PROVENANCE = ("scenario_id", "mechanism", "stress", "severity", "weight")
# A spreadsheet runs cells that begin so (OWASP, CSV injection).
_FORMULA = r"^[=+\-@\t\r]"


def write_events(
    parts: Iterable[Part], path: Path, schema: Schema, provenance: Provenance, *, longest: int = 0
) -> dict[str, Any]:
    """Write simulated entities; the table has the user's columns and types.

    Parameters
    ----------
    parts : iterable of Part
        As :meth:`EventSimulator.parts` yields them.
    path : Path
        A Parquet file.
    schema : Schema
        Of the user's table.
    provenance : Provenance
        Of the simulation.
    longest : int
        Most events of a sequence of the base. Row numbers leave room for so
        many and for inserted ones, so that those of a chunk do not depend on
        what other chunks hold.

    Returns
    -------
    dict
        ``n_scenarios``, ``n_rows`` and ``sha256``.

    Raises
    ------
    RiskgenError
        When the table has a column named like one of the provenance columns.
    """
    _refuse_clashes([channel.name for channel in schema.channels])
    return _write(_event_tables(parts, schema, provenance, longest + ROOM), path, provenance)


def write_paths(
    parts: Iterable[PathPart],
    path: Path,
    start: PathStart,
    provenance: Provenance,
    *,
    assets: Sequence[str] = (),
) -> dict[str, Any]:
    """Write simulated market paths as prices that go on from the last real ones.

    Parameters
    ----------
    parts : iterable of PathPart
        As :meth:`PathSimulator.parts` yields them.
    path, provenance
        As for :func:`write_events`.
    start : PathStart
        Last prices, last date and schema.
    assets : sequence of str
        Those that are written; all when empty.

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
    return _write(_path_tables(parts, start, provenance, assets), path, provenance)


def join_parts(parts: Sequence[Path], target: Path, provenance: Provenance) -> None:
    """Put the parts of a simulation together to one ``.parquet`` or ``.csv`` file."""
    tables = row_groups(parts)
    with _beside(target) as draft:
        if target.suffix == ".csv":
            _write_csv((pl.DataFrame(table) for table in tables), draft)
            return
        with ParquetFile(draft, provenance.metadata()) as file:
            for table in tables:
                file.write(table)


def _event_tables(
    parts: Iterable[Part], schema: Schema, provenance: Provenance, room: int
) -> Iterator[tuple[pl.DataFrame, int]]:
    for part in parts:
        events = part.events
        columns = []
        for channel in schema.channels:
            column = events.frame[channel.name]
            if channel.role == "row_id" and part.mosaic is not None and provenance.severity > 0:
                # Inserted rows would share numbers with the next part: count afresh.
                column = _row_numbers(column, part.first * room, events.n_entities * room)
            columns.append(as_given(column, channel).alias(channel.name))
        said, which = [provenance.untouched()], np.zeros(events.n_entities, dtype=np.int64)
        if part.mosaic is not None:
            said += [provenance.acted(act) for act in part.mosaic.acts]
            which = np.where(part.mosaic.touched, 1 + part.mosaic.choice, 0)
        owner = events.owner
        extra = _provenance(part.first + owner, said, which[owner])
        yield pl.DataFrame([*columns, *extra]), events.n_entities


def _provenance(
    scenario_id: Ints, said: Sequence[Provenance], which: Ints, weight: Floats | None = None
) -> list[pl.Series]:
    """Return the provenance columns; ``which`` names what each row says of itself."""
    n = len(scenario_id)
    columns = [pl.Series("scenario_id", scenario_id, dtype=pl.Int64)]
    for name in ("mechanism", "stress", "severity"):
        values = pl.Series(name, [getattr(one, name) for one in said])
        columns.append(values.gather(which.astype(np.uint32)))
    if weight is not None:
        return [*columns, pl.Series("weight", weight, dtype=pl.Float64)]
    return [*columns, pl.Series("weight", [1.0]).new_from_index(0, n)]


def _row_numbers(column: pl.Series, start: int, room: int) -> pl.Series:
    assert len(column) <= room, "more rows than numbers were left for"
    return row_keys(start, len(column), dtype_name(column.dtype))


def _path_tables(
    parts: Iterable[PathPart], start: PathStart, provenance: Provenance, assets: Sequence[str]
) -> Iterator[tuple[pl.DataFrame, int]]:
    channels = start.schema.channels
    written = [c for c in channels if not assets or c.role != "channel" or c.name in assets]
    said = [provenance.at(severity) for severity in provenance.grid or (provenance.severity,)]
    for part in parts:
        frame = paths_frame(part.returns, start)
        columns = [cast_back(frame[channel.name], channel.dtype) for channel in written]
        within = np.repeat(np.arange(len(part)), part.returns.shape[1])
        weight = None if part.weight is None else part.weight[within]
        which = np.zeros_like(within) if part.severity is None else part.severity[within]
        extra = _provenance(part.first + within, said, which, weight)
        yield pl.DataFrame([*columns, *extra]), len(part)


def _refuse_clashes(names: list[str]) -> None:
    clash = [name for name in names if name in PROVENANCE]
    if clash:
        raise RiskgenError(
            f"The table has a column '{clash[0]}', a name that riskgen needs for the provenance "
            "of simulated rows. Rename it and fit again."
        )


def _write(
    tables: Iterable[tuple[pl.DataFrame, int]], path: Path, provenance: Provenance
) -> dict[str, Any]:
    counts = _Counts()
    with _beside(path) as draft, ParquetFile(draft, provenance.metadata()) as file:
        for frame in _groups(counts.counted(tables)):
            file.write(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    return {"n_scenarios": counts.scenarios, "n_rows": counts.rows, "sha256": file_hash(path)}


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yield a place of this process's own; it becomes ``path`` when all went well."""
    # Two workers may make the same part at once, when one was taken for dead.
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


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


def _groups(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Regroup frames into row groups, so that memory does not follow the generator's chunk."""
    waiting: pl.DataFrame | None = None
    for frame in frames:
        waiting = frame if waiting is None else waiting.vstack(frame)
        most = max(1, min(MOST_ROWS, MOST_CELLS // waiting.width))
        while waiting.height > most:
            yield waiting[:most].rechunk()
            waiting = waiting[most:]
    if waiting is not None:
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
