"""Folders of parts, flat or partitioned as Hive and Spark do (``month=2024-01/``)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from riskgen.data.sources.checked import checked
from riskgen.data.sources.csvfile import scan_csv
from riskgen.data.sources.forms import CSV, PARQUET, form_of
from riskgen.data.sources.parquet import WIDEN, check_parquet, common_schema, scan_parquet
from riskgen.data.sources.tablefile import file_hash
from riskgen.data.sources.written import typed
from riskgen.errors import DataError

_NOTHING = "__HIVE_DEFAULT_PARTITION__"
_THREADS = 4  # reading and hashing overlap; more gain nothing on a laptop's disk [J]


@dataclass(frozen=True)
class TableFolder:
    """A table in several files of one kind.

    Attributes
    ----------
    path : Path
        Folder; names that begin with ``_`` or ``.`` are passed over, as Spark does.
    """

    path: Path

    @property
    def name(self) -> str:
        """Path as the user gave it."""
        return str(self.path)

    @property
    def stem(self) -> str:
        """Name of the folder."""
        return self.path.resolve().stem

    @cached_property
    def parts(self) -> list[Path]:
        """Files of the table, sorted by their relative path."""
        relative = [p.relative_to(self.path) for p in self.path.rglob("*") if p.is_file()]
        seen = [p for p in relative if not any(name[0] in "_." for name in p.parts)]
        return [self.path / p for p in sorted(seen, key=Path.as_posix)]

    def scan(self) -> pl.LazyFrame:
        """Return the rows of all parts, part by part, with partition columns last.

        Raises
        ------
        DataError
            When a part is foreign, damaged, or differs from the others.
        """
        form, keys = self._form(), self._keys()
        if form == CSV and keys:
            raise DataError(f"'{self.name}' is a partitioned folder of CSV files. Use Parquet.")
        if form == CSV:
            return checked(scan_csv(self.parts, self.name), self.name)
        return checked(self._partitioned(keys) if keys else scan_parquet(self.parts), self.name)

    def digest(self) -> str:
        """Return the SHA-256 over the relative path and the SHA-256 of each part."""
        with ThreadPoolExecutor(_THREADS) as pool:
            hashes = list(pool.map(file_hash, self.parts))
        lines = (
            f"{part.relative_to(self.path).as_posix()}\0{digest}\n"
            for part, digest in zip(self.parts, hashes, strict=True)
        )
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """Return the folder's place."""
        return {"source": str(self.path.resolve())}

    def _form(self) -> str:
        forms = {part: form_of(part) for part in self.parts}
        tables = [form for form in forms.values() if form in (PARQUET, CSV)]
        if not tables:
            raise DataError(
                f"'{self.name}' is a folder without Parquet or CSV files. Name one that has some."
            )
        for part, form in forms.items():
            if form != tables[0]:
                raise DataError(
                    f"'{part}' is no {tables[0]} file like the other parts of '{self.name}'. "
                    "Move it away, or begin its name with '_'."
                )
        return tables[0]

    def _keys(self) -> list[str]:
        """Return the names of the partition columns, outermost first."""
        keys = {tuple(_pairs(part.relative_to(self.path))) for part in self.parts}
        if len(keys) > 1:
            first, other = sorted(keys)[:2]
            raise DataError(
                f"The parts of '{self.name}' are partitioned in two ways: {list(first)} and "
                f"{list(other)}. Give all parts the same levels of folders."
            )
        return list(next(iter(keys)))

    def _partitioned(self, keys: Sequence[str]) -> pl.LazyFrame:
        values = [_pairs(part.relative_to(self.path)) for part in self.parts]
        table = pl.DataFrame(values, schema=dict.fromkeys(keys, pl.String))
        kinds = typed(table.lazy(), keys).collect_schema()
        schema = common_schema({part: check_parquet(part) for part in self.parts})
        both = [key for key in keys if key in schema]
        if both:
            raise DataError(
                f"'{both[0]}' is a partition of '{self.name}' and a column inside its files. "
                "Leave it out of the files."
            )
        return pl.scan_parquet(
            self.path,
            glob=False,
            hidden_file_prefix=["_", "."],
            schema=schema,
            cast_options=WIDEN,
            hive_partitioning=True,
            # Not polars' own guess: it reads branch=007 as the number 7.
            hive_schema={key: kinds[key] for key in keys},
        )


def _pairs(part: Path) -> dict[str, str | None]:
    split = [name.partition("=") for name in part.parent.parts if "=" in name]
    return {unquote(k): None if v == _NOTHING else unquote(v) for k, _, v in split}
