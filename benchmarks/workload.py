"""What the cases share: how a call is timed, and the set-up somebody writes by hand."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.spans import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opentelemetry.metrics import Histogram
    from opentelemetry.trace import Tracer

DATABASE = "benchmark.duckdb"
CALLS = 1_000
"""Calls in a burst: fewer than the 2,048 spans that a batch processor holds before it drops."""

BURSTS = 6
DURATION_BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def timed(call: Callable[[], object], settle: Callable[[], object]) -> dict[str, float]:
    """One call in µs: `thread_us` is the caller's CPU, `process_us` the whole process's.

    `wall_us` is the caller's time by the clock. `settle` runs between bursts, outside the caller's
    time and inside the process's: it waits until everything recorded has reached where it goes.
    """
    _burst(call)
    settle()
    process_began = time.process_time_ns()
    bursts: list[tuple[float, float]] = []
    for _ in range(BURSTS):
        bursts.append(_burst(call))
        settle()
    process_ns = time.process_time_ns() - process_began
    return {
        "thread_us": statistics.median(thread_us for thread_us, _ in bursts),
        "wall_us": statistics.median(wall_us for _, wall_us in bursts),
        "process_us": process_ns / (BURSTS * CALLS) / 1_000,
    }


def _burst(call: Callable[[], object]) -> tuple[float, float]:
    began, thread_began = time.perf_counter_ns(), time.thread_time_ns()
    for _ in range(CALLS):
        call()
    thread_ns = time.thread_time_ns() - thread_began
    wall_ns = time.perf_counter_ns() - began
    return thread_ns / CALLS / 1_000, wall_ns / CALLS / 1_000


def in_database(force_flush: Callable[[int], bool]) -> Callable[[], None]:
    """A flush that waits until everything exported is in the database, or raises."""

    def settle() -> None:
        if not force_flush(120_000):
            raise RuntimeError("the spans did not reach the database within two minutes")

    return settle


def stored_spans(batches: int, already: int = 0, database: str | Path = DATABASE) -> float:
    """How many spans the database holds, beyond those it held `already`.

    Raises:
        RuntimeError: another number than was exported, so that the figure would be worth nothing.
    """
    from otel_forgesyte_duckdb import reading

    with reading(database) as connection:
        ((found,),) = connection.execute("SELECT count(*) FROM otel.spans").fetchall()
    stored = found - already
    if stored != batches * BATCH:
        raise RuntimeError(f"exported {batches * BATCH} spans, {stored} are in the database")
    return float(stored)


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
