"""P6: memory of an application that makes spans without a pause, all of them stored.

The application is the stock SDK with its batch processor; only the exporter behind it differs. It
drops nothing: it waits for the processor between bursts, and the stored rows are counted.

The target is for an application that leaves DuckDB to a child process. A DuckDB that was imported
and asked `SELECT 1` takes more than the target allows, which is measured here too: no thread that
drains could keep to it.
"""

from __future__ import annotations

import re
import sys
import time
from importlib import import_module
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


def _row(
    key: str, what: str, case: str, must: float | None = None, aim: float | None = None
) -> Row:
    return Row(
        key=key,
        what=what,
        baseline_what=_NO_OP,
        candidate=Figure(f"memory:{case}", "peak_rss_mb"),
        baseline=Figure("memory:no_op", "peak_rss_mb"),
        unit="MB",
        comparison="difference",
        must=must,
        aim=aim,
    )


ROWS = (
    _row("P6", "peak RSS of the application, drain=child", "child", 30.0, 10.0),
    _row("P6 import", "peak RSS with DuckDB imported and not used", "duckdb_imported"),
    _row("P6 SELECT 1", "peak RSS with DuckDB imported and asked SELECT 1", "duckdb_asked"),
    _row(
        "P6 thread",
        "peak RSS by default: a thread drains, and DuckDB in the application is beyond P6's limit "
        "by itself (P6 SELECT 1)",
        "thread",
        30.0,
        10.0,
    ),
)


def no_op() -> Case:
    """What the application needs anyway."""
    exporter, check = counting_exporter()
    figures = under_load(exporter, lambda: check(_batches() * BATCH))
    return figures | {"spans": float(_batches() * BATCH)}


def duckdb_imported() -> Case:
    """The same application, once DuckDB is in its process."""
    import_module("duckdb")
    return no_op()


def duckdb_asked() -> Case:
    """Once it also has a database in memory, as small as ours is set to be, and has run a query."""
    import duckdb

    with duckdb.connect(config={"threads": 1, "memory_limit": "256MB"}) as connection:
        connection.execute("SELECT 1").fetchall()
        return no_op()


def thread() -> Case:
    """DuckDB in the application's own process."""
    return _stored(drain="thread")


def child() -> Case:
    """The application's process never imports DuckDB."""
    return _stored(drain="child")


def _stored(drain: str) -> Case:
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=DATABASE, drain=drain)
    figures = under_load(exporter, in_database(exporter.force_flush))
    return figures | {"spans": stored_spans(_batches())}


def _batches() -> int:
    return sizes.spans() // BATCH


def under_load(exporter: SpanExporter, settle: Callable[[], None]) -> Case:
    """Make the run's spans, wait until they are stored, and say what it took."""
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
