"""A real PostgreSQL: types, refusals, and a password that shows up nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from postgres import Server, running_server

from riskgen.cli import group
from riskgen.data.market.sp500 import sp500_prices
from riskgen.data.sources.address import Address
from riskgen.data.sources.query import QuerySource
from riskgen.data.sources.source import open_source
from riskgen.errors import DataError, RiskgenError
from riskgen.stages.material import TableRequest

_PRICES = "select * from closing order by date"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        running.execute(
            "create table customers (id uuid, born date, limit_eur numeric(12, 2), vip boolean)",
            "create schema risk",
            "create table risk.flags (customer text, raised timestamptz)",
            "create sequence clicks",
            "create function leave_a_mark() returns int language sql "
            "as $$ insert into risk.flags values ('x', now()) returning 1 $$",
        )
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def rows(server: Server, query: str) -> pl.DataFrame:
    return open_source(Address(server.uri_with_password, query)).scan().collect()


def refusal(server: Server, text: str, query: str | None, word: Path | None = None) -> str:
    source = open_source(Address(text, query, word))
    with pytest.raises(DataError) as caught:
        source.scan()
    message = str(caught.value)
    assert "\n" not in message
    assert server.password not in message + repr(source) + source.name
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return message


def test_types_arrive_usable(server: Server) -> None:
    table = rows(
        server,
        """select 7::int2 a, 2.50::numeric(12,2) m, 'NaN'::numeric(12,2) mm, 1.25::numeric f,
           12345678901::numeric k, timestamptz '2024-03-28 14:05:06+02' tz, date '2024-03-28' d,
           true b, 'ä'::text t, 'x'::char(3) c, '{"a": 1}'::jsonb j,
           'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid u, 1.5::float4 r, null::int8 n""",
    )
    assert table.row(0, named=True) == {
        **{"a": 7, "m": Decimal("2.50"), "mm": None, "f": 1.25, "k": 12345678901},
        **{"tz": datetime(2024, 3, 28, 12, 5, 6, tzinfo=UTC), "d": date(2024, 3, 28)},
        **{"b": True, "t": "ä", "c": "x", "j": '{"a": 1}', "r": 1.5, "n": None},
        "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    }
    assert table.schema["m"] == pl.Decimal(12, 2)
    assert table.schema["k"] == pl.Int64


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("select interval '1 day' x", "interval"),
        ("select array[1] x", "_int4"),
        ("select 5::money x", "money"),
        ("select '10.0.0.1'::inet x", "inet"),
        ("select 'a'::bytea x", "bytea"),
    ],
)
def test_types_that_cannot_be_modelled_say_how_to_turn_them(
    server: Server, query: str, kind: str
) -> None:
    message = refusal(server, server.uri_with_password, query)
    assert f"'x' in '{server.uri}' is of type {kind}. Turn it" in message


def test_the_password_may_come_from_everywhere_libpq_looks(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = tmp_path / "word"
    word.write_text(f"{server.password}\nsecond line\n")
    for text in (server.uri, f"{server.uri}?sslmode=disable"):
        assert open_source(Address(text, "select 1 a", word)).scan().collect().item() == 1
    pgpass = tmp_path / ".pgpass"
    pgpass.write_text(f"*:*:*:*:{server.password}\n")
    pgpass.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(pgpass))
    assert open_source(Address(server.uri, "select 1 a")).scan().collect().item() == 1
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.setenv("PGPASSWORD", server.password)
    assert open_source(Address(server.uri, "select 1 a")).scan().collect().item() == 1


def test_a_wrong_or_missing_password_says_where_to_give_it(server: Server, tmp_path: Path) -> None:
    for text in (server.uri, server.uri_with_password.replace("@", "x@")):
        assert "--password-file" in refusal(server, text, "select 1")
    message = refusal(server, server.uri_with_password, "select 1", tmp_path / "none")
    assert "Give one" in message
    assert "cannot be read" in refusal(server, server.uri, "select 1", tmp_path / "none")
    (tmp_path / "none").write_text("\n")
    assert "is empty" in refusal(server, server.uri, "select 1", tmp_path / "none")


def test_no_server_no_database_and_a_broken_uri_are_told_apart(server: Server) -> None:
    text = server.uri_with_password
    assert "refused" in refusal(server, text.replace(str(server.port), "1"), "select 1")
    assert '"none"' in refusal(server, text.replace("/bank", "/none"), "select 1")
    unescaped = text.replace(server.password, f"a@{server.password}/b")
    assert "%40" in refusal(server, unescaped, "select 1")


