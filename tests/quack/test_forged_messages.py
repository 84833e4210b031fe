"""A client that has the token and speaks quack's messages itself: it can write nothing either.

The messages are a recorded client's own, rewritten byte by byte (`messages.py`), so that no client
checks anything before they are sent. That they are understood is shown by a server without a guard.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.quack.conftest import TOKEN, Server, client
from tests.quack.messages import KINDS, Session
from tests.quack.test_one_server_many_readers import run_application
from tests.waiting import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = dict[str, list[tuple[Any, ...]]]

TARGETS = [
    ("main", "notes"),
    ("db", "notes"),
    ("db.main", "notes"),
    ('"db"."main"', "notes"),
    ('db"."main', "notes"),
    ("", "notes"),
    ("", "db.main.notes"),
    ("main", "db.notes"),
    ("main", 'notes" SELECT 1 --'),
    ("main", "notes; SELECT 1"),
    ("main", "job_metrics"),
    ("otel", "spans"),
    ("db", "otel.spans"),
    ("temp", "notes"),
    ("memory", "notes"),
]
QUESTIONS = [
    "INSERT INTO db.main.notes VALUES (1, 'forged')",
    "WITH forged AS (DELETE FROM db.main.notes RETURNING *) FROM forged",
    "EXPLAIN ANALYZE DELETE FROM db.main.notes",
    "PREPARE forged AS DELETE FROM db.main.notes",
    "EXECUTE forged",
    "SELECT 1; DELETE FROM db.main.notes",
    "COPY db.main.notes TO '/tmp/stolen.csv'",
    "COPY (DELETE FROM db.main.notes RETURNING *) TO '/tmp/stolen.csv'",
    "CREATE MACRO db.main.mine() AS TABLE FROM read_text('/etc/passwd')",
    "CREATE VIEW db.main.mine AS FROM read_text('/etc/passwd')",
    "SET lock_configuration = false",
    "FROM json_execute_serialized_sql('{}')",
    "FROM quack_query('quack:127.0.0.1', 'SELECT 1', token = 'a-token')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM duckdb_logs()",
    "FROM which_secret('https://example.org', 'http')",
    "SELECT json_serialize_plan('FROM pandas_scan(1::POINTER)')",
    "SELECT getenv('HOME')",
]


def rows(path: Path) -> Rows:
    tables = "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY ALL"
    with duckdb.connect(path, read_only=True) as connection:
        names = [name for (name,) in connection.execute(tables).fetchall()]
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with records of an application, and a table that the forged rows would fit."""
    path = tmp_path / "telemetry.duckdb"
    run_application(path)
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE notes (number INTEGER, text VARCHAR)")
        connection.execute("INSERT INTO notes VALUES (1, 'mine')")
    return path


def test_a_forged_append_writes_where_nothing_guards(quack: None) -> None:
    del quack
    port = free_port()
    uri = f"quack:127.0.0.1:{port}"
    with client() as server:
        server.execute("CREATE TABLE notes (number INTEGER, text VARCHAR)")
        server.execute("CALL quack_serve(?, token = ?)", [uri, TOKEN])
        assert not Session.opened(port, TOKEN).append("main", "notes").is_refusal
        assert server.execute("FROM notes").fetchall() == [(42, "hello"), (43, "you")]
        server.execute("CALL quack_stop(?)", [uri])


@pytest.mark.parametrize("options", [(), ("--allow-writes",)])
def test_a_forged_append_is_refused_whatever_table_it_names(
    serve: Callable[..., Server], path: Path, options: tuple[str, ...]
) -> None:
    # With --allow-writes nobody is asked about an append: there, views alone stand in its way.
    before = rows(path)
    server = serve(*options)
    session = Session.opened(server.port, TOKEN)
    passed = [target for target in TARGETS if not session.append(*target).is_refusal]
    assert server.end() == 0
    assert passed == []
    assert rows(path) == before


def test_forged_questions_change_nothing_and_read_nothing_else(
    serve: Callable[..., Server], path: Path
) -> None:
    before = rows(path)
    server = serve()
    session = Session.opened(server.port, TOKEN)
    assert not session.ask("FROM job_metrics").is_refusal
    assert [sql for sql in QUESTIONS if not session.ask(sql).is_refusal] == []
    assert server.end() == 0
    assert rows(path) == before


def test_messages_without_a_session_or_sense_are_refused_and_end_no_server(
    serve: Callable[..., Server], path: Path
) -> None:
    before = rows(path)
    server = serve()
    holder = server.holder
    known = Session.opened(server.port, TOKEN)
    for name in (b"", b"0" * 32, known.name[:-1], known.name.lower()):
        claimed = Session(server.port, name)
        assert claimed.ask("SELECT 1").is_refusal, name
        assert claimed.append("main", "notes").is_refusal, name
    for kind in set(range(128)) - {*KINDS}:
        assert known.send(kind, b"").is_refusal, kind
    noise = random.Random(1)  # noqa: S311 - the same noise each time
    for length in range(60):
        known.send(KINDS[length % 4], noise.randbytes(length))
    wait_for(lambda: not Session.opened(server.port, TOKEN).ask("SELECT 1").is_refusal)
    assert server.holder == holder
    assert server.end() == 0
    assert rows(path) == before
