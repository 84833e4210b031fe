"""Argument, then environment, then default; and refusals that say what would fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte_duckdb import ConfigError, Settings
from otel_forgesyte_duckdb.housekeeping import Housekeeper

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_given_gives_the_defaults() -> None:
    settings = Settings.resolve()
    assert settings == Settings()
    assert settings.spool.name == "telemetry.duckdb.spool"


def test_the_environment_beats_the_default_and_an_argument_beats_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_DATABASE", "env.duckdb")
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL", "2.5")
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY", "")
    settings = Settings.resolve(database="arg.duckdb")
    assert (settings.database, settings.flush_interval_s) == ("arg.duckdb", 2.5)
    assert settings.spool.name == "arg.duckdb.spool"


def test_describe_names_each_variable_and_where_its_value_came_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_THREADS", "2")
    rows = {row.field: row for row in Settings.describe(database="x.duckdb")}
    assert rows["database"].source == "argument"
    assert (rows["threads"].value, rows["threads"].source) == (2, "environment")
    assert rows["segment_bytes"].source == "default"
    assert [row.env for row in rows.values()] == [
        "OTEL_EXPORTER_DUCKDB_DATABASE",
        "OTEL_EXPORTER_DUCKDB_DATA_PATH",
        "OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY",
        "OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL",
        "OTEL_EXPORTER_DUCKDB_SEGMENT_BYTES",
        "OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES",
        "OTEL_EXPORTER_DUCKDB_DRAIN",
        "OTEL_EXPORTER_DUCKDB_SHUTDOWN_TIMEOUT",
        "OTEL_EXPORTER_DUCKDB_MEMORY_LIMIT",
        "OTEL_EXPORTER_DUCKDB_THREADS",
        "OTEL_EXPORTER_DUCKDB_RETENTION",
        "OTEL_EXPORTER_DUCKDB_MAX_BYTES",
        "OTEL_EXPORTER_DUCKDB_ARCHIVE_DIRECTORY",
    ]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"database": "md:mine"}, "only a file path or a lake"),
        ({"database": "s3://bucket/t.duckdb"}, "only a file path or a lake"),
        ({"database": "sqlite:t.db"}, "only a file path or a lake"),
        ({"database": ":memory:"}, "only a file path or a lake"),
        ({"database": "ducklake:"}, "give ducklake:postgres:dbname=NAME host=HOST"),
        ({"database": "ducklake:mysql:db=x password=hunter2"}, "argument database: a lake's"),
        ({"data_path": "gs://bucket/x"}, "give a directory, or s3://bucket/prefix"),
        ({"database": "quack:localhost"}, "a server is asked, not written to"),
        ({"database": ""}, "give a file path"),
        ({"database": "data/Otel.duckdb"}, "hides the schema otel"),
        ({"database": 7}, "argument database is 7"),
        ({"flush_interval_s": "soon"}, "give a number"),
        ({"flush_interval_s": 0}, "at least 0.01"),
        ({"flush_interval_s": float("nan")}, "at least 0.01"),
        ({"threads": 0}, "at least 1"),
        ({"drain": "never"}, "'thread', 'child' or 'external'"),
        ({"memory_limit": "much"}, "a size such as 256MB"),
        ({"colour": "red"}, "unknown duckdb exporter setting colour; known are database,"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        Settings.resolve(**given)


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES", "lots")
    with pytest.raises(
        ConfigError, match="variable OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES is 'lots'"
    ):
        Settings.resolve()


def test_a_later_change_of_directory_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    exporter = DuckDBSpanExporter(database="t.duckdb")
    monkeypatch.chdir(tmp_path / "elsewhere")
    from tests.duckdb.conftest import Target

    Target(tmp_path / "t.duckdb").tracer(exporter).start_span("s").end()
    exporter.shutdown()
    assert Target(tmp_path / "t.duckdb").value("SELECT count(*) FROM otel.spans") == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("database", "shown"),
    [
        ("dbname=x PASSWORD=hunter2 host=h", "dbname=x host=h"),
        ("dbname=x password=hunter1 password='hunter2'", "dbname=x"),
        (r"dbname=x password=hunter\ 2&a", "dbname=x"),
        ("dbname=x password='hunter//u:2@'", "dbname=x"),
        ("dbname=x password=hunter://2 host=h", "dbname=x host=h"),
    ],
)
def test_no_part_of_a_password_stays_in_what_is_shown(database: str, shown: str) -> None:
    settings = Settings.resolve(database=f"ducklake:postgres:{database}")
    assert settings.target == f"ducklake:postgres:{shown}"
    assert "hunter" not in f"{settings!r} {settings.lake!r} {settings.spool}"
    assert settings.lake is not None
    assert settings.lake.password is not None
    assert "2" in settings.lake.password, "the last one counts, as for libpq"


@pytest.mark.parametrize(
    "given",
    [
        {"database": "postgresql://u:hunter2@h/x"},
        {"database": "ducklake:postgres:postgresql://u:hunter2@h/x"},
        {"database": "ducklake:postgres://u:hun@ter/hunter2@h/x"},
        {"database": "ducklake:postgres:postgresql://h/x?user=u&password=hunter2"},
        {"database": "ducklake:postgres:dbname=x sslpassword=hunter2"},
        {"database": "DuckLake:postgres:dbname=x password=hunter2"},
        {"data_path": "s3://AKIA:hunter2@bucket/x"},
        {"data_path": "s3://bucket/x?s3_secret_access_key=hunter2"},
    ],
)
def test_an_address_that_is_refused_is_not_repeated(given: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        Settings.resolve(**given)
    assert "hunter2" not in str(refusal.value)


def test_housekeeping_that_fails_names_a_lake_without_its_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lake = "ducklake:postgres:dbname=x user=u password=hunter2"
    Housekeeper(Settings.resolve(database=lake)).put_off(OSError("no room"))
    assert caplog.messages == [
        "old rows could not be removed from ducklake:postgres:dbname=x user=u: no room"
    ]
