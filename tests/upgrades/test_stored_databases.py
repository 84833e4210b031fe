"""A database of every earlier release, by each DuckDB: refused, migrated, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import logging
import stat
import sys
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any, cast

import duckdb
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from otel_forgesyte import open_reader
from otel_forgesyte.reading import Reader
from otel_forgesyte_duckdb import DuckDBSpanExporter, Settings, drain, store_status, writing
from otel_forgesyte_schema import SCHEMA_VERSION, SchemaMismatch, migrate
from tests.upgrades.conftest import (
    APPLICATION,
    ARCHIVES,
    Run,
    Stored,
    finished,
    rows_of,
    without_stamp,
)

REFUSED = (
    "the database has schema version {version}, this otel-forgesyte needs {ours}: run"
    " `otel-forgesyte schema migrate DATABASE`, which keeps a backup copy beside the file"
)
QUESTIONS: list[Callable[[Reader], object]] = [
    lambda reader: reader.job_summary(),
    lambda reader: reader.avg_plugin_duration(),
    lambda reader: reader.overlay_performance("done-1"),
    lambda reader: reader.device_usage_stats(),
    lambda reader: reader.running_jobs(),
    lambda reader: reader.recent_jobs(),
    lambda reader: reader.job("done-1"),
]


def refusal(stored: Stored) -> str:
    return REFUSED.format(version=stored.archive.schema, ours=SCHEMA_VERSION)


@pytest.fixture
def upgraded(older: Stored) -> Stored:
    with writing(older.database) as connection:
        migrate(connection, "0.2.0")
    return older


def test_every_earlier_schema_is_stored_from_each_supported_duckdb() -> None:
    expected = {(version, by) for version in range(1, SCHEMA_VERSION) for by in ("1.5.5", "2.0.0")}

    assert expected <= {(archive.schema, archive.duckdb) for archive in ARCHIVES}


def test_the_reader_names_the_command_that_migrates_and_changes_nothing(older: Stored) -> None:
    before = hashlib.sha256(older.database.read_bytes()).hexdigest()
    with open_reader(older.database) as reader:
        for question in QUESTIONS:
            with pytest.raises(SchemaMismatch) as refused:
                question(reader)
            assert refusal(older) in str(refused.value)

    assert hashlib.sha256(older.database.read_bytes()).hexdigest() == before


def test_commands_end_with_3_and_name_the_command_that_migrates(older: Stored, run: Run) -> None:
    for command in (["jobs"], ["job", "done-1"], ["schema", "apply"]):
        ended = run(*command)
        assert (ended.code, ended.out) == (3, ""), command
        assert refusal(older) in ended.err
    doctor = run("doctor")
    assert doctor.code == 1
    assert refusal(older) in doctor.out


def test_an_application_of_this_release_runs_on_and_all_it_records_is_stored_after_the_migration(
    older: Stored, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = DuckDBSpanExporter(database=older.database, flush_interval_s=0.05)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for number in range(3):
        provider.get_tracer("tests").start_span(f"new-{number}").end()
        exporter.force_flush(300)
    provider.shutdown()

    # A drainer may bring the database up to date itself where that changes nothing in it; else the
    # records wait, and that is said once.
    told = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert len(told) <= 1
    assert all(refusal(older) in each for each in told)
    assert [run("schema", "migrate").code, run("drain").code] == [0, 0]
    with duckdb.connect(older.database, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM otel.spans").fetchall() == [(23,)]
        assert connection.execute(
            "SELECT name FROM otel.spans WHERE name LIKE 'new-%' ORDER BY ALL"
        ).fetchall() == [("new-0",), ("new-1",), ("new-2",)]


def test_migrate_keeps_every_row_and_a_copy_of_the_file_from_before(
    older: Stored, run: Run
) -> None:
    before = rows_of(older.database)

    ended = run("schema", "migrate", "telemetry.duckdb")

    [backup] = older.backups()
    assert ended.out == (
        f"{older.database} went from schema version {older.archive.schema} to {SCHEMA_VERSION};"
        f" the copy from before is {backup}\n"
    )
    assert (ended.code, ended.err) == (0, "")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert rows_of(backup) == before
    after = rows_of(older.database, like=before)
    assert without_stamp(after) == without_stamp(before)
    first = [row[0] for row in before["otel.schema_version"][1:]]
    steps = list(range(older.archive.schema + 1, SCHEMA_VERSION + 1))
    assert [row[0] for row in after["otel.schema_version"][1:]] == [*first, *steps]


def test_a_migrated_database_is_what_a_fresh_one_would_be(upgraded: Stored, run: Run) -> None:
    checked = run("schema", "check", "telemetry.duckdb")
    again = run("schema", "migrate", "telemetry.duckdb")

    assert (checked.code, checked.out) == (
        0,
        f"{upgraded.database} equals schema version {SCHEMA_VERSION}\n",
    )
    assert again.out == f"{upgraded.database} has schema version {SCHEMA_VERSION} already\n"
    assert len(upgraded.backups()) == 1


def test_a_migrated_database_answers_as_the_release_did_that_wrote_it(upgraded: Stored) -> None:
    asked = finished([sys.executable, str(APPLICATION), "answers"], upgraded.folder)

    assert (asked.code, asked.err) == (0, "")
    assert limited_to(json.loads(asked.out), upgraded.answers) == upgraded.answers


def limited_to(now: Any, then: Any) -> Any:
    """The present answer without the fields that the earlier one did not have."""
    match now, then:
        case dict(), dict():
            fields, wanted = cast("dict[str, Any]", now), cast("dict[str, Any]", then)
            return {key: limited_to(fields[key], wanted[key]) for key in wanted if key in fields}
        case list(), list():
            items, wanted_items = cast("Iterable[Any]", now), cast("Iterable[Any]", then)
            return [limited_to(*pair) for pair in zip_longest(items, wanted_items)]
        case _:
            return now


def test_a_migrated_database_answers_what_the_application_did(upgraded: Stored) -> None:
    with open_reader(upgraded.database) as reader:
        jobs = reader.job_summary().project("plugin, status, jobs, avg_duration_ms")
        assert jobs.filter("plugin <> 'pipeline'").fetchall() == [
            ("edges", "cancelled", 1, 1000.0),
            ("edges", "error", 1, 250.0),
            ("edges", "queued", 1, None),
            ("edges", "running", 1, None),
            ("faces", "done", 2, 3000.0),
        ]
        assert reader.sql(
            "SELECT job_id, plugin, tool, duration_ms, success FROM plugin_metrics"
            " WHERE job_id <> 'tree-1' ORDER BY created_at"
        ).fetchall() == [
            ("done-1", "faces", "cascade", 100, True),
            ("done-1", "faces", "cascade", 200, True),
            ("done-1", "faces", "cascade", 300, True),
            ("done-1", "faces", "cascade", 400, True),
            ("done-2", "edges", None, 50, False),
            ("failed-1", "edges", None, 250, False),
        ]
        frames = reader.overlay_performance("done-1").project("#1, #2, #3, #4").fetchall()
        assert frames == [(0, 16, 0, 30.0), (1, 26, 1, 30.0), (2, 36, 2, 30.0)]
        assert reader.device_usage_stats().project("#1, #2, #3, #4, #8").fetchall() == [
            ("gpu", "cpu", True, 2, "no driver"),
            ("gpu", "gpu", False, 1, None),
        ]
        running = reader.running_jobs().project("job_id, status").fetchall()
        assert running == [("running-1", "running"), ("queued-1", "queued")]
        assert reader.job("failed-1").error_message == "no edge"


def test_the_tree_of_a_migrated_job_has_all_that_third_parties_did_below_it(
    upgraded: Stored,
) -> None:
    with open_reader(upgraded.database) as reader:
        job = reader.job("tree-1")
        more = reader.sql(
            "SELECT events[1].name, events[1].attributes ->> '$.attempt',"
            " links[1].attributes ->> '$.why', attributes ->> '$.rows', scope_schema_url"
            " FROM otel.spans WHERE name = 'SELECT'"
        ).fetchall()

    [root] = job.spans
    assert (root.name, [child.name for child in root.children]) == (
        "job pipeline",
        ["plugin faces.cascade", "SELECT"],
    )
    query = root.children[1]
    assert (query.kind, query.status_code, query.status_message) == ("CLIENT", "ERROR", "deadlock")
    assert [child.name for child in query.children] == ["fetch"]
    assert more == [("retry", "2", "cause", "[1,2,3]", "https://example.org/schema")]
    assert [(run.tool, run.success) for run in job.plugins] == [("cascade", False)]
    # The fourth of them was set aside as a dead letter.
    assert [log.body for log in job.logs if log.event_name is None] == [
        "plain text",
        '{"nested":{"list":[1,2.5,null,true]}}',
        '["a","b"]',
    ]


def test_every_type_of_metric_is_there_after_a_migration(upgraded: Stored) -> None:
    with open_reader(upgraded.database) as reader:
        points = reader.sql(
            "SELECT DISTINCT name, metric_type, coalesce(int_value, double_value, sum), count"
            " FROM otel.metric_points WHERE scope_name = 'third.party' ORDER BY ALL"
        ).fetchall()

    assert points == [
        ("exponential", "exponential_histogram", 20007.5, 4),
        ("load", "gauge", 0.75, None),
        ("requests", "sum", 3.0, None),
        ("size", "histogram", 20007.5, 4),
        ("temperature", "gauge", 21.5, None),
        ("waiting", "sum", -2.0, None),
    ]


def test_what_waits_in_the_spool_of_an_earlier_release_is_stored_once(upgraded: Stored) -> None:
    settings = Settings(database=str(upgraded.database))
    before = store_status(settings)

    assert (before.spooled_lines, before.dead_lines, before.dropped) == (5, 1, {"spool_full": 3})
    drained = [drain(settings).stored, drain(settings).stored]

    after = store_status(settings)
    assert drained == [5, 0]
    assert before.stored is not None
    assert (after.stored, after.spooled_lines) == (before.stored + 5, 0)
    assert (after.dead_lines, after.dropped) == (1, {"spool_full": 3})
    assert list(upgraded.spool.glob("*.seg")) == []
    with duckdb.connect(upgraded.database, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM otel.spans").fetchall() == [(20,)]
        assert connection.execute(
            "SELECT job_id, status, duration_ms FROM job_metrics"
            " WHERE job_id IN ('running-1', 'waiting-1') ORDER BY ALL"
        ).fetchall() == [("running-1", "done", 80_000), ("waiting-1", "done", 1500)]
        assert connection.execute(
            "SELECT device_used, fallback FROM device_usage WHERE job_id = 'waiting-1'"
        ).fetchall() == [("cpu", True)]
        assert connection.execute(
            "SELECT body FROM otel.logs WHERE body ->> '$.waiting' = 'true'"
        ).fetchall() == [('{"waiting":true}',)]
