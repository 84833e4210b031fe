"""Migrations: numbered, forward only, in one transaction, after a backup copy beside the file."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from otel_forgesyte_schema import (
    MIGRATIONS,
    SCHEMA_VERSION,
    Migration,
    MigrationReport,
    SchemaMismatch,
    SchemaTooNew,
    apply,
    bring_up_to_date,
    drift,
    live_version,
    migrate,
)
from otel_forgesyte_schema.backup import back_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.schema.conftest import Records, Store

TO_1 = Migration(
    1,
    "promote the tool",
    "ALTER TABLE otel.spans ADD COLUMN tool VARCHAR;"
    " UPDATE otel.spans SET tool = attributes ->> '$.\"forgesyte.plugin.tool\"'",
)
STEPS = (TO_1, *MIGRATIONS)


@pytest.fixture
def old(store: Store, records: Records) -> Store:
    """A database of version 0: the spans had no column for the tool, and a view was missing."""
    store.write(
        "spans", records.plugin("a", 0, 1, attributes={"forgesyte.plugin.tool": "read_text"})
    )
    store.connection.execute("UPDATE otel.schema_version SET version = 0")
    store.connection.execute("DROP VIEW otel.traces")
    store.connection.execute("ALTER TABLE otel.spans DROP COLUMN tool")
    return store


@pytest.fixture
def backups(tmp_path: Path) -> Iterator[list[Path]]:
    """Backup copies beside the database, looked up when the test is over."""
    found: list[Path] = []
    yield found
    assert sorted(tmp_path.glob("*.backup")) == found


def test_an_older_database_becomes_the_canonical_one_and_keeps_its_rows(old: Store) -> None:
    report = migrate(old.connection, "0.2.0", migrations=STEPS)

    assert (report.from_version, report.to_version) == (0, SCHEMA_VERSION)
    assert drift(old.connection) == []
    assert old.rows("SELECT name, tool FROM otel.spans") == [("work", "read_text")]
    assert old.rows("SELECT tool FROM otel.traces") == [("read_text",)]
    assert old.rows("SELECT version, package_version FROM otel.schema_version ORDER BY ALL") == [
        (0, "0.1.0"),
        (1, "0.2.0"),
        (2, "0.2.0"),
    ]
    apply(old.connection, "0.2.0")


def test_the_backup_is_the_database_as_it_was_for_its_owner_only(
    old: Store, path: Path, backups: list[Path]
) -> None:
    report = migrate(old.connection, "0.2.0", migrations=STEPS)

    assert report.backup is not None
    backup = path.parent / report.backup
    backups.append(backup)
    assert backup.name.startswith("telemetry.duckdb.v0.")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with duckdb.connect(backup, read_only=True) as copy:
        assert live_version(copy) == 0
        assert copy.execute("SELECT name FROM otel.spans").fetchall() == [("work",)]
        assert copy.execute("SELECT count(*) FROM plugin_metrics").fetchall() == [(1,)]
        assert "tool" not in [row[0] for row in copy.execute("DESCRIBE otel.spans").fetchall()]


def test_two_backups_of_one_second_do_not_overwrite_each_other(
    old: Store, path: Path, backups: list[Path]
) -> None:
    broken = Migration(1, "break", "SELECT no_such_column")
    for _ in range(2):
        with pytest.raises(duckdb.Error):
            migrate(old.connection, "0.2.0", migrations=[broken, *MIGRATIONS])

    backups.extend(sorted(path.parent.glob("*.backup")))
    assert len(backups) == 2


def test_a_step_that_fails_leaves_the_database_as_it_was(old: Store) -> None:
    broken = Migration(1, "break", TO_1.sql + "; SELECT no_such_column")

    with pytest.raises(duckdb.Error, match="no_such_column"):
        migrate(old.connection, "0.2.0", migrations=[broken, *MIGRATIONS])
    assert live_version(old.connection) == 0
    assert "tool" not in [row[0] for row in old.rows("DESCRIBE otel.spans")]


def test_steps_that_do_not_lead_to_the_canonical_schema_are_rolled_back(old: Store) -> None:
    wrong = Migration(1, "wrong type", "ALTER TABLE otel.spans ADD COLUMN tool INTEGER")

    with pytest.raises(SchemaMismatch, match="column tool is INTEGER, not VARCHAR"):
        migrate(old.connection, "0.2.0", migrations=[wrong, *MIGRATIONS])
    assert live_version(old.connection) == 0
    assert "tool" not in [row[0] for row in old.rows("DESCRIBE otel.spans")]


def test_what_a_user_added_does_not_stop_a_migration(old: Store) -> None:
    old.connection.execute("ALTER TABLE otel.spans ADD COLUMN mine VARCHAR")
    old.connection.execute("CREATE TABLE otel.notes (a INTEGER)")
    migrate(old.connection, "0.2.0", migrations=STEPS)

    assert [each.kind for each in drift(old.connection)] == ["extra", "extra"]


def test_an_up_to_date_database_is_neither_copied_nor_changed(
    store: Store, backups: list[Path]
) -> None:
    backups.clear()

    assert migrate(store.connection, "0.2.0") == MigrationReport(
        SCHEMA_VERSION, SCHEMA_VERSION, None
    )


def test_a_database_in_memory_is_migrated_without_a_copy() -> None:
    with duckdb.connect() as connection:
        apply(connection, "0.1.0")
        connection.execute("UPDATE otel.schema_version SET version = 0")
        nothing = Migration(1, "nothing", "SELECT 1")
        report = migrate(connection, "0.2.0", migrations=[nothing, *MIGRATIONS])

    assert report == MigrationReport(0, SCHEMA_VERSION, None)


def test_a_database_without_a_stamp_is_refused_with_the_command_that_helps(path: Path) -> None:
    with (
        duckdb.connect(path) as connection,
        pytest.raises(SchemaMismatch, match="otel-forgesyte schema apply"),
    ):
        migrate(connection, "0.1.0")


def test_a_newer_database_is_refused_with_the_version_it_needs(store: Store) -> None:
    store.connection.execute("INSERT INTO otel.schema_version VALUES (9, now(), '4.0')")

    with pytest.raises(SchemaTooNew, match="schema version 9 or newer"):
        migrate(store.connection, "0.1.0")


def test_a_version_from_which_there_is_no_way_is_refused_before_anything_is_copied(
    old: Store, backups: list[Path]
) -> None:
    backups.clear()
    old.connection.execute("UPDATE otel.schema_version SET version = -1")

    with pytest.raises(SchemaMismatch, match="no way from schema version -1 to 2"):
        migrate(old.connection, "0.2.0", migrations=STEPS)


def test_progress_is_told_step_by_step(old: Store) -> None:
    told: list[str] = []
    migrate(old.connection, "0.2.0", migrations=STEPS, on_progress=told.append)

    assert told == ["backup copy", "version 1: promote the tool", "version 2: housekeeping"]


def test_a_backup_that_cannot_be_written_stops_the_migration_and_leaves_no_part(
    old: Store, monkeypatch: pytest.MonkeyPatch, backups: list[Path]
) -> None:
    backups.clear()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr("pathlib.Path.chmod", refuse)
    with pytest.raises(PermissionError):
        migrate(old.connection, "0.2.0", migrations=STEPS)
    assert live_version(old.connection) == 0


def test_a_copy_is_called_a_backup_only_when_it_is_whole_and_on_disk(
    old: Store, path: Path, monkeypatch: pytest.MonkeyPatch, backups: list[Path]
) -> None:
    backups.clear()
    seen: list[str] = []

    def power_failure(_: int) -> None:
        seen.extend(file.suffix for file in path.parent.glob("telemetry.duckdb.v0.*"))
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", power_failure)
    with pytest.raises(OSError, match="no space left"):
        migrate(old.connection, "0.2.0", migrations=STEPS)

    assert seen == [".partial"]
    assert list(path.parent.glob("telemetry.duckdb.v0.*")) == []


def test_everything_a_copy_writes_is_for_the_owner_only(old: Store, path: Path) -> None:
    modes: dict[str, int] = {}

    class Watching:
        def execute(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
            result = old.connection.execute(query, parameters)
            if query.startswith("COPY FROM DATABASE"):
                for file in path.parent.glob("*.partial*"):
                    modes[file.suffix] = stat.S_IMODE(file.stat().st_mode)
            return result

        def fetchone(self) -> tuple[Any, ...] | None:
            return old.connection.fetchone()

        def fetchall(self) -> list[tuple[Any, ...]]:
            return old.connection.fetchall()

    assert back_up(Watching(), 0) is not None
    assert modes == {".partial": 0o600, ".wal": 0o600}


def test_the_packages_own_steps_lead_to_its_version_one_by_one() -> None:
    assert [step.version for step in MIGRATIONS] == list(range(2, SCHEMA_VERSION + 1))


def test_a_drainer_migrates_by_itself_where_that_only_adds_objects_and_copies_nothing(
    store: Store, records: Records, backups: list[Path]
) -> None:
    backups.clear()
    store.write("spans", records.job("a", 0, 1))
    _make_version_1(store)
    bring_up_to_date(store.connection, "0.2.0")

    assert drift(store.connection) == []
    assert store.rows("SELECT job_id FROM otel.traces") == [("a",)]
    assert live_version(store.connection) == 2


def test_a_step_that_changes_what_exists_is_left_to_a_person() -> None:
    assert not TO_1.only_adds
    assert [step.version for step in MIGRATIONS if step.only_adds] == [2]


def _make_version_1(store: Store) -> None:
    for view in ("all_spans", "finished_runs", "summary_buckets", "summary_by_minute"):
        store.connection.execute(f"DROP VIEW otel.{view}")
    for table in ("summaries", "archives", "housekeeping", "writers"):
        store.connection.execute(f"DROP TABLE otel.{table}")
    store.connection.execute("UPDATE otel.schema_version SET version = 1")
