"""A flood of records into an exporter that stalls: bounded, and every one of them counted."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, cast

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from otel_forgesyte_duckdb.queueing import QueuedLogProcessor, QueuedSpanProcessor, RecordQueue

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.duckdb.conftest import Target

FLOOD = 20_000
LIMIT = 1_000


def test_a_flood_into_a_stalled_exporter_ends_with_every_span_accounted_for(
    target: Target,
) -> None:
    stalled, go_on = threading.Event(), threading.Event()

    def redact(record: dict[str, Any]) -> dict[str, Any]:
        stalled.set()
        go_on.wait(60)
        return record

    exporter = target.spans(redact=redact)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(QueuedSpanProcessor(exporter, LIMIT, 0.01))
    tracer = provider.get_tracer("t")
    tracer.start_span("s").end()
    assert stalled.wait(10)
    for _ in range(FLOOD - 1):
        tracer.start_span("s").end()
    dropped = target.status().dropped["queue_full"]
    assert dropped >= FLOOD - LIMIT - 512
    go_on.set()
    provider.force_flush()
    assert exporter.force_flush()
    status = target.status()
    assert (status.accepted, status.unaccounted) == (FLOOD, 0)
    assert (status.stored, status.dropped) == (FLOOD - dropped, {"queue_full": dropped})
    provider.shutdown()


def test_an_export_that_hangs_holds_up_neither_a_flush_nor_the_end(target: Target) -> None:
    stalled, go_on = threading.Event(), threading.Event()

    def redact(record: dict[str, Any]) -> dict[str, Any]:
        stalled.set()
        go_on.wait(60)
        return record

    exporter, others = target.spans(redact=redact), target.logs()
    queue: RecordQueue[ReadableSpan] = RecordQueue("spans", exporter, LIMIT, 0.01, 1)
    provider = TracerProvider(shutdown_on_exit=False)
    tracer = provider.get_tracer("t")
    for _ in range(10):
        span = tracer.start_span("s")
        span.end()
        queue.put(cast("ReadableSpan", span))
    assert stalled.wait(10)
    begin = time.monotonic()
    assert not queue.flush(0.2)
    queue.shutdown(0.2)
    assert time.monotonic() - begin < 2
    assert target.status().dropped == {"export_timeout": 9}  # the tenth is in hand
    go_on.set()
    while target.status().accepted != 10:
        time.sleep(0.01)
    assert others.force_flush()
    status = target.status()
    assert (status.stored, status.unaccounted) == (1, 0)


def test_records_after_the_shutdown_are_counted(target: Target) -> None:
    exporter, others = target.spans(), target.logs()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(QueuedSpanProcessor(exporter, LIMIT, 60.0))
    tracer = provider.get_tracer("t")
    tracer.start_span("before").end()
    provider.shutdown()
    tracer.start_span("after").end()
    others.force_flush()
    status = target.status()
    assert (status.stored, status.dropped) == (1, {"already_shutdown": 1})
    assert (status.accepted, status.unaccounted) == (2, 0)


def test_log_records_keep_their_order_and_what_they_hold(target: Target) -> None:
    exporter = target.logs()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(QueuedLogProcessor(exporter, LIMIT, 60.0))
    for number in range(3):
        provider.get_logger("l").emit(LogRecord(timestamp=number + 1, body=f"b{number}"))
    assert provider.force_flush()
    assert exporter.force_flush()
    assert target.value("SELECT list(body ORDER BY time_unix_nano) FROM otel.logs") == [
        '"b0"', '"b1"', '"b2"',
    ]  # fmt: skip
    provider.shutdown()


def test_a_signal_handler_that_records_does_not_stop_its_own_thread(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    # Entered twice, a lock that is not made for it holds the thread for ever.
    done = run_python("""
    import random, signal
    from otel_forgesyte_duckdb.losses import Losses
    from otel_forgesyte_duckdb.queueing import RecordQueue

    class Exporter:
        def export(self, batch): ...
        def count_refused(self, reason, count): losses.add("logs", reason, count)

    losses, handled = Losses(), 0
    queue = RecordQueue("logs", Exporter(), 500, 0.001, 5)
    queue.put("first")

    def handle(*_):
        global handled
        handled += 1
        queue.put("of the handler")
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 3e-4))

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 1e-3)
    own = 1
    while handled < 1_000:
        queue.put("of the thread")
        own += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert queue.flush(10)
    refused = losses.totals().get(("logs", "queue_full"), 0)
    assert queue.processed[""] + refused == own + handled
    """)
    assert done.returncode == 0, done.stderr
