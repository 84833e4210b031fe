"""Any other question, in SQL: read-only, and the answer outlives the connection to the file."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from otel_forgesyte.reading import open_reader

if TYPE_CHECKING:
    from pathlib import Path

    from otel_forgesyte.reading import Reader


@pytest.fixture
def reader(database: Path) -> Reader:
    return open_reader(database)


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("SELECT count(*) FROM plugin_metrics WHERE plugin = ? AND success", ["faces"]),
        ("SELECT count(*) FROM plugin_metrics WHERE plugin = $p AND success", {"p": "faces"}),
    ],
)
def test_parameters_are_bound_by_position_or_name(reader: Reader, query: str, params: Any) -> None:
    assert reader.sql(query, params).fetchall() == [(3,)]


def test_the_opentelemetry_tables_and_views_are_there_too(reader: Reader) -> None:
    answer = reader.sql("SELECT s.name, f.render_time_ms FROM otel.spans s, otel.frames f LIMIT 1")

    assert answer.columns == ["name", "render_time_ms"]


@pytest.mark.parametrize(
    "query",
    [
        "SHOW TABLES",
        "DESCRIBE job_metrics",
        "SUMMARIZE job_metrics",
        "PRAGMA table_info('job_metrics')",
        "EXPLAIN SELECT 1",
        "FROM job_metrics",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a -- a comment",
        "PIVOT job_metrics ON status USING count(*)",
        "VALUES (1), (2);",
    ],
)
def test_every_statement_with_rows_gives_a_relation(reader: Reader, query: str) -> None:
    assert reader.sql(query).fetchall()


def test_of_several_statements_the_last_one_answers(reader: Reader) -> None:
    assert reader.sql("SET threads = 1; SELECT 1; SELECT 2").fetchall() == [(2,)]


@pytest.mark.parametrize("query", ["", "SET threads = 1"])
def test_a_statement_without_rows_gives_an_empty_relation(reader: Reader, query: str) -> None:
    answer = reader.sql(query)

    assert answer.columns == ["Success"]
    assert answer.fetchall() == []


def test_columns_of_one_name_stay_apart(reader: Reader) -> None:
    assert reader.sql("SELECT 1 AS a, 2 AS a").fetchall() == [(1, 2)]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM job_metrics",
        "DROP TABLE job_metrics",
        "CREATE TABLE notes (text VARCHAR)",
        "INSERT INTO otel.segments (segment) VALUES ('x')",
    ],
)
def test_nothing_in_sql_changes_the_database(reader: Reader, query: str) -> None:
    with pytest.raises(duckdb.Error, match="read-only"):
        reader.sql(query)

    assert reader.sql("SELECT count(*) FROM job_metrics").fetchall() == [(6,)]


def test_a_misspelt_table_is_an_error_and_not_a_python_variable(reader: Reader) -> None:
    job_metric = duckdb.connect().sql("SELECT 'from Python' AS x")

    with pytest.raises(duckdb.CatalogException, match="job_metric"):
        reader.sql("FROM job_metric")
    assert job_metric.fetchall() == [("from Python",)]


def test_a_relation_outlives_its_reader_and_can_be_asked_again(database: Path) -> None:
    reader = open_reader(database)
    answer = reader.sql("SELECT job_id, duration_ms FROM job_metrics ORDER BY job_id")
    reader.close()
    del reader
    gc.collect()

    assert len(answer.fetchall()) == 6
    assert len(answer.fetchall()) == 6
    assert answer.filter("duration_ms > 300").project("job_id").fetchall() == [("j1",), ("j2",)]


def test_two_answers_of_one_reader_do_not_disturb_each_other(reader: Reader) -> None:
    first = reader.sql("SELECT 1 AS n")
    second = reader.sql("SELECT 2 AS n")

    assert (first.fetchall(), second.fetchall()) == ([(1,)], [(2,)])


def test_a_relation_becomes_a_data_frame(reader: Reader) -> None:
    pytest.importorskip("pandas")

    frame = reader.job_summary().df()

    assert list(frame["jobs"]) == [2, 1, 1, 2]


def test_a_closed_reader_says_so_and_closing_twice_is_harmless(reader: Reader) -> None:
    reader.close()
    reader.close()

    with pytest.raises(ValueError, match="this reader is closed"):
        reader.job_summary()
