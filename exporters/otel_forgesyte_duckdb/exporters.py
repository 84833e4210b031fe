"""The three exporters as OpenTelemetry asks for them: thin, over one shared store.

Every argument is optional, because `OTEL_*_EXPORTER=duckdb` calls the class without any and
`OTEL_CONFIG_FILE` with the mapping it found. `export` never raises: the SDK would log it and lose
the batch. It answers FAILURE when something was dropped, which is then counted.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from otel_forgesyte_duckdb import stores, timing
from otel_forgesyte_duckdb.components import EXPORTERS, component
from otel_forgesyte_duckdb.encode_logs import log_encoder
from otel_forgesyte_duckdb.encode_metrics import metric_encoder, metric_points
from otel_forgesyte_duckdb.encode_spans import span_encoder
from otel_forgesyte_duckdb.lines import LineEncoder, Redact
from otel_forgesyte_duckdb.origins import Origin, Origins
from otel_forgesyte_duckdb.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.metrics.view import Aggregation
    from opentelemetry.sdk.trace import ReadableSpan

    from otel_forgesyte_duckdb.lines import Record

_logger = logging.getLogger(__name__)
_exporting = threading.local()


class _Channel:
    """One signal's way into the store, with what every exporter must do alike."""

    def __init__(
        self, signal: str, redact: Redact | None, settings: dict[str, Any], *resource_keys: str
    ) -> None:
        self._store = stores.acquire(Settings.resolve(**settings))
        self._store.signals.add(signal)
        self._signal = signal
        self._encoder = LineEncoder(redact)
        self.origins = Origins(self._encoder, *resource_keys)
        self._is_shut_down = False
        self._shutting_down = threading.Lock()

    def send(self, items: Iterable[Any], to_record: Callable[[Any], Record]) -> bool:
        begin = time.perf_counter()
        done = self._send(items, to_record)
        if timing.listeners:
            name = component(EXPORTERS[self._signal], self._store.number)
            # Which reasons there were, and how often, is in the counters.
            error = "" if done else "_OTHER"
            timing.tell(timing.EXPORT, name, time.perf_counter() - begin, error)
        return done

    def _send(self, items: Iterable[Any], to_record: Callable[[Any], Record]) -> bool:
        # A redaction hook or a log handler that makes telemetry would come back here for ever.
        nested = getattr(_exporting, "now", False)
        _exporting.now = True
        batch: list[Any] = []
        reason = "exporter_shut_down" if self._is_shut_down else "recursion" if nested else ""
        try:
            batch = list(items)
            if not reason:
                return self._store.accept(self._signal, self._encoder.encode(batch, to_record))
        except Exception:
            reason = "exporter_error"
            _logger.exception("a batch of %s was lost to an error of the exporter", self._signal)
        finally:
            _exporting.now = nested
        self._store.refuse(self._signal, reason, len(batch))
        return False

    def refuse(self, reason: str, count: int) -> None:
        self._store.refuse(self._signal, reason, count)

    def used(self, origin: Origin) -> None:
        self._store.writer.add_resource(origin.resource_id, origin.resource_line)

    def flush(self, timeout_millis: float) -> bool:
        return self._is_shut_down or self._store.flush(timeout_millis / 1_000)

    def shutdown(self) -> None:
        with self._shutting_down:
            if self._is_shut_down:
                return
            self._is_shut_down = True
        stores.release(self._store)


class DuckDBSpanExporter(SpanExporter):
    """Spans into a DuckDB file; keyword arguments are the fields of `Settings`."""

    def __init__(self, *, redact: Redact | None = None, **settings: Any) -> None:
        self._channel = _Channel("spans", redact, settings)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take ended spans."""
        return self._export(spans, stored=True)

    def export_started(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans still running: for projections; `otel.spans` waits for their end."""
        return self._export(spans, stored=False)

    def export_unsampled(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take ended spans that the sampler dropped: for projections only."""
        return self._export(spans, stored=False)

    def _export(self, spans: Sequence[ReadableSpan], *, stored: bool) -> SpanExportResult:
        channel = self._channel
        record = span_encoder(channel.origins, channel.used, stored=stored)
        done = channel.send(spans, record)
        return SpanExportResult.SUCCESS if done else SpanExportResult.FAILURE

    def count_refused(self, reason: str, count: int) -> None:
        """Count records that never came this far, as accepted and dropped for that reason."""
        self._channel.refuse(reason, count)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True once everything exported so far is in the database; False on timeout."""
        return self._channel.flush(timeout_millis)

    def shutdown(self) -> None:
        """Seal the spool; the last exporter drains it too, within `shutdown_timeout_s`."""
        self._channel.shutdown()


class DuckDBMetricExporter(MetricExporter):
    """Metric points into a DuckDB file; settings as for `DuckDBSpanExporter`.

    Counters and histograms come as deltas unless asked otherwise: in SQL, sums over time need no
    knowledge of restarts then, and the spool sees to it that no delta is lost.
    """

    def __init__(
        self,
        *,
        redact: Redact | None = None,
        preferred_temporality: dict[type, AggregationTemporality] | None = None,
        preferred_aggregation: dict[type, Aggregation] | None = None,
        **settings: Any,
    ) -> None:
        delta = AggregationTemporality.DELTA
        deltas: dict[type, AggregationTemporality] = {
            Counter: delta,
            ObservableCounter: delta,
            Histogram: delta,
        }
        super().__init__(
            preferred_temporality=deltas | (preferred_temporality or {}),
            preferred_aggregation=preferred_aggregation,
        )
        self._channel = _Channel("metric_points", redact, settings, "service.instance.id")

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Take the points of one collection."""
        del timeout_millis, kwargs  # nothing here waits for anything
        points = metric_points(metrics_data, self._channel.origins)
        done = self._channel.send(points, metric_encoder(self._channel.used))
        return MetricExportResult.SUCCESS if done else MetricExportResult.FAILURE

    def count_refused(self, reason: str, count: int) -> None:
        """Count records that never came this far, as accepted and dropped for that reason."""
        self._channel.refuse(reason, count)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Return True once everything exported so far is in the database; False on timeout."""
        return self._channel.flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Seal the spool; the periodic reader passes a `timeout=`, but `Settings` has the limit."""
        del timeout_millis, kwargs
        self._channel.shutdown()


class DuckDBLogExporter(LogRecordExporter):
    """Log records into a DuckDB file; settings as for `DuckDBSpanExporter`."""

    def __init__(self, *, redact: Redact | None = None, **settings: Any) -> None:
        self._channel = _Channel("logs", redact, settings)

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Take log records."""
        done = self._channel.send(batch, log_encoder(self._channel.origins, self._channel.used))
        return LogRecordExportResult.SUCCESS if done else LogRecordExportResult.FAILURE

    def count_refused(self, reason: str, count: int) -> None:
        """Count records that never came this far, as accepted and dropped for that reason."""
        self._channel.refuse(reason, count)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True once everything exported so far is in the database; False on timeout."""
        return self._channel.flush(timeout_millis)

    def shutdown(self) -> None:
        """Seal the spool; the last exporter drains it too, within `shutdown_timeout_s`."""
        self._channel.shutdown()
