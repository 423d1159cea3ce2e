"""The one door for the user's data: a table that can be scanned and told apart.

It knows files and databases, not what columns mean.
"""

from __future__ import annotations

import difflib
from typing import Any, Protocol

import polars as pl

from riskgen.data.sources.address import Address
from riskgen.data.sources.folder import TableFolder
from riskgen.data.sources.forms import DUCKDB, READABLE, form_of
from riskgen.data.sources.query import QuerySource
from riskgen.data.sources.stores import STORES, StoreTable
from riskgen.data.sources.tablefile import TableFile
from riskgen.data.sources.uri import DATABASES, scheme_of
from riskgen.errors import DataError

Table = pl.DataFrame


class Source(Protocol):
    """A table somewhere."""

    @property
    def name(self) -> str:
        """What to print: never a password."""

    @property
    def stem(self) -> str:
        """Short name for a run of this table."""

    def scan(self) -> pl.LazyFrame:
        """Return the rows, read when they are needed.

        Raises
        ------
        DataError
            When there is no table, or it is damaged, empty or of a kind that
            cannot be modelled.
        """

    def digest(self) -> str:
        """Return a SHA-256 that changes when a value of the table changes."""

    def record(self) -> dict[str, Any]:
        """Return what a manifest keeps to find the table again: no secret."""


def open_source(address: Address) -> Source:
    """Return the table at ``address``, without reading or reaching it.

    Raises
    ------
    DataError
        When the address names nothing that riskgen can read.
    """
    scheme = scheme_of(address.text)
    if scheme in DATABASES:
        return _database(address)
    _check_query(address)
    if scheme is not None:
        return _remote(address, scheme)
    path = address.path
    if path.is_dir():
        delta = (path / "_delta_log").is_dir()
        return StoreTable(address) if delta else TableFolder(path)
    if path.is_file() and form_of(path) == DUCKDB:
        return _duckdb(address)
    return TableFile(path)


def _database(address: Address) -> Source:
    from riskgen.data.sources.postgres import Postgres

    return QuerySource(Postgres(address), address.query)


def _duckdb(address: Address) -> Source:
    from riskgen.data.sources.duckdbfile import DuckDbFile

    return QuerySource(DuckDbFile(address.path), address.query)


def _remote(address: Address, scheme: str) -> Source:
    if scheme.removeprefix("delta+") in STORES:
        return StoreTable(address)
    near = difflib.get_close_matches(scheme, sorted(STORES | DATABASES), n=1)
    meant = f" Did you mean '{near[0]}://'?" if near else ""
    raise DataError(f"'{address.shown}': '{scheme}://' is not read.{meant} {READABLE}.")


def _check_query(address: Address) -> None:
    """Refuse database options where there is no database."""
    path = address.path
    is_file = scheme_of(address.text) is None and path.is_file()
    given = {
        "--password-file": address.password_file is not None,
        "--query": address.query is not None and not (is_file and form_of(path) == DUCKDB),
    }
    for option in (name for name, wrong in given.items() if wrong):
        raise DataError(f"{option} is for databases; '{address.shown}' is none. Leave it out.")
