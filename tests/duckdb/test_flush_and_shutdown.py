"""What `force_flush` promises, and what shutting down does, however often and by whom."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.trace.export import SpanExportResult

from otel_forgesyte_duckdb.draining import Drainer
from tests.duckdb.conftest import RESOURCE

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.duckdb.conftest import Target


def _threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("otel-forgesyte-duckdb")]


def test_force_flush_returns_once_the_records_are_in_the_database(target: Target) -> None:
    exporter = target.spans(flush_interval_s=3_600.0)
    tracer = target.tracer(exporter)
    for expected in (1, 2):
        tracer.start_span("s").end()
        assert exporter.force_flush()
        assert target.value("SELECT count(*) FROM otel.spans") == expected


def test_force_flush_with_nothing_to_do_is_true_at_once_and_opens_nothing(target: Target) -> None:
    exporter = target.spans()
    assert exporter.force_flush()
    assert not target.path.exists()
    assert _threads() == []


def test_force_flush_seals_and_gives_up_at_once_when_nobody_drains(undrained: Target) -> None:
    exporter = undrained.spans()
    undrained.tracer(exporter).start_span("s").end()
    started = time.monotonic()
    assert not exporter.force_flush(5_000)
    assert time.monotonic() - started < 1.0
    assert all(name.endswith(".seg") for name in undrained.segments("spans"))


def test_force_flush_is_satisfied_by_a_drainer_elsewhere(undrained: Target) -> None:
    exporter = undrained.spans()
    undrained.tracer(exporter).start_span("s").end()
    assert not exporter.force_flush(0)
    drainer = Drainer(undrained.settings)
    assert drainer.elect()
    elsewhere = threading.Timer(0.2, drainer.drain, [time.monotonic() + 10])
    elsewhere.start()
    assert exporter.force_flush(10_000)
    elsewhere.join()
    drainer.resign()


def test_a_record_is_in_the_database_within_about_one_interval(target: Target) -> None:
    exporter = target.spans(flush_interval_s=0.2)
    target.tracer(exporter).start_span("s").end()
    deadline = time.monotonic() + 5
    while target.status().stored != 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_shutdown_drains_and_leaves_no_thread_and_no_file_behind(target: Target) -> None:
    exporter = target.spans(flush_interval_s=3_600.0)
    target.tracer(exporter).start_span("s").end()
    assert len(_threads()) == 1
    exporter.shutdown()
    assert _threads() == []
    assert target.segments() == []
    assert target.value("SELECT count(*) FROM otel.spans") == 1
    assert target.status().drainer is None


def test_shutting_down_twice_is_harmless_and_later_records_are_refused(target: Target) -> None:
    exporter, logs = target.spans(), target.logs()
    exporter.shutdown()
    exporter.shutdown()
    target.tracer(exporter).start_span("late").end()
    assert exporter.export([]) is SpanExportResult.FAILURE
    assert exporter.force_flush()
    record = ReadableLogRecord(LogRecord(observed_timestamp=1), RESOURCE)
    assert logs.export([record]) is LogRecordExportResult.SUCCESS
    assert logs.force_flush()
    status = target.status()
    assert status.dropped == {"exporter_shut_down": 1}
    assert (status.accepted, status.stored) == (2, 1)


def test_the_last_of_three_exporters_drains_whatever_their_order(target: Target) -> None:
    spans = target.spans(flush_interval_s=3_600.0)
    metrics, logs = target.metrics(), target.logs()
    target.tracer(spans).start_span("s").end()
    logs.shutdown()
    metrics.shutdown(timeout=1_000)
    assert not target.path.exists()
    spans.shutdown()
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_shutdown_while_other_threads_export_loses_and_doubles_nothing(target: Target) -> None:
    exporter, accepted = target.spans(segment_bytes=20_000), [0] * 4
    stop = threading.Event()

    def work(index: int) -> None:
        tracer = target.tracer(exporter)
        while not stop.is_set():
            tracer.start_span("s").end()
            accepted[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    exporter.shutdown()
    stop.set()
    for thread in threads:
        thread.join()
    target.drain()
    stored = target.value("SELECT count(*) FROM otel.spans")
    assert 0 < stored <= sum(accepted)
    assert target.value("SELECT count(DISTINCT span_id) FROM otel.spans") == stored
    assert target.segments() == []


def test_shutdown_keeps_its_time_limit_and_the_rest_waits_in_the_spool(
    target: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = start_python(
        """
        import sys, time, duckdb
        connection = duckdb.connect(sys.argv[1])
        print("held", flush=True)
        time.sleep(60)
        """,
        target.path,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    exporter = target.spans(shutdown_timeout_s=0.3)
    target.tracer(exporter).start_span("s").end()
    started = time.monotonic()
    exporter.shutdown()
    assert time.monotonic() - started < 2.0
    assert target.status().spooled_lines == 1
    holder.kill()
    holder.wait()
    target.drain()
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_a_program_that_never_shuts_down_still_stores_at_its_end(
    target: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(
        """
        import sys
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from otel_forgesyte_duckdb import DuckDBSpanExporter
        provider = TracerProvider()  # before the exporter: its atexit handler runs after ours
        provider.add_span_processor(BatchSpanProcessor(DuckDBSpanExporter(database=sys.argv[1])))
        for _ in range(100):
            provider.get_tracer("t").start_span("s").end()
        """,
        target.path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert target.value("SELECT count(*) FROM otel.spans") == 100
    assert target.segments() == []


def test_an_exporter_whose_redaction_makes_telemetry_does_not_feed_itself(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    def redact(record: dict[str, object]) -> dict[str, object]:
        tracer.start_span("inner").end()
        return record

    exporter = target.spans(redact=redact)
    tracer = target.tracer(exporter)
    tracer.start_span("outer").end()
    assert exporter.force_flush()
    status = target.status()
    assert status.stored == 1
    assert set(status.dropped) == {"recursion"}
    assert status.accepted == 1 + status.dropped["recursion"]


@pytest.mark.parametrize("timeout_s", [0.0, 0.3])
def test_a_drain_too_long_for_the_shutdown_is_broken_off_and_the_program_ends_well(
    target: Target,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    timeout_s: float,
) -> None:
    done = run_python(
        """
        import sys, time
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext
        from otel_forgesyte_duckdb import DuckDBSpanExporter
        exporter = DuckDBSpanExporter(
            database=sys.argv[1], flush_interval_s=0.1, shutdown_timeout_s=float(sys.argv[2])
        )
        late = 2**63 + 5  # no timestamp: each of these lines has to be found and set aside
        exporter.export([
            ReadableSpan("s", SpanContext(n, n, is_remote=False), resource=Resource({}),
                         start_time=late, end_time=late)
            for n in range(1, 601)
        ])
        time.sleep(0.5)
        started = time.monotonic()
        exporter.shutdown()
        print(time.monotonic() - started < 2.0)
        """,
        target.path,
        timeout_s,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    status = target.status()
    assert status.spooled_lines + status.dead_lines == 600
    assert status.dead_lines == 0 or status.spooled_lines == 0


def test_a_signal_handler_may_flush_and_shut_down_in_the_middle_of_an_export(
    run_python: Callable[..., subprocess.CompletedProcess[str]], target: Target
) -> None:
    done = run_python(
        """
        import faulthandler, os, signal, sys
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from otel_forgesyte_duckdb import DuckDBSpanExporter, spool

        exporter = DuckDBSpanExporter(database=sys.argv[1])
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = provider.get_tracer("t")
        tracer.start_span("first").end()
        write = os.write

        def interrupted(descriptor, data):
            os.write = write
            signal.raise_signal(signal.SIGTERM)  # the handler runs here, inside the export
            return write(descriptor, data)

        def leave(*_):
            print(exporter.force_flush(1_000), flush=True)
            exporter.shutdown()

        signal.signal(signal.SIGTERM, leave)
        os.write = interrupted
        tracer.start_span("second").end()
        print("went on", flush=True)
        """,
        target.path,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["False", "went", "on"]), done.stderr
    target.drain()
    assert target.value("SELECT count(*) FROM otel.spans") == 2
