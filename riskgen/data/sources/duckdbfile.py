"""A DuckDB file: opened to read only, with no way out of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from riskgen.data.sources.forms import check_file, is_duckdb
from riskgen.errors import DataError

# No other file, no extension, no network: the query sees this file and nothing else.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "lock_configuration": "true",
}
_TABLES = (
    "select table_schema, table_name from information_schema.tables "
    "where table_catalog = current_database() order by table_schema, table_name"
)
_ROWS = 131_072
# Their messages quote names from the query; those of other errors quote values.
_NAMES_ONLY = (
    *(duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException),
    *(duckdb.PermissionException, duckdb.IOException),
)


@dataclass(frozen=True)
class DuckDbFile:
    """An engine over one file.

    Attributes
    ----------
    path : Path
        The database.
    """

    path: Path

    @property
    def name(self) -> str:
        """Path as the user gave it."""
        return str(self.path)

    @property
    def stem(self) -> str:
        """File name without its ending."""
        return self.path.stem

    @property
    def place(self) -> str:
        """The file's place."""
        return str(self.path.resolve())

    def tables(self) -> list[str]:
        """Return tables and views."""
        with self._asking() as connection:
            rows = connection.sql(_TABLES).fetchall()
        return [_quoted(name) if schema == "main" else f"{_quoted(schema)}.{_quoted(name)}"
                for schema, name in rows]  # fmt: skip

    @contextmanager
    def rows(self, query: str) -> Iterator[pa.RecordBatchReader]:
        """Run one query; DataError when it fails."""
        with self._asking() as connection:
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise DataError("--query must be one SELECT statement. Nothing was run.")
            with connection.sql(query).to_arrow_reader(_ROWS) as reader:
                yield reader

    @contextmanager
    def _asking(self) -> Iterator[duckdb.DuckDBPyConnection]:
        check_file(self.path)
        if not is_duckdb(self.path):
            raise DataError(f"'{self.path}' is not a DuckDB database, whatever its name says.")
        try:
            with duckdb.connect(str(self.path), read_only=True, config=_CONFIG) as connection:
                yield connection
        except _NAMES_ONLY as error:
            raise DataError(f"DuckDB refused, in '{self.name}': {_line(error)}") from None
        except (duckdb.Error, pa.ArrowException) as error:
            kind = type(error).__name__
            raise DataError(
                f"DuckDB stopped with a {kind} while reading '{self.name}'. The message may quote "
                "values and is not shown; run the query in DuckDB to see it."
            ) from None


def _line(error: duckdb.Error) -> str:
    said = [line.strip() for line in str(error).split("\n\n")[0].splitlines()]
    return " ".join(said).rstrip(".") + "."


def _quoted(name: str) -> str:
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
    return name if plain else '"' + name.replace('"', '""') + '"'
