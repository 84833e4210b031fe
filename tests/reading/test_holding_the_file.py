"""A reader never stands in anybody's way: the file is free before the answer is used."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte.reading import NoDatabase, open_reader
from otel_forgesyte_duckdb.database import gate
from otel_forgesyte_schema import SCHEMA_VERSION
from otel_forgesyte_schema.errors import DatabaseLocked, SchemaMismatch, SchemaTooNew
from tests.reading.exporting import Jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess, Popen

    RunPython = Callable[..., CompletedProcess[str]]
    StartPython = Callable[[str], Popen[str]]

_HOLD = """
    import sys, duckdb
    connection = duckdb.connect({path!r})
    print("held", flush=True)
    sys.stdin.readline()
    connection.close()
    print("released", flush=True)
"""


@pytest.mark.parametrize("include_spool", [False, True])
def test_another_process_may_write_while_a_relation_lives(
    database: Path, run_python: RunPython, *, include_spool: bool
) -> None:
    with open_reader(database, include_spool=include_spool) as reader:
        answer = reader.job_summary()
        reader.job("j1")

        finished = run_python(f"""
            import duckdb
            with duckdb.connect({str(database)!r}) as connection:
                connection.execute("DELETE FROM job_metrics")
        """)

        assert finished.returncode == 0, finished.stderr
        assert len(answer.fetchall()) == 4
        assert reader.job_summary().fetchall() == []


def test_the_same_process_may_write_while_a_relation_lives(database: Path) -> None:
    with open_reader(database) as reader:
        answer = reader.job_summary()

        with duckdb.connect(database) as connection:
            connection.execute("DELETE FROM job_metrics")

        assert len(answer.fetchall()) == 4


def test_the_file_is_free_after_a_question_that_failed(
    database: Path, run_python: RunPython
) -> None:
    with open_reader(database) as reader:
        with pytest.raises(duckdb.Error):
            reader.sql("SELECT no_such_column FROM job_metrics")

        finished = run_python(f"import duckdb; duckdb.connect({str(database)!r}).close()")

    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(
    "question", ["BEGIN; SELECT 1", "DETACH memory; SELECT 1", "USE memory; DETACH db"]
)
def test_the_file_is_free_after_a_question_that_leaves_things_in_disorder(
    database: Path, run_python: RunPython, question: str
) -> None:
    with open_reader(database) as reader:
        with contextlib.suppress(duckdb.Error):
            reader.sql(question)

        finished = run_python(f"import duckdb; duckdb.connect({str(database)!r}).close()")
        assert len(reader.job_summary().fetchall()) == 4

    assert finished.returncode == 0, finished.stderr


def test_a_database_held_by_another_process_is_named_with_that_process(
    database: Path, start_python: StartPython
) -> None:
    holder = start_python(_HOLD.format(path=str(database)))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    with (
        open_reader(database, timeout_s=0.2) as reader,
        pytest.raises(DatabaseLocked, match=f"held by process {holder.pid} for all of 0.2 s"),
    ):
        reader.job_summary()


def test_a_reader_waits_until_the_other_process_lets_go(
    database: Path, start_python: StartPython
) -> None:
    holder = start_python(_HOLD.format(path=str(database)))
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"

    with ThreadPoolExecutor() as pool, open_reader(database, timeout_s=20) as reader:
        answer = pool.submit(reader.job_summary)
        time.sleep(0.2)
        assert not answer.done()
        holder.stdin.write("\n")
        holder.stdin.flush()

        assert len(answer.result(20).fetchall()) == 4


def test_a_writing_connection_of_the_same_process_is_waited_for_and_then_named(
    database: Path,
) -> None:
    with (
        duckdb.connect(database),
        open_reader(database, timeout_s=0.1) as reader,
        pytest.raises(DatabaseLocked, match="another connection of this process"),
    ):
        reader.job_summary()


def test_another_thread_of_this_process_is_waited_for_and_then_named(database: Path) -> None:
    with (
        gate(database),
        open_reader(database, timeout_s=0.1) as reader,
        pytest.raises(DatabaseLocked, match=f"another thread of this process .{os.getpid()}."),
    ):
        reader.job_summary()


def test_questions_are_answered_while_this_process_records_and_drains(tmp_path: Path) -> None:
    database = tmp_path / "live.duckdb"
    jobs = Jobs(str(database), flush_interval_s=0.05)
    jobs.record("job-0")
    assert jobs.flush()
    stop = threading.Event()

    def record() -> None:
        number = 1
        while not stop.is_set():
            jobs.record(f"job-{number}")
            number += 1
            stop.wait(0.005)

    writer = threading.Thread(target=record)
    writer.start()
    counts: list[int] = []
    try:
        with open_reader(database) as reader:
            for _ in range(15):
                (count,) = reader.sql("SELECT count(*) FROM job_metrics").fetchall()[0]
                counts.append(count)
                time.sleep(0.02)
    finally:
        stop.set()
        writer.join()
    assert jobs.flush()
    jobs.shutdown()

    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    with open_reader(database) as reader:
        assert reader.sql("SELECT count(DISTINCT job_id) = count(*) FROM job_metrics").fetchall()


def test_questions_are_answered_while_another_process_records(
    tmp_path: Path, start_exporting: Callable[[Path, int], Popen[str]]
) -> None:
    database = tmp_path / "live.duckdb"
    writer = start_exporting(database, 200)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    counts: list[int] = []

    while writer.poll() is None:
        with open_reader(database) as reader:
            try:
                counts.append(reader.sql("SELECT count(*) FROM job_metrics").fetchall()[0][0])
            except (NoDatabase, duckdb.CatalogException):  # before its first drain
                continue
        time.sleep(0.01)

    assert writer.returncode == 0
    assert counts == sorted(counts)
    with open_reader(database) as reader:
        summary = reader.job_summary().fetchall()
    assert [row[:3] for row in summary] == [("faces", "done", 200)]


def test_one_reader_serves_many_threads(database: Path) -> None:
    with open_reader(database) as reader, ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(reader.job_summary) for _ in range(24)]

        assert [len(answer.result().fetchall()) for answer in answers] == [4] * 24


def test_no_database_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with (
        open_reader(tmp_path / "none.duckdb") as reader,
        pytest.raises(NoDatabase, match=r"no database at .*none\.duckdb"),
    ):
        reader.job_summary()

    assert list(tmp_path.iterdir()) == []


def test_a_strangers_database_is_refused_by_the_questions_and_open_to_sql(tmp_path: Path) -> None:
    path = tmp_path / "stranger.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE notes AS SELECT 'hello' AS text")

    with open_reader(path) as reader:
        with pytest.raises(SchemaMismatch, match="holds no otel-forgesyte tables"):
            reader.job_summary()
        assert reader.sql("FROM notes").fetchall() == [("hello",)]


def test_a_database_of_a_newer_version_is_refused_with_the_version_it_has(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE otel.schema_version SET version = version + 1")

    with (
        open_reader(database) as reader,
        pytest.raises(SchemaTooNew, match=f"schema version {SCHEMA_VERSION + 1}"),
    ):
        reader.job_summary()
