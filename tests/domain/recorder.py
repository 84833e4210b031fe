"""Everything the decorators emitted in one test, through the real SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

    from otel_forgesyte.overlays import Frame


class Recorder:
    """Providers of the SDK that keep everything in memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self._reader = InMemoryMetricReader()
        self.frames: list[Frame] = []
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meter_provider = MeterProvider([self._reader])
        self.logger_provider = LoggerProvider()
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self._logs))

    @property
    def spans(self) -> list[ReadableSpan]:
        """Ended spans in the order of their ends."""
        return list(self._spans.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """The one ended span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def attributes(self, name: str) -> dict[str, Any]:
        """The attributes of the one ended span of this name."""
        return dict(self.span(name).attributes or {})

    def logs(self, event_name: str) -> list[ReadableLogRecord]:
        """The log records of one event."""
        finished = self._logs.get_finished_logs()
        return [log for log in finished if log.log_record.event_name == event_name]

    def events(self, event_name: str) -> list[dict[str, Any]]:
        """The attributes of each log record of one event."""
        return [dict(log.log_record.attributes or {}) for log in self.logs(event_name)]

    def points(self, metric_name: str) -> list[tuple[dict[str, Any], Any]]:
        """The (attributes, point) of each series of one metric."""
        return [
            (dict(point.attributes or {}), point)
            for metric in self._metrics()
            if metric.name == metric_name
            for point in metric.data.data_points
        ]

    def counts(self, metric_name: str) -> list[tuple[dict[str, Any], int]]:
        """The (attributes, count) of each series of one histogram."""
        return [
            (attributes, point.count)
            for attributes, point in self.points(metric_name)
            if isinstance(point, HistogramDataPoint)
        ]

    def values(self, metric_name: str) -> list[tuple[dict[str, Any], float]]:
        """The (attributes, value) of each series of one sum."""
        return [
            (attributes, point.value)
            for attributes, point in self.points(metric_name)
            if isinstance(point, NumberDataPoint)
        ]

    def append(self, frame: Frame) -> None:
        """Take a frame, as a set-up's frame stream would."""
        self.frames.append(frame)

    def shutdown(self) -> None:
        """Close the providers, so that nothing of this test is collected in the next."""
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown()
        self.logger_provider.shutdown()

    def _metrics(self) -> list[Any]:
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        return [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