def test_a_query_cannot_write(server: Server) -> None:
    for query in (
        "select leave_a_mark()",
        "select nextval('clicks')",
        "insert into risk.flags values ('x', now()) returning 1",
        "with gone as (delete from risk.flags returning 1) select * from gone",
        "create table x (a int)",
        "drop table customers",
        "select 1; drop table customers",
        "select set_config('transaction_read_only', 'off', false), leave_a_mark()",
    ):
        refusal(server, server.uri_with_password, query)
    assert rows(server, "select count(*) n from risk.flags").item() == 0


def test_errors_of_the_query_are_plain_and_quote_no_values(server: Server) -> None:
    text = server.uri_with_password
    assert "Nearest tables: customers" in refusal(server, text, "select * from customer")
    assert 'near "selec"' in refusal(server, text, "selec 1")
    for query in (
        "select 'Anna Muster'::int",
        "select t::int from (values ('12'), ('Anna Muster')) as v(t)",
    ):
        assert "Muster" not in refusal(server, text, query)
    assert "no rows" in refusal(server, text, "select * from customers")
    assert "'a' 2 times" in refusal(server, text, "select 1 a, 2 a")


def test_without_a_query_the_tables_are_listed(server: Server) -> None:
    message = refusal(server, server.uri_with_password, None)
    assert "It holds: customers, risk.flags." in message
    assert "--query" in message


def test_the_digest_stays_when_rows_move(server: Server) -> None:
    def digest() -> str:
        return open_source(Address(server.uri_with_password, "select * from moved")).digest()

    server.execute(
        "create table moved as select g as a, g / 7.0 as b from generate_series(1, 5000) g"
    )
    before = digest()
    server.execute("update moved set b = b where a % 3 = 0", "vacuum full moved")
    assert rows(server, "select * from moved")["a"].to_list()[:3] == [1, 2, 4]
    assert digest() == before
    server.execute("update moved set b = b + 0.0001 where a = 17")
    assert digest() != before
    server.execute("drop table moved")


def test_rows_are_fetched_once_and_lie_on_disk(server: Server) -> None:
    source = open_source(
        Address(server.uri_with_password, "select g a from generate_series(1, 300000) g")
    )
    assert isinstance(source, QuerySource)
    assert "Parquet SCAN" in source.scan().explain()
    total = source.scan().select(pl.col("a").cast(pl.Int64).sum()).collect().item()
    assert total == 300_000 * 300_001 // 2


def test_nothing_that_knows_the_address_shows_the_password(server: Server) -> None:
    text = server.uri_with_password + f"?sslmode=disable&sslpassword={server.password}"
    request = TableRequest(text, "select 1")
    source = request.open()
    shown = repr([request, source, source.record(), source.name, source.stem, source])
    assert server.password not in shown
    assert source.record() == {"source": server.uri + "?sslmode=disable", "query": "select 1"}
    assert source.stem == "bank"


def fill(server: Server) -> None:
    from adbc_driver_postgresql import dbapi

    server.execute("create table closing (date date, sp500 numeric(9, 2), nasdaq float8)")
    prices = sp500_prices().rename(str.lower)
    with dbapi.connect(server.uri_with_password) as session, session.cursor() as cursor:
        cursor.execute("create temporary table fresh (date date, sp500 float8, nasdaq float8)")
        cursor.adbc_ingest("fresh", prices.to_arrow(), mode="append", temporary=True)
        cursor.execute("insert into closing select * from fresh")
        session.commit()


def test_the_whole_job_on_a_database_leaves_no_password(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server)
    monkeypatch.chdir(tmp_path)
    word = tmp_path.parent / f"{tmp_path.name}-word"
    word.write_text(server.password)
    runner, output = CliRunner(), ""
    commands = (
        ["fit", server.uri_with_password, "--query", _PRICES, "--steps", "4"],
        ["simulate", "--scenarios", "20"],
        ["evaluate", "--quick", "--password-file", str(word)],
        ["report"],
    )
    for command in commands:
        done = runner.invoke(group, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        output += done.output
    with pytest.raises(RiskgenError) as caught:
        runner.invoke(group, ["evaluate"], catch_exceptions=False)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"manifest.json", "results.json"} <= {path.name for path in files}
    written = b"".join(path.read_bytes() for path in files)
    assert b"riskgen_reader@127.0.0.1" in written
    assert server.password.encode() not in written
    assert server.password not in output + str(caught.value)


def test_an_interrupted_process_shows_no_password_and_leaves_no_rows(
    server: Server, tmp_path: Path
) -> None:
    script = (
        "import sys\nfrom riskgen.data.sources.address import Address\n"
        "from riskgen.data.sources.source import open_source\n"
        "source = open_source(Address(sys.argv[1], 'select 1 a'))\nsource.scan()\n"
        "raise KeyboardInterrupt"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, server.uri_with_password],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "KeyboardInterrupt" in done.stderr
    assert server.password not in done.stderr + done.stdout
    assert list(tmp_path.glob("riskgen-*")) == []
