"""One DuckDB for all questions of a reader: what one leaves does not hurt the next, or anybody."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import psutil
import pytest

from otel_forgesyte import open_reader
from otel_forgesyte_schema import apply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pythons import RunPython

FORKING = """
import os, sys, threading
from otel_forgesyte import open_reader
from otel_forgesyte_duckdb import DuckDBSpanExporter
exporter = DuckDBSpanExporter(database=sys.argv[1], drain="external")  # has hooks of its own
reader = open_reader(sys.argv[1])
reader.job_summary()
going = True
def poll():
    while going:
        reader.running_jobs()
poller = threading.Thread(target=poll)
poller.start()
codes = set()
for _ in range(10):
    child = os.fork()
    if child == 0:
        sys.exit(7 if reader._asking.instance._root is None else 8)
    codes.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
going = False
poller.join()
print(codes, reader.job_summary().fetchall())
"""

INTERRUPTED = """
import signal, sys
import duckdb
from otel_forgesyte import open_reader
reader = open_reader(sys.argv[1])
reader.job_summary()
interrupted = 0
for number in range(60):
    signal.setitimer(signal.ITIMER_REAL, 0.0005 + number * 0.0002)
    try:
        reader.job_summary()
    except (KeyboardInterrupt, RuntimeError):  # the second is what DuckDB makes of it
        interrupted += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    duckdb.connect(sys.argv[1]).close()  # raises where the reader has it
print(interrupted > 5, reader.job_summary().fetchall())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "telemetry.duckdb"
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
    return path


def can_be_written_to(path: Path) -> bool:
    try:
        duckdb.connect(path).close()
    except duckdb.Error:
        return False
    return True


def test_answers_stay_valid_whatever_is_asked_after_them(path: Path) -> None:
    reader = open_reader(path)
    first = reader.job_summary()
    for _ in range(120):  # more than one instance gives
        reader.running_jobs()
    with pytest.raises(duckdb.Error, match="no_such_table"):
        reader.sql("SELECT * FROM no_such_table")
    last = reader.summary().filter("true")
    reader.close()

    assert first.fetchall() == []
    assert last.fetchall() == []


def test_threads_at_one_reader_get_their_own_answers(path: Path) -> None:
    reader = open_reader(path)
    questions = {"job_summary": 5, "running_jobs": 6, "overlay_performance": 5}

    def ask(name: str) -> int:
        arguments = ("job-1",) if name == "overlay_performance" else ()
        return len(getattr(reader, name)(*arguments).columns)

    names = list(questions) * 40
    expected = [ask(name) for name in names[:3]] * 40
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, names)) == expected


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM otel.spans", "BEGIN", "SELECT * FROM no_such_table", "no SQL at all"]
)
def test_no_question_keeps_the_file(path: Path, sql: str) -> None:
    reader = open_reader(path)
    errors: list[duckdb.Error] = []
    try:
        reader.sql(sql)
    except duckdb.Error as error:
        errors.append(error)  # with the frames that had the connection

    assert can_be_written_to(path), errors
    assert reader.sql("SELECT 1").fetchall() == [(1,)]


def test_sql_that_attaches_or_makes_something_may_be_asked_again(path: Path) -> None:
    reader = open_reader(path)
    for _ in range(2):
        answer = reader.sql(
            "ATTACH ':memory:' AS mine; CREATE TABLE memory.t AS SELECT 1; FROM memory.t"
        )
        assert answer.fetchall() == [(1,)]


def test_small_answers_do_not_pile_up(path: Path) -> None:
    reader = open_reader(path)
    process = psutil.Process()
    for _ in range(100):
        reader.running_jobs()
    before = process.memory_info().rss
    for _ in range(400):
        reader.running_jobs()

    assert process.memory_info().rss - before < 6_000_000  # kept, they were 10 MB


def test_a_reader_can_be_pickled_after_a_question(path: Path) -> None:
    reader = open_reader(path)
    reader.job_summary()

    assert pickle.loads(pickle.dumps(reader)).job_summary().fetchall() == []  # noqa: S301 - ours


def test_a_reader_that_was_interrupted_has_let_go_of_the_file(
    path: Path, run_python: RunPython
) -> None:
    source = (
        "import signal\nsignal.signal(signal.SIGALRM, signal.default_int_handler)" + INTERRUPTED
    )
    ended = run_python(source, path)

    assert (ended.stdout, ended.stderr) == ("True []\n", "")


def test_no_fork_takes_an_instance_along(path: Path, run_python: RunPython) -> None:
    assert run_python(FORKING, path).stdout.splitlines()[-1] == "{7} []"
