"""A token lets its bearer ask, and nothing else: tried with a DuckDB client as anybody has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte.reading import open_reader
from tests.quack.conftest import TOKEN, Server, client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REFUSED = [
    "INSERT INTO job_metrics SELECT * FROM job_metrics",
    "INSERT INTO db.job_metrics SELECT * FROM job_metrics",
    "UPDATE db.job_metrics SET status = 'done'",
    "DELETE FROM db.job_metrics",
    "MERGE INTO db.job_metrics USING job_metrics AS j ON false WHEN NOT MATCHED THEN INSERT *",
    "TRUNCATE db.job_metrics",
    "CREATE TABLE db.mine (i INTEGER)",
    "CREATE TEMP TABLE mine (i INTEGER)",
    "CREATE OR REPLACE MACRO otel_forgesyte_may_ask(a, b) AS true",
    "DROP TABLE db.job_metrics",
    "DROP VIEW job_metrics",
    "ALTER TABLE db.job_metrics ADD COLUMN mine INTEGER",
    "ATTACH '/tmp/other.duckdb' AS other",
    "DETACH db",
    "USE db",
    "COPY job_metrics TO '/tmp/stolen.csv'",
    "COPY db.job_metrics FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/stolen'",
    "SET threads = 2",
    "SET GLOBAL quack_authorization_function = 'quack_nop_authorization'",
    "RESET GLOBAL quack_authorization_function",
    "SET VARIABLE a = 1",
    "PRAGMA database_list",
    "CALL quack_stop('quack:127.0.0.1')",
    "FROM quack_stop('quack:127.0.0.1')",
    "FROM quack_serve('quack:127.0.0.1:9999', token = 'mine-now')",
    "FROM quack_query('quack:127.0.0.1', 'SELECT 1')",
    "FROM quack_active_connections()",
    "SELECT 1; SELECT 2",
    "SELECT 1; DELETE FROM db.job_metrics",
    "BEGIN",
    "COMMIT",
    "CHECKPOINT",
    "FORCE CHECKPOINT",
    "FROM force_checkpoint()",
    "VACUUM",
    "LOAD httpfs",
    "INSTALL json",
    "PREPARE mine AS SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "FROM read_text('/etc/passwd')",
    "FROM main.READ_TEXT('/etc/passwd')",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "WITH secret AS (FROM read_blob('/etc/passwd')) FROM secret",
    "DESCRIBE FROM read_csv('/etc/passwd')",
    "SUMMARIZE '/etc/passwd.csv'",
    "FROM '/etc/passwd.csv'",
    'FROM "/etc/passwd".csv',
    "FROM 'https://example.org/a.parquet'",
    "FROM glob('/etc/*')",
    "FROM query('DELETE FROM db.job_metrics')",
    "FROM query_table('/etc/passwd.csv')",
    "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "FROM duckdb_secrets()",
    "FROM duckdb_settings()",
    "FROM pg_settings",
    'SELECT * FROM system.pg_catalog."PG_Settings"',
    "SELECT (SELECT max(setting) FROM pg_catalog.pg_settings)",
    "FROM duckdb_logs",
    "FROM pg_prepared_statements",
    "SELECT current_setting('quack_authorization_function')",
    "SELECT sleep_ms(100000)",
    "SELECT pg_sleep(100)",
    "SELECT json_serialize_plan('FROM duckdb_secrets()')",
    "SELECT write_log('forged')",
    "FROM pandas_scan(0)",
    "FROM repeat('x', 1000000000)",
    "FROM enable_logging()",
    "",
    "not SQL at all",
]
ALLOWED = [
    "SELECT 1",
    "FROM job_metrics",
    "FROM main.job_metrics",
    "FROM otel.spans",
    "DESCRIBE job_metrics",
    "SUMMARIZE otel.spans",
    "SHOW TABLES",
    "WITH numbers AS (FROM range(3)) SELECT count(*) FROM numbers;",
    "SELECT 'DROP TABLE job_metrics; -- /etc/passwd'",
    "SELECT unnest([1, 2])",
]


def refusal(server: Server, sql: str) -> str:
    with pytest.raises(duckdb.Error) as raised:
        server.ask(sql)
    return str(raised.value).splitlines()[0]


def test_only_single_selects_over_tables_and_views_are_answered(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    said = {sql: refusal(server, sql) for sql in REFUSED}
    other = {sql: why for sql, why in said.items() if not why.endswith("Authorization failed")}
    assert other == {}
    for sql in ALLOWED:
        server.ask(sql)
    assert server.ask("SELECT count(*) FROM job_metrics") == [(0,)]
    assert not server.path.with_name("mine.duckdb").exists()


def test_an_attached_client_reads_the_four_tables_and_can_append_to_none(
    serve: Callable[..., Server],
) -> None:
    # Rows that are inserted into an attached server are appended without SQL of the client's:
    # the server asks about an INSERT of its own making, and what is in use there holds only views.
    server = serve()
    with client() as connection:
        connection.execute(f"ATTACH '{server.uri}' AS remote (TOKEN '{TOKEN}')")
        assert connection.execute("SELECT count(*) FROM remote.plugin_metrics").fetchall() == [(0,)]
        row = "uuid(), 'j', 't', 1, true, now()::TIMESTAMP"
        for table in ("plugin_metrics", "main.plugin_metrics", "db.plugin_metrics"):
            with pytest.raises(duckdb.Error):
                connection.execute(f"INSERT INTO remote.{table} SELECT {row}")
        for sql in ("CREATE TABLE remote.mine (i INTEGER)", "DROP TABLE remote.plugin_metrics"):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)
        with pytest.raises(duckdb.Error):
            connection.execute("FROM remote.query('DELETE FROM db.plugin_metrics')")
    assert server.ask("SELECT count(*) FROM plugin_metrics") == [(0,)]


def test_without_the_token_nothing_is_answered_and_it_is_told_nowhere(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve()
    for wrong in ("", "wrong-token", TOKEN[:-1], f"{TOKEN} ", TOKEN.upper()):
        with pytest.raises(duckdb.Error, match=r"Authentication failed|authentication token"):
            server.ask("SELECT 1", token=wrong)
    assert server.end() == 0
    assert TOKEN not in "".join(server.lines)
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or TOKEN.encode() not in file.read_bytes()


def test_a_question_that_takes_too_long_ends_alone_and_the_next_is_answered(
    serve: Callable[..., Server],
) -> None:
    server = serve("--question-timeout", "1")
    before = server.holder
    with pytest.raises(duckdb.Error):
        server.ask("SELECT count(*) FROM range(100000000000) AS a, range(1000) AS b")
    server.process.poll()
    assert server.process.returncode is None
    assert open_reader(server.uri).sql("SELECT 1").fetchall() == [(1,)]
    assert server.holder != before


def test_writes_pass_where_they_were_asked_for(serve: Callable[..., Server]) -> None:
    server = serve("--allow-writes")
    assert server.lines[-1] == f"SQL at {server.uri}, writes allowed"
    server.ask("CREATE TABLE db.main.notes AS SELECT 'kept' AS note")
    assert server.ask("FROM db.main.notes") == [("kept",)]
    with pytest.raises(duckdb.Error, match="disabled"):
        server.ask("FROM read_text('/etc/passwd')")
