"""One DuckDB for all questions of a reader: what one leaves does not hurt the next, or anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte import open_reader
from otel_forgesyte_schema import apply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pythons import RunPython

FORKING = """
import os, sys
from otel_forgesyte import open_reader
reader = open_reader(sys.argv[1])
count = "SELECT count(*) FROM otel.spans"
reader.sql(count)
child = os.fork()
if child == 0:
    sys.exit(7)  # as a program ends: with everything that Python does then
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), reader.sql(count).fetchall())
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
    first = reader.sql("SELECT 1 AS one")
    large = reader.sql("SELECT * FROM range(200_000)")
    with pytest.raises(duckdb.Error, match="no_such_table"):
        reader.sql("SELECT * FROM no_such_table")
    last = reader.sql("SELECT 2 AS two")

    assert first.fetchall() == [(1,)]
    assert len(large) == 200_000
    assert last.filter("two = 2").fetchall() == [(2,)]


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


def test_a_file_that_a_question_will_not_let_go_of_is_let_go_of_all_the_same(path: Path) -> None:
    reader = open_reader(path)
    with pytest.raises(duckdb.Error, match="detach"):
        reader.sql("USE memory; DETACH db")

    assert can_be_written_to(path)
    assert reader.sql("SELECT 1").fetchall() == [(1,)]


def test_what_a_question_sets_is_there_for_the_next_one(path: Path) -> None:
    reader = open_reader(path)
    reader.sql("SET GLOBAL threads = 1")

    assert reader.sql("SELECT current_setting('threads')").fetchall() == [(1,)]
    assert open_reader(path).sql("SELECT current_setting('threads') > 1").fetchall() == [(True,)]


def test_a_process_that_asked_may_fork_and_both_may_ask_on(
    path: Path, run_python: RunPython
) -> None:
    assert run_python(FORKING, path).stdout == "7 [(0,)]\n"
