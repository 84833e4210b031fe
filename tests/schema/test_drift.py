"""Drift: a live database that is not what a fresh one would be is told apart, object by object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_schema import Drift, apply, drift

if TYPE_CHECKING:
    from pathlib import Path

    from tests.schema.conftest import Store


def test_a_fresh_database_has_no_drift(store: Store) -> None:
    assert drift(store.connection) == []


def test_a_database_read_only_beside_others_has_no_drift_either(store: Store, path: Path) -> None:
    store.connection.close()
    with duckdb.connect() as reader:
        reader.execute(f"ATTACH '{path}' AS \"my db\" (READ_ONLY)")
        reader.execute('USE "my db"')

        assert drift(reader) == []
        assert reader.execute("SELECT current_database()").fetchall() == [("my db",)]
        assert reader.execute(
            "SELECT count(*) FROM duckdb_databases() WHERE database_name LIKE '%canonical%'"
        ).fetchall() == [(0,)]


def test_a_database_opened_directly_has_no_drift(path: Path) -> None:
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")

        assert drift(connection) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "ALTER TABLE otel.spans DROP COLUMN tool",
            Drift("missing", "otel.spans", "column tool VARCHAR"),
        ),
        (
            "ALTER TABLE otel.logs ADD COLUMN mood VARCHAR DEFAULT 'good'",
            Drift("extra", "otel.logs", "column mood VARCHAR DEFAULT 'good'"),
        ),
        (
            "ALTER TABLE otel.segments ALTER COLUMN lines TYPE VARCHAR",
            Drift("changed", "otel.segments", "column lines is VARCHAR, not UBIGINT"),
        ),
        (
            "ALTER TABLE plugin_metrics ALTER COLUMN duration_ms DROP NOT NULL",
            Drift(
                "changed",
                "main.plugin_metrics",
                "column duration_ms is INTEGER, not INTEGER NOT NULL",
            ),
        ),
        (
            "ALTER TABLE overlay_metrics ALTER COLUMN dropped_frames DROP DEFAULT",
            Drift(
                "changed",
                "main.overlay_metrics",
                "column dropped_frames is INTEGER, not INTEGER DEFAULT 0",
            ),
        ),
        (
            "DROP TABLE otel.loss_ledger",
            Drift("missing", "otel.loss_ledger", "the whole table"),
        ),
        ("DROP VIEW otel.frames", Drift("missing", "otel.frames", "the whole view")),
        (
            "CREATE TABLE notes (a INTEGER)",
            Drift("extra", "main.notes", "a table this schema does not know"),
        ),
        (
            "CREATE VIEW main.recent AS SELECT 1 AS a",
            Drift("extra", "main.recent", "a view this schema does not know"),
        ),
    ],
)
def test_a_difference_is_named(store: Store, change: str, found: Drift) -> None:
    store.connection.execute(change)

    assert found in drift(store.connection)


def test_a_table_without_its_primary_key_is_named(store: Store) -> None:
    store.connection.execute("CREATE TABLE spare AS FROM device_usage")
    store.connection.execute("DROP TABLE device_usage")
    store.connection.execute("ALTER TABLE spare RENAME TO device_usage")

    assert Drift("changed", "main.device_usage", "primary key is (), not (id)") in drift(
        store.connection
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "CREATE UNIQUE INDEX once ON job_metrics (plugin)",
            Drift("extra", "main.job_metrics", "CREATE UNIQUE INDEX once ON job_metrics(plugin)"),
        ),
        (
            "CREATE MACRO otel.twice(a) AS a * 2",
            Drift("extra", "macro otel.twice", "a macro this schema does not know"),
        ),
        (
            "CREATE SEQUENCE main.numbers",
            Drift("extra", "sequence main.numbers", "a sequence this schema does not know"),
        ),
        (
            "CREATE TYPE main.mood AS ENUM ('good')",
            Drift("extra", "type main.mood", "a type this schema does not know"),
        ),
    ],
)
def test_an_addition_that_is_no_column_is_named(store: Store, change: str, found: Drift) -> None:
    store.connection.execute(change)

    assert drift(store.connection) == [found]


def test_constraints_and_another_order_of_columns_are_named(store: Store) -> None:
    store.connection.execute("DROP TABLE device_usage")
    store.connection.execute(
        "CREATE TABLE device_usage (job_id TEXT NOT NULL UNIQUE, id UUID PRIMARY KEY,"
        " device_requested TEXT NOT NULL, device_used TEXT NOT NULL, fallback BOOLEAN NOT NULL,"
        " created_at TIMESTAMP NOT NULL, CHECK (device_used <> 'tpu'))"
    )

    order = "job_id, id, device_requested, device_used, fallback, created_at"
    assert [(each.kind, each.detail) for each in drift(store.connection)] == [
        ("extra", "CHECK((device_used != 'tpu'))"),
        ("extra", "UNIQUE(job_id)"),
        ("changed", f"columns stand in the order {order}"),
    ]


def test_a_table_where_a_view_should_be_is_named(store: Store) -> None:
    store.connection.execute("DROP VIEW otel.metrics")
    store.connection.execute("CREATE TABLE otel.metrics (a INTEGER)")

    assert Drift("changed", "otel.metrics", "is a table, not a view") in drift(store.connection)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ("UPDATE otel.schema_version SET version = 0", "says version 0, not 2"),
        ("UPDATE otel.schema_version SET version = 5", "says version 5, not 2"),
        ("DELETE FROM otel.schema_version", "has no version, not 2"),
    ],
)
def test_a_stamp_of_another_version_is_a_difference(store: Store, change: str, detail: str) -> None:
    store.connection.execute(change)

    assert drift(store.connection) == [Drift("changed", "otel.schema_version", detail)]


def test_a_stamp_table_with_other_columns_is_named_and_not_asked(store: Store) -> None:
    store.connection.execute("ALTER TABLE otel.schema_version RENAME COLUMN version TO number")

    assert [each.kind for each in drift(store.connection)] == ["extra", "missing"]


def test_a_users_own_schema_and_temporary_tables_are_not_looked_at(store: Store) -> None:
    store.connection.execute("CREATE SCHEMA mine")
    store.connection.execute("CREATE TABLE mine.notes (a INTEGER)")
    store.connection.execute("CREATE TEMP TABLE scratch (a INTEGER)")

    assert drift(store.connection) == []


def test_a_difference_reads_as_one_line() -> None:
    assert str(Drift("missing", "otel.spans", "column tool VARCHAR")) == (
        "missing: otel.spans: column tool VARCHAR"
    )
