"""One DuckDB serves short drains one after the other, and nothing of one is there at the next."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from otel_forgesyte_duckdb import Settings, database
from otel_forgesyte_duckdb.destinations import FileDestination

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Ends as programs do, and not by `os._exit`: what it has inherited is let go of then.
FORKING = """
    import os, sys, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads: what is tested here
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=sys.argv[1], flush_interval_s=0.02)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for number in range(3):
        provider.get_tracer("t").start_span(f"parent {number}").end()
        assert exporter.force_flush()
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0, "a child did not end well"
    provider.shutdown()
"""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each DuckDB that is started, without those that a test opens a file with."""
    connect, started = duckdb.connect, list[str]()

    def counted(name: str = ":memory:", **options: Any) -> duckdb.DuckDBPyConnection:
        if name == ":memory:":
            started.append(name)
        return connect(name, **options)

    monkeypatch.setattr(duckdb, "connect", counted)
    return started


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No writing is a long one, however slow the machine."""
    monkeypatch.setattr(database, "_LONG_S", 60.0)


@pytest.fixture
def destination(tmp_path: Path) -> FileDestination:
    return FileDestination(Settings(database=str(tmp_path / "a.duckdb")))


def _fail_within_a_transaction(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE undecided AS SELECT 1 AS one")
    raise ZeroDivisionError


@pytest.mark.usefixtures("patient")
def test_in_between_others_have_the_file(
    destination: FileDestination, begun: list[str], tmp_path: Path
) -> None:
    with destination.writing() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    with duckdb.connect(str(tmp_path / "a.duckdb")) as other:
        other.execute("INSERT INTO kept VALUES (2)")
    with destination.writing() as connection:
        assert connection.execute("SELECT sum(one) FROM kept").fetchall() == [(3,)]
    assert destination.has_kept
    assert len(begun) == 1


@pytest.mark.usefixtures("patient")
def test_what_one_made_for_itself_the_next_does_not_see(
    destination: FileDestination, begun: list[str]
) -> None:
    with destination.writing() as connection:
        connection.execute("CREATE TEMP TABLE batch AS SELECT 1 AS one")
        connection.execute("SET VARIABLE told = 1")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE undecided AS SELECT 1 AS one")
        connection.execute("ROLLBACK")
    with destination.writing() as connection:
        for table in ("batch", "undecided"):
            with pytest.raises(duckdb.CatalogException):
                connection.execute(f"FROM {table}")
        assert connection.execute("SELECT getvariable('told')").fetchall() == [(None,)]
    assert len(begun) == 1


@pytest.mark.usefixtures("patient")
def test_the_second_is_confined_like_the_first(
    destination: FileDestination, begun: list[str], tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("hunter2")
    for _ in range(2):
        with destination.writing() as connection, pytest.raises(duckdb.PermissionException):
            connection.execute("FROM read_text(?)", [str(tmp_path / "secret.txt")])
    assert len(begun) == 1


@pytest.mark.usefixtures("patient")
def test_after_an_error_there_is_a_new_one_and_the_file_is_free(
    destination: FileDestination, begun: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ZeroDivisionError), destination.writing() as connection:
        _fail_within_a_transaction(connection)
    with duckdb.connect(str(tmp_path / "a.duckdb")) as other:
        assert other.execute("FROM duckdb_tables()").fetchall() == []
    with destination.writing() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    assert len(begun) == 2


def test_a_long_one_gives_its_memory_back(
    destination: FileDestination, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_LONG_S", 0.0)
    for _ in range(2):
        with destination.writing():
            pass
    assert len(begun) == 2


@pytest.mark.usefixtures("patient")
def test_who_resigns_lets_go_of_it_and_who_writes_goes_on(
    destination: FileDestination, begun: list[str]
) -> None:
    with destination.writing() as connection:
        resigning = threading.Thread(target=destination.let_go)
        resigning.start()
        resigning.join(10)
        assert not resigning.is_alive()
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    assert len(begun) == 1
    destination.let_go()
    with destination.writing() as connection:
        assert connection.execute("FROM kept").fetchall() == [(1,)]
    assert len(begun) == 2


def test_children_that_are_forked_between_two_drains_end_well(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = tmp_path / "a.duckdb"
    done = run_python(FORKING, path)
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM otel.spans").fetchall() == [(3,)]
