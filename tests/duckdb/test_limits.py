"""Full disks, full spools and vanished files: counted, never raised, never silent."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from otel_forgesyte_duckdb import ConfigError, DuckDBSpanExporter, spool
from otel_forgesyte_duckdb.dead_letters import folder_held
from otel_forgesyte_duckdb.losses import Losses
from otel_forgesyte_duckdb.spool import SpoolWriter

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.duckdb.conftest import Target


def _assert_nothing_is_unaccounted_for(target: Target, handed_over: int) -> None:
    status = target.status()
    assert status.stored is not None or not target.path.exists()
    dropped = sum(status.dropped.values())
    total = (status.stored or 0) + status.spooled_lines + status.dead_lines + dropped
    assert total == handed_over, status


def test_a_full_spool_drops_the_newest_and_counts_them(undrained: Target) -> None:
    exporter = undrained.spans(spool_max_bytes=20_000)
    tracer = undrained.tracer(exporter)
    for _ in range(200):
        tracer.start_span("s").end()
    status = undrained.status()
    assert status.spooled_bytes <= 20_000
    assert set(status.dropped) == {"spool_full"}
    assert status.spooled_lines + status.dropped["spool_full"] == 200 == status.accepted
    exporter.shutdown()
    undrained.drain()
    _assert_nothing_is_unaccounted_for(undrained, 200)
    assert (
        undrained.value("SELECT sum(count) FROM otel.loss_ledger") == status.dropped["spool_full"]
    )


def test_a_spool_that_was_full_takes_records_again_once_it_is_drained(undrained: Target) -> None:
    exporter = undrained.spans(spool_max_bytes=20_000)
    span = undrained.tracer(exporter).start_span("s")
    results = [exporter.export([span]) for _ in range(100)]  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert results[0] is SpanExportResult.SUCCESS
    assert results[-1] is SpanExportResult.FAILURE
    assert not exporter.force_flush(0)
    undrained.drain()
    import time

    time.sleep(1.1)  # the spool's size is counted once a second
    assert exporter.export([span]) is SpanExportResult.SUCCESS  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def test_a_full_disk_tears_no_line_and_every_record_is_accounted_for(
    undrained: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """A limit on file size fails a write in the middle of a line, as a full disk does."""
    done = run_python(
        """
        import sys, resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from otel_forgesyte_duckdb import DuckDBSpanExporter
        exporter = DuckDBSpanExporter(
            database=sys.argv[1], drain="external", flush_interval_s=3600.0
        )
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
        for _ in range(100):
            provider.get_tracer("t").start_span("s").end()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        for _ in range(100):
            provider.get_tracer("t").start_span("s").end()
        provider.shutdown()
        """,
        undrained.path,
    )
    assert done.returncode == 0, done.stderr
    undrained.drain()
    status = undrained.status()
    assert set(status.dropped) == {"disk_full"}
    assert status.dead_lines == 0
    assert status.stored is not None
    assert status.stored > 100
    _assert_nothing_is_unaccounted_for(undrained, 200)


def test_a_full_disk_under_the_database_leaves_everything_in_the_spool(
    undrained: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    tracer = undrained.tracer()
    for number in range(2_000):
        tracer.start_span(f"span {number}", attributes={"text": f"{number}" * 50}).end()
    undrained.shutdown()
    failed = run_python(
        """
        import sys, resource
        from otel_forgesyte_duckdb import Settings, drain
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        drain(Settings(database=sys.argv[1]))
        """,
        undrained.path,
    )
    assert failed.returncode != 0
    assert undrained.status().dead_lines == 0
    assert len(undrained.segments("spans")) == 1
    undrained.drain()
    assert undrained.value("SELECT count(*) FROM otel.spans") == 2_000


def test_a_spool_removed_under_a_writer_is_noticed_and_made_again(undrained: Target) -> None:
    exporter = undrained.spans()
    tracer = undrained.tracer(exporter)
    tracer.start_span("lost").end()
    shutil.rmtree(undrained.spool)
    exporter.shutdown()
    again = undrained.spans()
    undrained.tracer(again).start_span("kept").end()
    again.shutdown()
    undrained.drain()
    assert undrained.value("SELECT list(name) FROM otel.spans") == ["kept"]


def test_a_segment_removed_by_somebody_is_counted_as_lost(undrained: Target) -> None:
    exporter = undrained.spans()
    undrained.tracer(exporter).start_span("s").end()
    for path in undrained.spool.glob("*-spans-*.open"):
        path.unlink()
    exporter.force_flush(0)
    assert undrained.status().dropped == {"segment_vanished": 1}


def test_dead_letters_have_a_limit_too(undrained: Target) -> None:
    from opentelemetry.sdk.trace import ReadableSpan

    exporter = undrained.spans(spool_max_bytes=10_000)
    broken = ReadableSpan("broken", None)
    for _ in range(50):
        exporter.export([broken])
    status = undrained.status()
    assert set(status.dropped) == {"dead_letters_full"}
    assert status.dead_lines + status.dropped["dead_letters_full"] == 50 == status.accepted


def test_a_broken_record_costs_no_other_when_no_file_can_be_opened(
    undrained: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(
        """
    import os, resource, sys
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=sys.argv[1], drain="external", flush_interval_s=3600)
    good = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("good")
    broken = ReadableSpan("broken", None)
    exporter.export([good, broken])
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    opened = []
    try:
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        exporter.export([good, broken])
    for descriptor in opened:
        os.close(descriptor)
    exporter.shutdown()
    """,
        undrained.path,
    )
    assert done.returncode == 0, done.stderr
    status = undrained.status()
    assert (status.accepted, status.spooled_lines, status.dead_lines) == (4, 2, 1)
    assert status.dropped == {"too_many_open_files": 1}


def test_exports_go_on_while_somebody_holds_the_dead_letters(undrained: Target) -> None:
    from opentelemetry.sdk.trace import ReadableSpan

    exporter = undrained.spans()
    tracer = undrained.tracer(exporter)
    with folder_held(undrained.spool):
        broken = threading.Thread(target=exporter.export, args=[[ReadableSpan("broken", None)]])
        broken.start()
        time.sleep(0.2)
        begin = time.monotonic()
        tracer.start_span("good").end()
        assert time.monotonic() - begin < 1.0
        assert broken.is_alive(), "there was nothing to wait for"
    broken.join()
    status = undrained.status()
    assert (status.accepted, status.spooled_lines, status.dead_lines) == (2, 1, 1)


def test_losses_that_two_threads_write_down_at_once_are_counted_once(undrained: Target) -> None:
    losses = Losses()
    writer = SpoolWriter(undrained.settings, losses)
    interval, lost = sys.getswitchinterval(), 200
    ready = threading.Barrier(3)

    def seal() -> None:
        for _ in range(lost):
            ready.wait()
            writer.seal()

    threads = [threading.Thread(target=seal) for _ in range(2)]
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for _ in range(lost):
            losses.add("spans", "queue_full", 1)
            ready.wait()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    writer.close()
    assert undrained.status().dropped == {"queue_full": lost}


def test_of_very_many_resources_only_some_are_remembered(
    undrained: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_MOST_RESOURCES", 2)
    exporter = undrained.spans()
    for number in (1, 2, 3, 1):
        provider = TracerProvider(resource=Resource({"n": number}), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("t").start_span("s").end()
    undrained.shutdown()
    undrained.drain()
    written = "SELECT lines FROM otel.segments WHERE signal = 'resources'"
    assert undrained.value(written) == 4
    assert undrained.value("SELECT count(*) FROM otel.resources") == 3
    assert undrained.value("SELECT count(DISTINCT resource_id) FROM otel.spans") == 3


def test_eight_threads_into_three_signals_add_up(target: Target) -> None:
    from opentelemetry._logs import LogRecord
    from opentelemetry.sdk._logs import ReadableLogRecord

    from tests.duckdb.conftest import RESOURCE

    exporter, logs = target.spans(segment_bytes=50_000), target.logs()

    def work() -> None:
        tracer = target.tracer(exporter)
        for number in range(500):
            tracer.start_span("s", attributes={"n": number}).end()
            record = LogRecord(observed_timestamp=number, body="b")
            logs.export([ReadableLogRecord(record, RESOURCE)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exporter.force_flush()
    assert logs.force_flush()
    assert target.value("SELECT count(DISTINCT (trace_id, span_id)) FROM otel.spans") == 4_000
    assert target.value("SELECT count(*) FROM otel.logs") == 4_000
    status = target.status()
    assert (status.accepted, status.stored, status.dropped) == (8_000, 8_000, {})
    assert target.value("SELECT sum(lines) = sum(stored) + sum(dead) FROM otel.segments")


@pytest.mark.parametrize("where", ["a file", "under a file"])
def test_a_directory_that_cannot_be_written_to_is_one_clear_error(
    tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").write_text("x")
    if where == "a file":
        (tmp_path / "d.duckdb.spool").write_text("x")
        database = tmp_path / "d.duckdb"
    else:
        database = tmp_path / "file" / "d.duckdb"
    with pytest.raises(ConfigError, match=r"cannot write to .*; make it writable or set OTEL_"):
        DuckDBSpanExporter(database=database)


def test_a_database_path_that_is_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a regular file"):
        DuckDBSpanExporter(database=tmp_path)


def test_missing_directories_are_made_for_this_user_alone(tmp_path: Path) -> None:
    exporter = DuckDBSpanExporter(database=tmp_path / "a" / "b" / "t.duckdb")
    exporter.shutdown()
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_everything_written_is_for_this_user_alone(target: Target) -> None:
    exporter = target.spans()
    tracer = target.tracer(exporter)
    tracer.start_span("s").end()
    assert exporter.force_flush()
    tracer.start_span("s").end()
    for path in [target.path, *target.spool.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert target.spool.stat().st_mode & 0o777 == 0o700
