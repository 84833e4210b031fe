"""P6: memory of an application that makes spans without a pause, all of them stored.

The application is the stock SDK with its batch processor; only the exporter behind it differs. It
drops nothing: it waits for the processor between bursts, and the stored rows are counted.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import sizes
from benchmarks.no_op import counting_exporter
from benchmarks.rows import Figure, Row
from benchmarks.spans import BATCH, SPANS_A_JOB, make_job, tracer_provider
from benchmarks.workload import DATABASE, in_database, stored_spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace.export import SpanExporter

    from benchmarks.harness import Case

_BURST = 2 * BATCH
"""Spans between two waits: fewer than the 2,048 that a batch processor holds before it drops."""
_MB = 1_000_000
_NO_OP = "the SDK with a no-op exporter"

ROWS = (
    Row(
        key="P6",
        what="peak RSS, default set-up: a thread drains",
        baseline_what=_NO_OP,
        candidate=Figure("memory:thread", "peak_rss_mb"),
        baseline=Figure("memory:no_op", "peak_rss_mb"),
        unit="MB",
        comparison="difference",
        must=30.0,
        aim=10.0,
    ),
    Row(
        key="P6 child",
        what="peak RSS, drain=child: a process of its own drains",
        baseline_what=_NO_OP,
        candidate=Figure("memory:child", "peak_rss_mb"),
        baseline=Figure("memory:no_op", "peak_rss_mb"),
        unit="MB",
        comparison="difference",
        must=30.0,
        aim=10.0,
    ),
)


def no_op() -> Case:
    """What the application needs anyway."""
    exporter, check = counting_exporter()
    figures = _under_load(exporter, lambda: check(_batches() * BATCH))
    return figures | {"spans": float(_batches() * BATCH)}


def thread() -> Case:
    """DuckDB in the application's own process."""
    return _stored(drain="thread")


def child() -> Case:
    """The application's process never imports DuckDB."""
    return _stored(drain="child")


def _stored(drain: str) -> Case:
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=DATABASE, drain=drain)
    figures = _under_load(exporter, in_database(exporter.force_flush))
    return figures | {"spans": stored_spans(_batches())}


def _batches() -> int:
    return sizes.spans() // BATCH


def _under_load(exporter: SpanExporter, settle: Callable[[], None]) -> Case:
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = tracer_provider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("benchmark", "1.0")
    spans = _batches() * BATCH
    began, process_began = time.perf_counter_ns(), time.process_time_ns()
    for number in range(spans // SPANS_A_JOB):
        make_job(tracer, number)
        if number % (_BURST // SPANS_A_JOB) == 0:
            provider.force_flush()
    provider.force_flush()
    settle()
    figures = {
        "peak_rss_mb": peak_rss_mb(),
        "process_us": (time.process_time_ns() - process_began) / spans / 1_000,
        "wall_us": (time.perf_counter_ns() - began) / spans / 1_000,
    }
    provider.shutdown()
    return figures


def peak_rss_mb() -> float:
    """The most memory this process ever had resident, in megabytes."""
    status = Path("/proc/self/status")
    # Where there is /proc: what getrusage says there begins with the parent's, before the exec.
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1_024 / _MB
    import resource

    unit = 1 if sys.platform == "darwin" else 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB
