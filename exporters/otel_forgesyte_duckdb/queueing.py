"""Between the application's threads and an exporter: a bounded queue that counts what it refuses.

The SDK's batch processors drop the oldest record of a full queue with a line in the log and no
number that survives. These count each record they refuse where the exporter counts its losses, and
are built on the SDK's public interfaces alone, since its queue is a private matter of each release.
"""

from __future__ import annotations

import contextlib
import copy
import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,  # pyright: ignore[reportPrivateUsage] - the SDK has no other
    Context,
    attach,
    detach,
    set_value,
)
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk._logs import ReadWriteLogRecord

    from otel_forgesyte_duckdb.exporters import DuckDBLogExporter, DuckDBSpanExporter

_Item = TypeVar("_Item")
_Taken = TypeVar("_Taken", contravariant=True)


class _Exporter(Protocol[_Taken]):
    def export(self, batch: Sequence[_Taken], /) -> object: ...
    def count_refused(self, reason: str, count: int) -> None: ...
    def shutdown(self) -> None: ...


class RecordQueue(Generic[_Item]):
    """Takes records from any thread and exports them from its own, in their order.

    A full queue refuses the newest, as the spool does. Over a fork the child begins with an empty
    one: what the parent holds, the parent exports.
    """

    def __init__(
        self, exporter: _Exporter[_Item], limit: int, interval_s: float, batch: int
    ) -> None:
        self._exporter = exporter
        self._limit = limit
        self._batch = batch
        self._interval_s = interval_s
        self._is_shut_down = False
        self._begin()
        if hasattr(os, "register_at_fork"):
            # The hook lives as long as the process: a weak one keeps this queue collectable.
            hook = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: (method := hook()) and method())

    def _begin(self) -> None:
        self._items: deque[_Item] = deque()
        self._lock = threading.Lock()
        self._exporting = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, item: _Item) -> None:
        """Take one record, or count it as refused. Never waits for the exporter."""
        with self._lock:
            reason = "already_shutdown" if self._is_shut_down else ""
            if not reason and len(self._items) >= self._limit:
                reason = "queue_full"
            if not reason:
                self._items.append(item)
            waiting = len(self._items)
        if reason:
            self._exporter.count_refused(reason, 1)
            return
        if self._thread is None:
            self._start()
        if waiting >= self._batch and not self._wake.is_set():
            self._wake.set()

    def flush(self) -> bool:
        """Export what was taken so far, in the caller's thread."""
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        try:
            with self._exporting:  # also waits for a batch that the other thread has in hand
                left = len(self._items)
                while left > 0:
                    left -= self._export(min(left, self._batch))
        finally:
            detach(token)
        return True

    def shutdown(self) -> None:
        """Export what is left and shut the exporter down; later records are refused."""
        with self._lock:
            if self._is_shut_down:
                return
            self._is_shut_down = True
        self._wake.set()
        self.flush()
        self._exporter.shutdown()

    def _export(self, count: int) -> int:
        batch = [self._items.popleft() for _ in range(count)]
        self._exporter.export(batch)
        return count

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None or self._is_shut_down:
                return
            thread = threading.Thread(target=self._run, name="otel-forgesyte-queue", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter is ending; shutdown exports
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while not self._is_shut_down:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            self.flush()


class QueuedSpanProcessor(SpanProcessor):
    """Batches sampled spans for a DuckDB exporter; at most `limit` of them wait."""

    def __init__(
        self, exporter: DuckDBSpanExporter, limit: int, interval_s: float, batch: int = 512
    ) -> None:
        self._queue: RecordQueue[ReadableSpan] = RecordQueue(exporter, limit, interval_s, batch)

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._queue.put(span)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - SDK signature
        """Hand everything taken so far to the exporter, which never waits for the database."""
        return self._queue.flush()

    def shutdown(self) -> None:
        """Export what is left and shut the exporter down."""
        self._queue.shutdown()


class QueuedLogProcessor(LogRecordProcessor):
    """Batches log records for a DuckDB exporter; at most `limit` of them wait."""

    def __init__(
        self, exporter: DuckDBLogExporter, limit: int, interval_s: float, batch: int = 512
    ) -> None:
        self._queue: RecordQueue[ReadableLogRecord] = RecordQueue(
            exporter, limit, interval_s, batch
        )

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Take a log record."""
        # Without its context, which can be large and would be kept alive by the queue.
        record = copy.copy(log_record.log_record)
        record.context = Context()
        self._queue.put(
            ReadableLogRecord(
                log_record=record,
                resource=log_record.resource or Resource.create({}),
                instrumentation_scope=log_record.instrumentation_scope,
                limits=log_record.limits,
            )
        )

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - SDK signature
        """Hand everything taken so far to the exporter, which never waits for the database."""
        return self._queue.flush()

    def shutdown(self) -> None:
        """Export what is left and shut the exporter down."""
        self._queue.shutdown()
