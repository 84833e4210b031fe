"""P7: what a batch costs in a database that is full already, against one that is empty."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import sizes, stored
from benchmarks.rows import Figure, Row
from benchmarks.spans import BATCH, SPANS_A_JOB, batches
from benchmarks.workload import DATABASE, in_database, stored_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from benchmarks.harness import Case

_SMALL = 1
_LARGE = 16
"""SDK batches of 512 spans that are drained at once: what a second of a quiet and of a busy
application is."""
_TURNS = 8


def _row(key: str, what: str, figure: str) -> Row:
    return Row(
        key=key,
        what=what,
        baseline_what="the same batch into a database with no rows",
        candidate=Figure("growth:onto_many", figure),
        baseline=Figure("growth:onto_none", figure),
        unit="ms",
        must=1.5,
        aim=1.1,
        needs=("growth:make",),
    )


ROWS = (
    _row("P7", f"CPU of draining {_LARGE * BATCH:,} spans", "large_cpu_ms"),
    _row("P7 small", f"CPU of draining {_SMALL * BATCH} spans", "small_cpu_ms"),
)


def make() -> Case:
    """A database with so many spans, and the rows that jobs of four spans leave beside them."""
    rows = sizes.stored_rows()
    jobs = rows // SPANS_A_JOB
    tables = {"spans": rows, "job_metrics": jobs, "job_keys": jobs, "plugin_metrics": rows - jobs}
    stored.fill(_full(), tables)
    return {"rows": float(rows), "mb": _full().stat().st_size / 1e6}


def onto_many() -> Case:
    """A copy of it, so that every round finds the same."""
    shutil.copyfile(_full(), DATABASE)
    return drained(Path(DATABASE), already=sizes.stored_rows())


def onto_none() -> Case:
    """A new database."""
    return drained(Path(DATABASE), already=0)


def drained(database: Path, already: int, turns: int | None = None, first_job: int = 0) -> Case:
    """Medians of that many drains of each size into a database with `already` spans."""
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    turns = turns or _TURNS
    exporter = DuckDBSpanExporter(database=str(database))
    settle = in_database(exporter.force_flush)
    count = (turns + 1) * (_SMALL + _LARGE)
    source = batches(count, first_job)

    def one(size: int) -> tuple[float, float]:
        portion = _taken(source, size)
        began, process_began = time.perf_counter_ns(), time.process_time_ns()
        for batch in portion:
            exporter.export(batch)
        settle()
        cpu_ns = time.process_time_ns() - process_began
        return cpu_ns / 1e6, (time.perf_counter_ns() - began) / 1e6

    figures: Case = {}
    for name, size in (("small", _SMALL), ("large", _LARGE)):
        one(size)  # makes the tables where there are none
        times = [one(size) for _ in range(turns)]
        figures[f"{name}_cpu_ms"] = statistics.median(cpu for cpu, _ in times)
        figures[f"{name}_wall_ms"] = statistics.median(wall for _, wall in times)
    exporter.shutdown()
    return figures | {"added": stored_spans(count, already, database)}


def _taken(source: Iterator[list[ReadableSpan]], count: int) -> list[list[ReadableSpan]]:
    return [next(source) for _ in range(count)]


def _full() -> Path:
    return sizes.data() / "growth.duckdb"
