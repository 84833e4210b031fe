"""What the SDK made is stored alike, whether it came through our exporters or over OTLP/HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from otel_forgesyte_duckdb import (
    DuckDBLogExporter,
    DuckDBMetricExporter,
    DuckDBSpanExporter,
    reading,
)
from tests.serving.conftest import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import ReadableSpan

    from tests.serving.conftest import Receiver

RESOURCE = Resource(
    {"service.name": "shop", "service.instance.id": "shop-1", "cores": 2, "tags": ["a", "b"]},
    "https://example.com/resource/1",
)
VALUES: dict[str, Any] = {
    "text": "zwölf ✓",
    "yes": True,
    "whole": -(2**63),
    "real": 0.1,
    "whole as real": 3.0,
    "beyond": float("inf"),
    "no number": float("nan"),
    "bytes": b"\x00\xff",
    "texts": ("a", "b"),
    "numbers": [1, 2, 3],
    "nothing": None,
    "nested": {"list": [1, "two", {"three": 3.5}], "empty": {}, "none": None},
    "long": "x" * 300_000,
}
REMOTE = SpanContext(
    0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("k", "v")])
)


@pytest.fixture
def direct(tmp_path: Path) -> Database:
    return Database(tmp_path / "direct.duckdb")


def rows(database: Database, table: str, *, without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return the rows of a table, in an order that depends on their content alone."""
    database.query("SELECT 1")  # drained
    with reading(database.path) as connection:
        found = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in found.description or ()]
        named = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    kept = [{name: value for name, value in row.items() if name not in without} for row in named]
    return sorted(kept, key=repr)


def send_all(exporter: Any, content: Any) -> None:
    """Export once over OTLP; the exporters' own types are incomplete."""
    assert exporter.export(content).name == "SUCCESS"
    exporter.shutdown()


