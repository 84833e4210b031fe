"""Between the application's threads and an exporter: a bounded queue that counts what it refuses.

The SDK's batch processors drop the oldest record of a full queue with a line in the log and no
number that survives. These count each record they refuse where the exporter counts its losses, and
are built on the SDK's public interfaces alone, since its queue is a private matter of each release.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import logging
import os
import threading
import time
import weakref
from collections import Counter, defaultdict, deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

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

from otel_forgesyte_duckdb.losses import EXPORT_TIMEOUT, QUEUE_ENDED, QUEUE_FULL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.sdk._logs import ReadWriteLogRecord

    from otel_forgesyte_duckdb.exporters import DuckDBLogExporter, DuckDBSpanExporter

_Item = TypeVar("_Item")
_Taken_contra = TypeVar("_Taken_contra", contravariant=True)
_SHUTDOWN_S = 5.0  # an application's end waits no longer; the SDK passes no limit
_logger = logging.getLogger(__name__)
_numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
live: weakref.WeakSet[RecordQueue[Any]] = weakref.WeakSet()
"""The queues of this process that take records."""


class _Exporter(Protocol[_Taken_contra]):
    def export(self, batch: Sequence[_Taken_contra], /) -> object: ...
    def count_refused(self, reason: str, count: int) -> None: ...
    def shutdown(self) -> None: ...


class RecordQueue(Generic[_Item]):
    """Takes records from any thread and exports them from its own, in their order.

    A full queue refuses the newest, as the spool does. Over a fork the child begins with an empty
    one: what the parent holds, the parent exports.
    """

    def __init__(
        self, signal: str, exporter: _Exporter[_Item], limit: int, interval_s: float, batch: int
    ) -> None:
        self.signal = signal
        self.limit = limit
        self._exporter = exporter
        self._batch = batch
        self._interval_s = interval_s
        self._is_shut_down = False
        self._begin()
        live.add(self)
        if hasattr(os, "register_at_fork"):
            # The hook lives as long as the process: a weak one keeps this queue collectable.
            hook = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: (method := hook()) and method())

    def _begin(self) -> None:
        self.number = next(_numbers[self.signal])
        self.processed: Counter[str] = Counter()
        self._items: deque[_Item] = deque()
        self._taken = self._left = 0
        # A signal handler, or a finalizer, may record while its thread is in the midst of `put`:
        # what is used there can be entered once more, as `SimpleQueue` can and `Event` cannot.
        self._lock = threading.RLock()
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._moved = threading.Condition(self._lock)
        self._exporting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        """How many records wait."""
        return len(self._items)

    def put(self, item: _Item) -> None:
        """Take one record, or count it as refused. Never waits for the exporter."""
        with self._lock:
            reason = QUEUE_ENDED if self._is_shut_down else ""
            if not reason and len(self._items) >= self.limit:
                reason = QUEUE_FULL
            if reason:
                self.processed[reason] += 1
            else:
                self._items.append(item)
                self._taken += 1
            waiting = len(self._items)
        if reason:
            self._exporter.count_refused(reason, 1)
            return
        if self._thread is None:
            self._start()
        if waiting >= self._batch and self._wake.empty():
            self._wake.put(None)

    def flush(self, timeout_s: float) -> bool:
        """Return True once everything taken so far was exported; False on timeout."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            taken = self._taken
        if taken > self._left and not self._is_running():
            self._start()
        if not self._is_running():
            self._export_all()
        self._wake.put(None)
        with self._moved:
            return self._moved.wait_for(
                lambda: self._left >= taken, max(0.0, deadline - time.monotonic())
            )

    def shutdown(self, timeout_s: float) -> None:
        """Export what is left and shut the exporter down; later records are refused.

        What an exporter that hangs has not taken in time is refused too.
        """
        with self._lock:
            if self._is_shut_down:
                return
            self._is_shut_down = True
        live.discard(self)
        if not self.flush(timeout_s):
            with self._lock:
                refused = len(self._items)
                self._items.clear()
                self.processed[EXPORT_TIMEOUT] += refused
            _logger.error("the exporter of %s hangs: %d records dropped", self.signal, refused)
            if refused:
                self._exporter.count_refused(EXPORT_TIMEOUT, refused)
        self._wake.put(None)
        self._exporter.shutdown()

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _export_all(self) -> None:
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        try:
            # Where no thread can be started any more, several callers may do its work.
            with self._exporting:
                while self._export_batch():
                    pass
        finally:
            detach(token)

    def _export_batch(self) -> bool:
        with self._lock:
            batch = [self._items.popleft() for _ in range(min(self._batch, len(self._items)))]
        if not batch:
            return False
        try:
            self._exporter.export(batch)
        finally:
            with self._moved:
                self.processed[""] += len(batch)
                self._left += len(batch)
                self._moved.notify_all()
        return True

    def _start(self) -> None:
        with self._lock:
            if self._is_running():
                return
            thread = threading.Thread(target=self._run, name="otel-forgesyte-queue", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter is ending; shutdown exports
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while True:
            with contextlib.suppress(Empty):
                self._wake.get(timeout=self._interval_s)
            is_last = self._is_shut_down
            self._export_all()
            if is_last:
                return


class QueuedSpanProcessor(SpanProcessor):
    """Batches sampled spans for a DuckDB exporter; at most `limit` of them wait."""

    def __init__(
        self, exporter: DuckDBSpanExporter, limit: int, interval_s: float, batch: int = 512
    ) -> None:
        self._queue: RecordQueue[ReadableSpan] = RecordQueue(
            "spans", exporter, limit, interval_s, batch
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._queue.put(span)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True once the exporter has everything taken so far; False on timeout."""
        return self._queue.flush(timeout_millis / 1_000)

    def shutdown(self) -> None:
        """Export what is left, for five seconds at most, and shut the exporter down."""
        self._queue.shutdown(_SHUTDOWN_S)


class QueuedLogProcessor(LogRecordProcessor):
    """Batches log records for a DuckDB exporter; at most `limit` of them wait."""

    def __init__(
        self, exporter: DuckDBLogExporter, limit: int, interval_s: float, batch: int = 512
    ) -> None:
        self._queue: RecordQueue[ReadableLogRecord] = RecordQueue(
            "logs", exporter, limit, interval_s, batch
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

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True once the exporter has everything taken so far; False on timeout."""
        return self._queue.flush(timeout_millis / 1_000)

    def shutdown(self) -> None:
        """Export what is left, for five seconds at most, and shut the exporter down."""
        self._queue.shutdown(_SHUTDOWN_S)
