"""Every SQL panel on a database that a service wrote, with the macros as the plugin has them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from typer.testing import CliRunner

from otel_forgesyte import open_reader
from otel_forgesyte.cli import app
from otel_forgesyte.errors import TelemetryError
from otel_forgesyte.monitoring import Expression, Source, expressions, sql_to_run
from otel_forgesyte.monitoring.boards import DASHBOARDS
from tests.monitoring.server import service
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow

_ASKED = [one for one in expressions(()) if one.source is Source.DUCKDB]
_CHOSEN = {
    "plugin": ["photo_report", "live_view", "broken_upload", "hanging", "edges", "print", "it's"],
    "service": ["studio"],
}
# What the plugin's Go driver hands to Grafana as a number, a text or a time; an unsigned or huge
# integer arrives as text, or not at all where it is null.
_UNDERSTOOD = {"BIGINT", "INTEGER", "DOUBLE", "FLOAT", "VARCHAR", "BOOLEAN", "TIMESTAMP"}
_AGED = {
    "job_metrics": "created_at",
    "plugin_metrics": "created_at",
    "overlay_metrics": "created_at",
    "device_usage": "created_at",
    "otel.spans": "start_time_unix_nano",
    "otel.logs": "observed_time_unix_nano",
}
_TROUBLE = (
    "otel.loss_ledger",
    "otel.segments WHERE dead > 0",
    "otel.metric_points WHERE name = 'forgesyte.drain.duration'",
    "job_metrics WHERE completed_at IS NULL AND plugin = 'hanging'",
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a service in trouble recorded in a few seconds."""
    path = tmp_path_factory.mktemp("questions") / "telemetry.duckdb"
    with service(path, OTEL_BSP_MAX_QUEUE_SIZE="200") as studio:
        studio.tell("trouble")
        wait_for(lambda: all(_count(path, asked) for asked in _TROUBLE), "the trouble to be stored")
        studio.process.kill()  # so that a job stays as it was
        studio.process.wait()
        studio.process.returncode = 0
    drained = CliRunner().invoke(app, ["--database", str(path), "drain"])
    assert drained.exit_code == 0, drained.output
    return path


def _count(path: Path, asked: str) -> int:
    try:
        with open_reader(path) as reader:
            [(count,)] = reader.sql(f"SELECT count(*) FROM {asked}").fetchall()
    except TelemetryError:  # not made yet
        return 0
    return int(count)


def _text(expression: Expression, chosen: Mapping[str, Sequence[str]] = _CHOSEN) -> str:
    now = dt.datetime.now(dt.timezone.utc)
    return sql_to_run(expression.text, now - dt.timedelta(hours=6), now, chosen, interval_ms=1000)


def _ask(path: Path, expression: Expression) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
    text = _text(expression)
    with duckdb.connect(path, read_only=True) as connection:
        answer = connection.sql(text)
        return answer.columns, [str(kind) for kind in answer.types], answer.fetchall()


@pytest.mark.parametrize("expression", _ASKED, ids=lambda one: one.where)
def test_a_question_has_an_answer_that_grafana_understands(
    database: Path, expression: Expression
) -> None:
    _, types, rows = _ask(database, expression)
    assert rows
    assert set(types) <= _UNDERSTOOD


def test_where_there_is_nothing_to_choose_a_question_finds_nothing(database: Path) -> None:
    asked = [one for one in _ASKED if ":sqlstring}" in one.text]
    assert len(asked) > 20
    with duckdb.connect(database, read_only=True) as connection:
        for expression in asked:
            text = _text(expression, {"plugin": (), "service": ()})
            assert "IN ()" not in text, expression.where  # DuckDB 1.5, the plugin's, refuses it
            assert all(set(row) <= {0, None} for row in connection.sql(text).fetchall())


def test_a_panel_over_time_begins_with_the_time_in_its_order(database: Path) -> None:
    asked = [
        Expression(panel.title, Source.DUCKDB, query.text)
        for board in DASHBOARDS
        for panel in board.panels
        for query in panel.queries
        if board.source is Source.DUCKDB and panel.kind == "timeseries"
    ]
    assert len(asked) > 20
    for expression in asked:
        columns, types, rows = _ask(database, expression)
        assert (columns[0], types[0]) == ("time", "TIMESTAMP"), expression.where
        # Grafana makes series of long rows only where there is at most one text: the series' name.
        assert types.count("VARCHAR") <= 1, expression.where
        assert [row[0] for row in rows] == sorted(row[0] for row in rows), expression.where


def test_what_became_slower_is_told_by_how_many_times(database: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.duckdb"
    later.write_bytes(database.read_bytes())
    with duckdb.connect(later) as connection:
        connection.execute("DELETE FROM plugin_metrics")
        connection.execute(
            """
            INSERT INTO plugin_metrics
            SELECT uuid(), 'j', 'p', 't', duration_ms, true, now() AT TIME ZONE 'UTC' - age
            FROM (VALUES
                (100, INTERVAL 8 HOUR), (100, INTERVAL 7 HOUR),
                (300, INTERVAL 2 HOUR), (300, INTERVAL 1 HOUR), (300, INTERVAL 10 MINUTE),
                (900, INTERVAL 20 HOUR)
            ) AS ran (duration_ms, age)
            """
        )
    [slower] = [one for one in _ASKED if one.where.endswith("p95 against the time before")]
    assert _ask(later, slower)[2] == [("p", "t", 3, 100, 300, 3)]


def test_a_choice_has_what_the_time_shown_has_and_what_has_not_ended(
    database: Path, tmp_path: Path
) -> None:
    later = tmp_path / "later.duckdb"
    later.write_bytes(database.read_bytes())
    with duckdb.connect(later) as connection:
        for table, column in _AGED.items():
            connection.execute(f"UPDATE {table} SET {column} = {column} - INTERVAL 7 HOUR")
        connection.execute(
            "INSERT INTO otel.summaries (minute, operation, plugin)"
            " VALUES (now() AT TIME ZONE 'UTC' - INTERVAL 1 HOUR, 'job', 'pruned')"
        )
    names = {one.where: one for one in _ASKED if ": $" in one.where}
    # A panel shows what has not ended, whenever it began; another one what rows that are gone said.
    chosen = {plugin for (plugin,) in _ask(later, names["forgesyte-duckdb-jobs: $plugin"])[2]}
    assert {"hanging", "pruned"} <= chosen
    assert not {"edges", "print", "decoder"} & chosen  # no jobs, so they do not go on either
    assert _ask(later, names["forgesyte-duckdb-service: $service"])[2] == []


def test_archived_rows_stay_in_the_answers(database: Path, tmp_path: Path) -> None:
    aged = tmp_path / "aged.duckdb"
    aged.write_bytes(database.read_bytes())
    with duckdb.connect(aged) as connection:
        for table, column in _AGED.items():
            connection.execute(f"UPDATE {table} SET {column} = {column} - INTERVAL 1 HOUR")
    counted = [one for one in _ASKED if one.where.endswith((": Jobs ended", ": Frames drawn"))]
    before = [_ask(aged, one)[2] for one in counted]
    pruned = CliRunner().invoke(
        app,
        ["-d", str(aged), "prune", "--older-than", "30m", "--archive", str(tmp_path / "archive")],
    )
    assert pruned.exit_code == 0, pruned.output
    with duckdb.connect(aged, read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM overlay_metrics").fetchall() == [(0,)]
    assert [_ask(aged, one)[2] for one in counted] == before
    assert len(before) == 2
    assert all(rows[0][0] > 0 for rows in before)
