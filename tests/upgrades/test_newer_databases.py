"""A database of a version not known yet: refused by all, with what to install, and untouched."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from otel_forgesyte import open_reader
from otel_forgesyte_duckdb import DuckDBSpanExporter, Settings, drain, writing
from otel_forgesyte_schema import (
    SCHEMA_VERSION,
    SchemaTooNew,
    apply,
    check_version,
    migrate,
)
from tests.upgrades.conftest import Run
from tests.upgrades.test_stored_databases import QUESTIONS

NEWER = SCHEMA_VERSION + 1
REFUSED = (
    f"the database has schema version {NEWER}, this otel-forgesyte knows up to {SCHEMA_VERSION}:"
    f" install an otel-forgesyte that has schema version {NEWER} or newer"
    " (`pip install --upgrade otel-forgesyte`)"
)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A database as the next release might leave it: stamped, and without a table of ours."""
    path = tmp_path / "telemetry.duckdb"
    with writing(path) as connection:
        apply(connection, "0.1.0")
        connection.execute("DROP TABLE otel.segments")
        connection.execute("ALTER TABLE otel.spans ADD COLUMN future VARCHAR")
        connection.execute(f"INSERT INTO otel.schema_version VALUES ({NEWER}, now(), '9.0')")
    return path


def digest(path: Path) -> str:
    assert not path.with_name(f"{path.name}.wal").exists()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_schemas_own_calls_refuse_it(newer: Path) -> None:
    before = digest(newer)
    with writing(newer) as connection:
        for thorough in (False, True):
            with pytest.raises(SchemaTooNew) as refused:
                apply(connection, "0.1.0", thorough=thorough)
            assert str(refused.value) == REFUSED
        with pytest.raises(SchemaTooNew) as refused:
            migrate(connection, "0.1.0")
        assert str(refused.value) == REFUSED
    with pytest.raises(SchemaTooNew):
        check_version(NEWER)

    assert digest(newer) == before
    assert list(newer.parent.glob("*.backup")) == []


@pytest.mark.parametrize("include_spool", [False, True])
def test_the_reader_refuses_it(newer: Path, include_spool: bool) -> None:  # noqa: FBT001
    before = digest(newer)
    with open_reader(newer, include_spool=include_spool) as reader:
        for question in QUESTIONS:
            with pytest.raises(SchemaTooNew) as refused:
                question(reader)
            assert REFUSED in str(refused.value)

    assert digest(newer) == before


@pytest.mark.parametrize(
    "command",
    [
        "jobs",
        "job some-job",
        "plugins",
        "devices",
        "overlay some-job",
        "status",
        "schema apply",
        "schema migrate",
        "summary",
        "prune --older-than 1d",
        "prune --older-than 1d --dry-run",
        "prune --older-than 1d --archive gone",
        "prune --older-than 1d --forget-missing",
        "compact",
        "backup copy.duckdb",
    ],
)
def test_a_command_refuses_it_with_3(newer: Path, run: Run, command: str) -> None:
    before = digest(newer)
    ended = run(*command.split())

    assert (ended.code, ended.out) == (3, "")
    assert REFUSED in ended.err
    assert digest(newer) == before


def test_check_and_doctor_end_with_1_and_say_so(newer: Path, run: Run) -> None:
    before = digest(newer)
    check, doctor = run("schema", "check"), run("doctor")

    assert (check.code, doctor.code) == (1, 1)
    assert f"says version {NEWER}, not {SCHEMA_VERSION}" in check.out
    assert f"{REFUSED}\n   -> pip install --upgrade otel-forgesyte\n" in doctor.out
    assert digest(newer) == before


def test_an_application_runs_on_says_so_once_and_its_records_wait_in_the_spool(
    newer: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    before = digest(newer)
    exporter = DuckDBSpanExporter(database=newer, flush_interval_s=0.05)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for _ in range(3):
        provider.get_tracer("tests").start_span("s").end()
        assert exporter.force_flush(300) is False
    provider.shutdown()

    told = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [REFUSED in each.getMessage() for each in told] == [True]
    assert digest(newer) == before
    waiting = list(Settings(database=str(newer)).spool.glob("*-spans-*.seg"))
    assert sum(path.read_bytes().count(b"\n") for path in waiting) == 3

    with pytest.raises(SchemaTooNew):
        drain(Settings(database=str(newer)))
    ended = run("drain")
    assert ended.code == 3
    assert REFUSED in ended.err
    assert all(path.exists() for path in waiting)
    assert digest(newer) == before