def make_spans() -> tuple[ReadableSpan, ...]:
    """Return spans with everything a span can have."""
    memory = InMemorySpanExporter()
    limits = SpanLimits(max_span_attributes=20, max_events=2, max_links=2, max_event_attributes=1)
    provider = TracerProvider(resource=RESOURCE, span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("shop", "1.2", "https://example.com/scope/3", {"team": "till"})
    with tracer.start_as_current_span("outer", kind=SpanKind.SERVER, attributes=VALUES):
        with tracer.start_as_current_span("inner", kind=SpanKind.CLIENT) as inner:
            for index in range(3):
                inner.add_event(
                    f"event {index}", {"n": index, "more": "dropped"}, timestamp=index + 1
                )
            inner.set_attributes({f"attribute {index}": index for index in range(25)})
            inner.set_status(Status(StatusCode.ERROR, "out of stock"))
        parent = trace.set_span_in_context(trace.NonRecordingSpan(REMOTE))
        links = [Link(SpanContext(1, 2, is_remote=True), {"why": "batch"})] * 3
        tracer.start_span("far", parent, SpanKind.CONSUMER, links=links).end()
    job = {"forgesyte.operation.name": "job", "forgesyte.job.id": "job-1"}
    provider.get_tracer("plain").start_span("job", attributes=job).end()
    plugin = {"forgesyte.operation.name": "plugin", "forgesyte.plugin.name": "faces"} | job
    plugin["forgesyte.operation.name"] = "plugin"
    provider.get_tracer("plain").start_span(
        "faces", kind=SpanKind.PRODUCER, attributes=plugin
    ).end()
    return memory.get_finished_spans()


def test_spans_are_stored_alike(receive: Callable[..., Receiver], direct: Database) -> None:
    spans = make_spans()
    receiver = receive()
    exporter = DuckDBSpanExporter(database=direct.path)
    exporter.export(spans)
    exporter.shutdown()
    url = f"http://127.0.0.1:{receiver.port}/v1/traces"
    send_all(OTLPSpanExporter(url, compression=Compression.Gzip), spans)
    receiver.end()

    # Python's OTLP exporter sends neither the flags of a span nor the trace state of a link.
    unsent = ("flags",)
    assert rows(receiver, "otel.spans", without=unsent) == rows(
        direct, "otel.spans", without=unsent
    )
    assert len(rows(receiver, "otel.spans")) == 5
    for table in ("otel.resources", "job_metrics", "plugin_metrics"):
        assert rows(receiver, table) == rows(direct, table)
        assert len(rows(receiver, table)) == 1


def make_metrics() -> MetricsData:
    """Return every type of point that the SDK has, with exemplars."""
    reader = InMemoryMetricReader()
    exponential = View(
        instrument_name="size", aggregation=ExponentialBucketHistogramAggregation(max_size=4)
    )
    provider = MeterProvider(
        [reader], RESOURCE, AlwaysOnExemplarFilter(), shutdown_on_exit=False, views=[exponential]
    )
    meter = provider.get_meter("shop", "1.2", "https://example.com/scope/3", {"team": "till"})
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("shop")
    with tracer.start_as_current_span("sale"):
        meter.create_counter("sold", "{item}", "What was sold").add(3, {"kind": "pear", "n": 1})
        meter.create_counter("income").add(2.5)
        meter.create_up_down_counter("stock").add(-2)
        frame: dict[str, Any] = {"forgesyte.job.id": "job-1", "forgesyte.frame.index": 4}
        meter.create_histogram("wait", "s", explicit_bucket_boundaries_advisory=[0.1, 1]).record(
            0.25, frame
        )
        sizes = meter.create_histogram("size", "By")
        for size in (0, 1, 3.5, 900):
            sizes.record(size)
        meter.create_gauge("level").set(7)
    data = reader.get_metrics_data()
    assert data is not None
    return data


def test_metric_points_are_stored_alike(receive: Callable[..., Receiver], direct: Database) -> None:
    data = make_metrics()
    receiver = receive()
    exporter = DuckDBMetricExporter(database=direct.path)
    exporter.export(data)
    exporter.shutdown()
    send_all(OTLPMetricExporter(f"http://127.0.0.1:{receiver.port}/v1/metrics"), data)
    receiver.end()

    assert rows(receiver, "otel.metric_points") == rows(direct, "otel.metric_points")
    assert sorted(row["name"] for row in rows(receiver, "otel.metric_points")) == [
        "income", "level", "size", "sold", "stock", "wait",
    ]  # fmt: skip
    assert rows(receiver, "otel.resources") == rows(direct, "otel.resources")


def make_logs() -> tuple[ReadableLogRecord, ...]:
    """Return log records with bodies of several kinds, with and without a span."""
    memory = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(memory))
    logger = provider.get_logger("shop", "1.2", "https://example.com/scope/3", {"team": "till"})
    bodies: list[Any] = ["closing time", 7, 0.5, True, None, ["a", {"b": 1}], {"raw": b"\x01"}]
    for body in bodies:
        logger.emit(LogRecord(timestamp=1_700_000_000_000_000_000, body=body))
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("shop")
    with tracer.start_as_current_span("sale"):
        logger.emit(
            LogRecord(
                observed_timestamp=1_700_000_000_000_000_001,
                severity_number=SeverityNumber.WARN,
                severity_text="WARN",
                body="out of pears",
                attributes=VALUES,
                event_name="shop.out",
            )
        )
        device = {"forgesyte.device.requested": "gpu", "forgesyte.device.used": "cpu"}
        logger.emit(
            LogRecord(
                timestamp=1_700_000_000_000_000_002,
                attributes={"forgesyte.job.id": "job-1"} | device,
                event_name="forgesyte.device.selected",
            )
        )
    return tuple(memory.get_finished_logs())


def test_log_records_are_stored_alike(receive: Callable[..., Receiver], direct: Database) -> None:
    logs = make_logs()
    receiver = receive()
    exporter = DuckDBLogExporter(database=direct.path)
    exporter.export(logs)
    exporter.shutdown()
    send_all(OTLPLogExporter(f"http://127.0.0.1:{receiver.port}/v1/logs"), logs)
    receiver.end()

    assert rows(receiver, "otel.logs") == rows(direct, "otel.logs")
    assert len(rows(receiver, "otel.logs")) == 9
    for table in ("otel.resources", "device_usage"):
        assert rows(receiver, table) == rows(direct, table)
        assert len(rows(receiver, table)) == 1
