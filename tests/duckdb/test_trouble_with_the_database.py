"""Somebody else has the file, or the file is damaged, gone, or of another version."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte_duckdb import ConfigError, DatabaseLocked, drain, reading, writing
from otel_forgesyte_schema.errors import SchemaTooNew

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.duckdb.conftest import Target

HOLD = """
    import sys, time, duckdb
    connection = duckdb.connect(sys.argv[1])
    connection.execute("CREATE TABLE IF NOT EXISTS scratch (a INTEGER)")
    print("held", flush=True)
    sys.stdin.readline()
    connection.close()
    print("released", flush=True)
    time.sleep(60)
"""


def _store_one(target: Target, name: str = "s") -> None:
    exporter = target.spans()
    target.tracer(exporter).start_span(name).end()
    exporter.shutdown()


def test_a_database_held_by_another_process_is_drained_into_when_it_is_let_go(
    target: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    _store_one(target, "before")
    holder = start_python(HOLD, target.path)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    exporter = target.spans()
    target.tracer(exporter).start_span("during").end()
    assert not exporter.force_flush(1_000)
    status = target.status()
    assert (status.spooled_lines, status.stored, status.dropped) == (1, None, {})
    with pytest.raises(DatabaseLocked, match=f"process {holder.pid}"), reading(target.path, 0.1):
        pass
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert exporter.force_flush(10_000)
    assert target.value("SELECT list(name ORDER BY name) FROM otel.spans") == ["before", "during"]


def test_another_process_reads_while_this_one_keeps_writing(
    target: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    _store_one(target)
    reader = start_python(
        """
        import sys
        from otel_forgesyte_duckdb import reading
        for _ in range(20):
            with reading(sys.argv[1]) as connection:
                print(*connection.execute("SELECT count(*) FROM otel.spans").fetchone(), flush=True)
        """,
        target.path,
    )
    exporter = target.spans()
    tracer = target.tracer(exporter)
    written = 1
    while reader.poll() is None:
        tracer.start_span("s").end()
        written += 1
        time.sleep(0.001)
    assert reader.stdout is not None
    counts = [int(line) for line in reader.stdout]
    assert reader.returncode == 0
    assert len(counts) == 20
    assert counts == sorted(counts)
    assert exporter.force_flush()
    assert target.value("SELECT count(*) FROM otel.spans") == written


def test_this_process_reads_while_its_own_thread_drains(target: Target) -> None:
    exporter = target.spans(flush_interval_s=0.02)
    tracer = target.tracer(exporter)
    tracer.start_span("s").end()
    assert exporter.force_flush()
    counts: list[int] = []
    for _ in range(30):
        tracer.start_span("s").end()
        counts.append(target.value("SELECT count(*) FROM otel.spans"))
    assert counts == sorted(counts)


def test_reading_where_nothing_was_recorded_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing has been recorded"), reading(tmp_path / "no"):
        pass


def test_reading_can_bring_in_what_still_waits(undrained: Target) -> None:
    tracer = undrained.tracer()
    tracer.start_span("s").end()
    undrained.shutdown()
    with reading(undrained.path, include_spool=True) as connection:
        assert connection.execute("SELECT count(*) FROM otel.spans").fetchall() == [(1,)]


def _flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage", ["emptied", "zeroed", "cut", "head cut", *range(0, 20_000, 1_500)]
)
def test_a_damaged_database_is_set_aside_loudly_and_a_fresh_one_takes_what_waits(
    target: Target, caplog: pytest.LogCaptureFixture, damage: str | int
) -> None:
    _store_one(target, "before")
    size = target.path.stat().st_size
    match damage:
        case "emptied":
            os.truncate(target.path, 0)
        case "zeroed":
            target.path.write_bytes(bytes(size))
        case "cut":
            os.truncate(target.path, size // 2)
        case "head cut":
            os.truncate(target.path, 100)
        case _:
            _flip(target.path, int(damage))
    _store_one(target, "after")
    assert target.segments() == []
    assert "after" in target.value("SELECT list(name) FROM otel.spans")
    aside = list(target.path.parent.glob("telemetry.duckdb.corrupt.*"))
    loud = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    # Some flips hit the older of two headers or free space: then nothing was lost at all.
    assert len(aside) == len(loud)
    if not aside:
        assert target.value("SELECT count(*) FROM otel.spans") == 2
    if isinstance(damage, str):
        assert len(aside) == 1


def test_somebodys_other_file_is_never_moved(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    target.path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"picture" * 5_000)
    exporter = target.spans(shutdown_timeout_s=0.5)
    target.tracer(exporter).start_span("s").end()
    exporter.shutdown()
    assert target.path.read_bytes().startswith(b"\x89PNG")
    assert len(target.segments("spans")) == 1
    assert "not a valid DuckDB database file" in caplog.text


def test_a_damaged_write_ahead_log_is_set_aside_alone(target: Target) -> None:
    _store_one(target, "before")
    log = target.path.with_name("telemetry.duckdb.wal")
    other = target.path.with_name("other.duckdb")
    with writing(other) as connection:
        connection.execute("SET wal_autocheckpoint = '1GB'; PRAGMA disable_checkpoint_on_shutdown")
        connection.execute("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
    content = bytearray(other.with_name("other.duckdb.wal").read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)
    _store_one(target, "after")
    assert target.value("SELECT list(name ORDER BY name) FROM otel.spans") == ["after", "before"]


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_database_deleted_between_drains_is_begun_again(target: Target, how: str) -> None:
    exporter = target.spans()
    tracer = target.tracer(exporter)
    tracer.start_span("before").end()
    assert exporter.force_flush()
    target.path.unlink()
    if how == "replaced":
        with writing(target.path) as connection:
            connection.execute("CREATE TABLE somebody_elses (a INTEGER)")
    tracer.start_span("after").end()
    assert exporter.force_flush()
    assert target.value("SELECT list(name) FROM otel.spans") == ["after"]


def test_a_database_deleted_during_a_drain_keeps_its_segments(
    undrained: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    from otel_forgesyte_duckdb import batches
    from otel_forgesyte_duckdb.ingesting import store

    _store_one(undrained)

    def store_then_delete(*arguments: Any) -> None:
        store(*arguments)
        undrained.path.unlink()

    monkeypatch.setattr(batches, "store", store_then_delete)
    with pytest.raises(FileNotFoundError):
        undrained.drain()
    assert len(undrained.segments("spans")) == 1
    monkeypatch.setattr(batches, "store", store)
    undrained.drain()
    assert undrained.value("SELECT count(*) FROM otel.spans") == 1


def test_a_database_of_a_newer_version_is_not_touched_and_the_records_wait(target: Target) -> None:
    _store_one(target)
    with writing(target.path) as connection:
        connection.execute("INSERT INTO otel.schema_version VALUES (99, now()::TIMESTAMP, '9.0')")
    exporter = target.spans(shutdown_timeout_s=0.2)
    target.tracer(exporter).start_span("waits").end()
    exporter.shutdown()
    assert len(target.segments("spans")) == 1
    with pytest.raises(SchemaTooNew):
        drain(target.settings)


def test_the_same_trouble_is_logged_once(target: Target, caplog: pytest.LogCaptureFixture) -> None:
    target.path.mkdir()
    target.path.rmdir()
    exporter = target.spans(flush_interval_s=0.02, shutdown_timeout_s=0.1)
    target.path.mkdir()
    target.tracer(exporter).start_span("s").end()
    for _ in range(5):
        assert not exporter.force_flush(100)
    assert sum("cannot drain" in record.message for record in caplog.records) == 1
    target.path.rmdir()
    assert exporter.force_flush(10_000)


def test_two_threads_that_read_take_turns(target: Target) -> None:
    _store_one(target)
    found: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(target.value("SELECT count(*) FROM otel.spans"))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8
