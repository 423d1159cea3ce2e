"""A real PostgreSQL for tests: Debian's own server, on loopback, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

USER, DATABASE = "riskgen_reader", "bank"
# Nothing here has to survive a crash.
_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=16MB"


@dataclass(frozen=True)
class Server:
    """Where the server listens, and the password that must show up nowhere."""

    port: int
    password: str
    log: Path

    @property
    def uri(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def uri_with_password(self) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def execute(self, *statements: str) -> None:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.uri_with_password, autocommit=True) as session:
            for statement in statements:
                with session.cursor() as cursor:
                    cursor.execute(statement)


def binaries() -> Path | None:
    """Return the folder of the newest server that Debian or the path has."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server with a password and a database; skip with the reason where none starts."""
    where = binaries()
    if where is None:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="riskgen-pg-"))
    try:
        as_user = _unprivileged(folder)
        server = Server(_free_port(), secrets.token_urlsafe(16), folder / "log")
        _create(where, folder, server, as_user)
        try:
            _run([str(where / "createdb"), *_client(server), DATABASE], password=server.password)
            yield server
        finally:
            _run([*as_user, str(where / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate",
                  "-w", "stop"])  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _create(where: Path, folder: Path, server: Server, as_user: Sequence[str]) -> None:
    data, word = str(folder / "data"), folder / "password"
    word.write_text(server.password)
    word.chmod(0o644)
    _run([*as_user, str(where / "initdb"), "-D", data, "-U", USER, f"--pwfile={word}",
          "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"])  # fmt: skip
    word.unlink()
    options = (
        f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' {_FAST}"
    )
    _run([*as_user, str(where / "pg_ctl"), "-D", data, "-w", "-t", "30", "-o", options,
          "-l", str(server.log), "start"])  # fmt: skip


def _unprivileged(folder: Path) -> list[str]:
    """Return the words before a command that drop root, which no server starts as."""
    if os.geteuid() != 0:
        return []
    try:
        postgres = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("running as root, and there is no user postgres to start a server as")
    os.chown(folder, postgres.pw_uid, postgres.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


def _client(server: Server) -> list[str]:
    return ["-h", "127.0.0.1", "-p", str(server.port), "-U", USER]


def _run(command: Sequence[str], password: str = "") -> None:
    done = subprocess.run(
        command,
        stdout=subprocess.DEVNULL,  # a server that inherits a pipe would keep it open
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PGPASSWORD": password, "LC_ALL": "C"},
        timeout=60,
        check=False,
        cwd="/",
    )
    if done.returncode:
        pytest.skip(f"PostgreSQL does not start here: {Path(command[-1]).name} {command[0]} failed")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
