"""What a fresh database holds: the published contract, written out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_schema import (
    SCHEMA_VERSION,
    SchemaMismatch,
    SchemaTooNew,
    apply,
    drift,
    live_version,
)
from otel_forgesyte_schema.creating import transaction

if TYPE_CHECKING:
    from pathlib import Path

# name, type, nullable, default, part of the primary key
JOB_METRICS = [
    ("id", "UUID", "NO", "PRI", None),
    ("job_id", "VARCHAR", "NO", None, None),
    ("plugin", "VARCHAR", "NO", None, None),
    ("device", "VARCHAR", "NO", None, None),
    ("status", "VARCHAR", "NO", None, None),
    ("duration_ms", "INTEGER", "YES", None, None),
    ("created_at", "TIMESTAMP", "NO", None, None),
    ("completed_at", "TIMESTAMP", "YES", None, None),
    ("error_message", "VARCHAR", "YES", None, None),
]
PLUGIN_METRICS = [
    ("id", "UUID", "NO", "PRI", None),
    ("job_id", "VARCHAR", "NO", None, None),
    ("plugin", "VARCHAR", "NO", None, None),
    ("tool", "VARCHAR", "YES", None, None),
    ("duration_ms", "INTEGER", "NO", None, None),
    ("success", "BOOLEAN", "NO", None, None),
    ("created_at", "TIMESTAMP", "NO", None, None),
]
OVERLAY_METRICS = [
    ("id", "UUID", "NO", "PRI", None),
    ("job_id", "VARCHAR", "NO", None, None),
    ("frame_index", "INTEGER", "NO", None, None),
    ("render_time_ms", "INTEGER", "NO", None, None),
    ("dropped_frames", "INTEGER", "YES", None, "0"),
    ("fps", "FLOAT", "YES", None, None),
    ("created_at", "TIMESTAMP", "NO", None, None),
]
DEVICE_USAGE = [
    ("id", "UUID", "NO", "PRI", None),
    ("job_id", "VARCHAR", "NO", None, None),
    ("device_requested", "VARCHAR", "NO", None, None),
    ("device_used", "VARCHAR", "NO", None, None),
    ("fallback", "BOOLEAN", "NO", None, None),
    ("created_at", "TIMESTAMP", "NO", None, None),
]


def test_a_fresh_database_holds_exactly_the_four_phase_8_tables_in_main(path: Path) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        found = connection.execute(
            "SELECT table_name, table_type FROM information_schema.tables"
            " WHERE table_schema = 'main' ORDER BY table_name"
        ).fetchall()

    assert found == [
        ("device_usage", "BASE TABLE"),
        ("job_metrics", "BASE TABLE"),
        ("overlay_metrics", "BASE TABLE"),
        ("plugin_metrics", "BASE TABLE"),
    ]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("job_metrics", JOB_METRICS),
        ("plugin_metrics", PLUGIN_METRICS),
        ("overlay_metrics", OVERLAY_METRICS),
        ("device_usage", DEVICE_USAGE),
    ],
)
def test_a_phase_8_table_has_the_contracts_columns_in_the_contracts_order(
    path: Path, table: str, columns: list[tuple[object, ...]]
) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        found = connection.execute(f"DESCRIBE {table}").fetchall()

    assert [row[:5] for row in found] == columns


def test_the_otel_schema_holds_the_opentelemetry_tables_and_the_book_keeping(path: Path) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        found = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'otel' ORDER BY ALL"
        ).fetchall()

    assert [name for (name,) in found] == [
        "archives",
        "housekeeping",
        "job_keys",
        "logs",
        "loss_ledger",
        "metric_points",
        "resources",
        "schema_version",
        "segments",
        "spans",
        "summaries",
        "writers",
    ]


def test_applying_stamps_the_version_with_the_package_that_did_it(path: Path) -> None:
    with duckdb.connect(path) as connection:
        assert live_version(connection) is None
        apply(connection, "9.8.7")

        assert live_version(connection) == SCHEMA_VERSION
        assert connection.execute(
            "SELECT version, package_version, abs(epoch(applied_at) - epoch(now())) < 60"
            " FROM otel.schema_version"
        ).fetchall() == [(SCHEMA_VERSION, "9.8.7", True)]


def test_applying_again_keeps_data_and_adds_no_second_stamp(path: Path) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        connection.execute(
            "INSERT INTO job_metrics VALUES (uuid(), 'j', 'p', 'cpu', 'done', 1, now(), now(), '')"
        )
        apply(connection, "0.2.0")

        assert connection.execute("SELECT job_id FROM job_metrics").fetchall() == [("j",)]
        assert connection.execute("SELECT package_version FROM otel.schema_version").fetchall() == [
            ("0.1.0",)
        ]


def test_a_database_of_a_newer_version_is_refused_with_the_version_it_needs(path: Path) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        connection.execute("INSERT INTO otel.schema_version VALUES (7, now(), '3.0')")

        with pytest.raises(SchemaTooNew, match=r"has schema version 7.*install"):
            apply(connection, "0.1.0")


def test_a_database_of_an_older_version_is_refused_with_the_command_that_migrates_it(
    path: Path,
) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        connection.execute("UPDATE otel.schema_version SET version = 0")

        with pytest.raises(SchemaMismatch, match="otel-forgesyte schema migrate"):
            apply(connection, "0.1.0")


def test_a_table_of_our_name_with_other_columns_is_refused_before_anything_is_created(
    path: Path,
) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE job_metrics (job_id INTEGER)")

        with pytest.raises(SchemaMismatch, match=r"main\.job_metrics: column plugin VARCHAR"):
            apply(connection, "0.1.0")
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(1,)]


def test_a_phase_8_table_that_an_application_made_itself_is_taken_over_with_its_rows(
    path: Path,
) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        for table in ("otel.schema_version", "otel.job_keys"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute(
            "INSERT INTO job_metrics VALUES (uuid(), 'j', 'p', 'cpu', 'done', 1, now(), now(), '')"
        )
        apply(connection, "0.1.0")

        assert connection.execute("SELECT count(*) FROM otel.job_keys").fetchall() == [(1,)]


def test_a_database_attached_under_the_schemas_own_name_is_refused_with_a_way_out(
    tmp_path: Path,
) -> None:
    with (
        duckdb.connect(tmp_path / "otel.duckdb") as connection,
        pytest.raises(SchemaMismatch, match="attach the file under another"),
    ):
        apply(connection, "0.1.0")


def test_a_crash_while_creating_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otel_forgesyte_schema.order.VIEWS", ("no_such_view",))
    with duckdb.connect(path) as connection:
        with pytest.raises(FileNotFoundError):
            apply(connection, "0.1.0")

        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
        assert live_version(connection) is None


def test_a_thorough_application_creates_what_was_dropped_and_keeps_what_a_user_added(
    path: Path,
) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        connection.execute("DROP TABLE otel.logs")
        connection.execute("ALTER TABLE otel.spans ADD COLUMN mine VARCHAR")
        connection.execute("CREATE OR REPLACE VIEW otel.metrics AS SELECT 1 AS a")
        apply(connection, "0.1.0", thorough=True)

        assert [(each.kind, each.object) for each in drift(connection)] == [("extra", "otel.spans")]
        assert connection.execute("SELECT count(*) FROM otel.schema_version").fetchall() == [(1,)]


def insert_twice(connection: duckdb.DuckDBPyConnection) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO once VALUES (1)")
        connection.cursor().execute("INSERT INTO once VALUES (1)")


def test_a_commit_that_fails_tells_its_own_cause(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE once (a INTEGER PRIMARY KEY)")

        with pytest.raises(duckdb.Error, match=r"(?i)constraint|duplicate key"):
            insert_twice(connection)


@pytest.mark.parametrize(
    ("table", "column"),
    [("otel.spans", "attributes"), ("otel.logs", "attributes"), ("otel.logs", "body")],
)
def test_long_texts_are_kept_with_zstandard(path: Path, table: str, column: str) -> None:
    # As exporters open it: what DuckDB 1.5 creates by default knows no Zstandard.
    config: dict[str, str | bool | int | float | list[str]] = {
        "storage_compatibility_version": "v1.5.0"
    }
    with duckdb.connect(path, config=config) as connection:
        apply(connection, "0.1.0")
        connection.execute(
            f"INSERT INTO {table} ({column})"
            " SELECT printf('{\"number\":%d}', number) FROM range(5000) AS numbers (number)"
        )
        connection.execute("CHECKPOINT")
        found = connection.execute(
            f"SELECT DISTINCT compression FROM pragma_storage_info('{table}')"
            " WHERE column_name = $column AND segment_type = 'JSON'",
            {"column": column},
        ).fetchall()

    assert found == [("ZSTD",)]


def test_a_file_that_knows_no_zstandard_gets_the_schema_without_it(path: Path) -> None:
    # What an application makes with DuckDB 1.5 for tables of its own.
    duckdb.connect(path, config={"storage_compatibility_version": "v1.0.0"}).close()
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        assert drift(connection) == []
        ((columns,),) = connection.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'spans'"
        ).fetchall()

    assert columns == 29


def test_the_stamp_is_naive_utc_in_any_session_zone(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        apply(connection, "0.1.0")
        ((stamped,),) = connection.execute(
            "SELECT epoch(applied_at) FROM otel.schema_version"
        ).fetchall()

    assert abs(stamped - time.time()) < 60
