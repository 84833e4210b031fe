"""What is measured at each size, each case in a process of its own, so that its memory is its own.

One reader is asked many times, and attaches the file for each question. Every case finds what it
asked for, or raises.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from benchmarks import growth
from benchmarks.asking import asked
from benchmarks.memory import peak_rss_mb
from benchmarks.scale import data
from benchmarks.spans import SPANS_A_JOB
from benchmarks.statements import statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.harness import Case
    from otel_forgesyte.reading import Reader

    Question = Callable[[Reader], list[tuple[Any, ...]]]

_BEGAN = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC, as the database has it
_JOBS_A_SECOND = 25  # of scale_portion.sql
_TURNS = 5
_SMALLEST = "SELECT max(version) FROM otel.schema_version"


def file() -> Case:
    """The file as the last checkpoint left it."""
    from otel_forgesyte_duckdb import reading

    with reading(data.path()) as connection:
        spans = data.spans(connection)
    size = data.path().stat().st_size
    return {"spans": float(spans), "mb": size / 1e6, "bytes_a_span": size / spans}


def attached() -> Case:
    """Nothing but starting DuckDB, attaching the file and letting go of it."""
    from otel_forgesyte_duckdb import reading

    def attach() -> list[tuple[Any, ...]]:
        with reading(data.path()):
            return []

    return _figures(*asked(attach))


def opened() -> Case:
    """About the smallest question there is."""
    return _answered(lambda reader: reader.sql(_SMALLEST).fetchall(), rows=1)


def job_summary() -> Case:
    """Jobs by plugin and status."""
    return _answered(lambda reader: reader.job_summary().fetchall())


def plugin_duration() -> Case:
    """Average and exact quantiles by plugin and tool."""
    return _answered(lambda reader: reader.avg_plugin_duration().fetchall())


def promoted() -> Case:
    """Count and sum of the spans of one plugin, which is a column of its own."""
    return _counted(lambda reader: reader.sql(statement("scale_plugin")).fetchall())


def any_attribute() -> Case:
    """The same by an attribute that has no column."""
    return _counted(lambda reader: reader.sql(statement("filter_any_attribute")).fetchall())


def newest_hour() -> Case:
    """The same over the newest hour that was generated: 360,000 spans, once there are as many."""
    until = _BEGAN + dt.timedelta(seconds=_generated_jobs() / _JOBS_A_SECOND)
    sql = statement("scale_newest_hour")
    return _counted(lambda reader: reader.sql(sql, {"until": until}).fetchall())


def trace() -> Case:
    """The spans of one trace from the middle, by its id."""
    digest = hashlib.md5(str(_generated_jobs() // 2).encode(), usedforsecurity=False).hexdigest()
    sql, params = statement("scale_trace"), {"trace_id": uuid.UUID(digest)}
    return _answered(lambda reader: reader.sql(sql, params).fetchall(), rows=SPANS_A_JOB)


def job() -> Case:
    """Everything about one job from the middle: row, runs, devices, frames, spans and logs."""
    job_id = f"job-{1_000_000_000 + _generated_jobs() // 2}"
    return _answered(
        lambda reader: [(span,) for root in reader.job(job_id).spans for span in root.children],
        rows=SPANS_A_JOB - 1,
    )


def drained() -> Case:
    """Batches through the exporter: what they add stays, and counts at the next size."""
    from otel_forgesyte_duckdb import reading

    with reading(data.path()) as connection:
        already = data.spans(connection)
    figures = growth.drained(data.path(), already, turns=_TURNS, first_job=already)
    return figures | {"peak_rss_mb": peak_rss_mb()}


def _generated_jobs() -> int:
    from otel_forgesyte_duckdb import reading

    with reading(data.path()) as connection:
        return data.generated_jobs(connection)


def _counted(question: Question) -> Case:
    """As `_answered`, for a count that must not be none."""
    return _answered(lambda reader: [row for row in question(reader) if row[0]], rows=1)


def _answered(question: Question, rows: int | None = None) -> Case:
    from otel_forgesyte import open_reader

    reader = open_reader(data.path())

    def ask() -> list[tuple[Any, ...]]:
        found = question(reader)
        if not found or rows not in (None, len(found)):
            raise RuntimeError(f"{len(found)} rows were found, and not {rows or 'any'}")
        return found

    return _figures(*asked(ask))


def _figures(wall_ms: float, cpu_ms: float) -> Case:
    return {"wall_ms": wall_ms, "cpu_ms": cpu_ms, "peak_rss_mb": peak_rss_mb()}
