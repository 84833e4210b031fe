"""What the cases share: how a call is timed, and the set-up somebody writes by hand."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import Histogram
    from opentelemetry.trace import Tracer

DATABASE = "benchmark.duckdb"
CALLS = 1_000
"""Calls in a burst: fewer than the 2,048 spans that a batch processor holds before it drops."""

BURSTS = 6
DURATION_BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def timed(call: Callable[[], object], settle: Callable[[], object]) -> dict[str, float]:
    """CPU of one call in µs: `thread_us` of the caller, `process_us` of the whole process.

    `settle` runs between bursts, outside the caller's time and inside the process's: it waits until
    everything recorded has reached where it goes.
    """
    _burst(call)
    settle()
    process_started = time.process_time_ns()
    threads: list[float] = []
    for _ in range(BURSTS):
        threads.append(_burst(call))
        settle()
    process_ns = time.process_time_ns() - process_started
    return {
        "thread_us": statistics.median(threads),
        "process_us": process_ns / (BURSTS * CALLS) / 1_000,
    }


def _burst(call: Callable[[], object]) -> float:
    started = time.thread_time_ns()
    for _ in range(CALLS):
        call()
    return (time.thread_time_ns() - started) / CALLS / 1_000


@dataclass(frozen=True, slots=True)
class HandWritten:
    """A tracer and a histogram as an application sets them up without us.

    The stock SDK, the same DuckDB exporters behind its batch processor and periodic reader, and the
    stock Prometheus reader.
    """

    tracer: Tracer
    histogram: Histogram
    settle: Callable[[], object]
    shutdown: Callable[[], object]


def hand_written_setup() -> HandWritten:
    """Providers that are not global: nothing of ours can see them."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from otel_forgesyte_duckdb import DuckDBMetricExporter, DuckDBSpanExporter

    resource = Resource.create({"service.name": "benchmark"})
    spans = DuckDBSpanExporter(database=DATABASE)
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    periodic = PeriodicExportingMetricReader(DuckDBMetricExporter(database=DATABASE))
    meters = MeterProvider([periodic, PrometheusMetricReader()], resource)
    histogram = meters.get_meter("benchmark").create_histogram(
        "benchmark.call.duration",
        unit="s",
        explicit_bucket_boundaries_advisory=DURATION_BOUNDS_S,
    )

    def settle() -> None:
        tracers.force_flush()
        spans.force_flush()

    def shutdown() -> None:
        tracers.shutdown()
        meters.shutdown()

    return HandWritten(tracers.get_tracer("benchmark"), histogram, settle, shutdown)
