"""PostgreSQL through ADBC: one query, in a session that can only read.

The password goes to libpq and nowhere else. What the driver says is shown
without it, and without values of the table.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pyarrow as pa

from riskgen.data.sources.address import Address
from riskgen.data.sources.uri import check_database_uri, public, scrubbed, secrets_in
from riskgen.errors import DataError

# Parallel and synchronised scans would hand the same rows out in another order each time.
_SESSION = (
    "set session characteristics as transaction read only",
    "set max_parallel_workers_per_gather = 0",
    "set synchronize_seqscans = off",
)
_TABLES = (
    "select quote_ident(table_schema) || '.' || quote_ident(table_name) as name "
    "from information_schema.tables "
    "where table_schema not in ('pg_catalog', 'information_schema') order by 1"
)
# Classes of SQLSTATE whose messages name tables, columns and roles, but quote no values.
_NAMES_ONLY = frozenset({"0A", "25", "28", "3D", "3F", "42", "53", "54", "55", "57"})
_SAID = re.compile(r"(?:ERROR|FATAL): +(.*)")
_READ_ONLY = re.compile(r"cannot execute [A-Z ]+ in a read-only transaction")


@dataclass(frozen=True)
class Postgres:
    """An engine over a server.

    Attributes
    ----------
    address : Address
        URI and password file; libpq adds PGUSER, PGPASSWORD, PGPASSFILE and ~/.pgpass.
    """

    address: Address

    @property
    def name(self) -> str:
        """URI without secrets."""
        return self.address.shown

    @property
    def stem(self) -> str:
        """Name of the database."""
        path = self.address.shown.partition("://")[2].partition("?")[0].partition("/")[2]
        return re.sub(r"[^\w.-]", "_", unquote(path)) or "postgres"

    @property
    def place(self) -> str:
        """URI without secrets."""
        return self.address.shown

    def tables(self) -> list[str]:
        """Return the tables and views that the user may see, with their schemas."""
        with self.rows(_TABLES) as reader:
            names = [str(name) for name in reader.read_all()["name"].to_pylist()]
        return [name.removeprefix("public.") for name in names]

    @contextmanager
    def rows(self, query: str) -> Iterator[pa.RecordBatchReader]:
        """Run one query; DataError, without secrets and values, when it fails."""
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi

        uri, secrets = self._with_password()
        asked = False
        try:
            with dbapi.connect(uri, autocommit=True) as session, session.cursor() as cursor:
                for statement in _SESSION:
                    cursor.execute(statement)
                asked = True
                cursor.execute(query)
                with cursor.fetch_record_batch() as reader:
                    yield reader
        except (Error, pa.ArrowException, OSError) as error:
            state = getattr(error, "sqlstate", None)
            found = self._refused(str(error), state) if asked else self._unreachable(str(error))
            message = scrubbed(found, secrets)
        else:
            return
        raise DataError(message + self._nearest(message))

    def _with_password(self) -> tuple[str, list[str]]:
        text = self.address.text
        check_database_uri(text)
        secrets = [*secrets_in(text), os.environ.get("PGPASSWORD", "")]
        if self.address.password_file is None:
            return text, secrets
        if secrets_in(text):
            raise DataError("The URI holds a password and --password-file another. Give one.")
        password = read_password(self.address.password_file)
        joint = "&" if "?" in text else "?"
        typed = quote(password, safe="")
        return f"{text}{joint}password={typed}", [*secrets, password, typed]

    def _unreachable(self, said: str) -> str:
        line = said.partition("Failed to connect:")[2].strip() or said
        line = " ".join(line.splitlines()[0].split()).rstrip(".")
        advice = "Check host, port and database name."
        if "password" in line or "authentication" in line:
            advice = "Give the password by PGPASSWORD, ~/.pgpass or --password-file."
        return f"'{self.name}' cannot be reached: {public(line)}. {advice}"

    def _refused(self, said: str, state: str | None) -> str:
        found = _SAID.search(said)
        line = found[1].strip() if found else ""
        if (state or "")[:2] in _NAMES_ONLY or _READ_ONLY.fullmatch(line):
            return f"'{self.name}' refused the query: {line}. Correct --query."
        coded = f" (SQLSTATE {state})" if state else ""
        return (
            f"'{self.name}' stopped the query{coded}. Its message "
            "may quote values and is not shown; run the query in psql to see it."
        )

    def _nearest(self, message: str) -> str:
        missing = re.search(r'relation "([^"]+)" does not exist', message)
        if not missing:
            return ""
        tables = self.tables()
        near = difflib.get_close_matches(missing[1], tables, n=3, cutoff=0.4) or tables[:3]
        return f" Nearest tables: {', '.join(near)}." if near else " You may see no tables there."


def read_password(path: os.PathLike[str]) -> str:
    """Return the first line of a password file.

    Raises
    ------
    DataError
        When the file cannot be read or its first line is empty.
    """
    try:
        with open(path, encoding="utf-8") as file:
            password = file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        kind = type(error).__name__
        raise DataError(f"--password-file '{path}' cannot be read ({kind}).") from None
    if not password:
        raise DataError(f"The first line of --password-file '{path}' is empty.")
    return password
