"""P4, P5: what it costs to bring spans from `export()` into the database, all projections on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rows import Figure, Row
from benchmarks.sustained import BATCHES, sustained
from benchmarks.workload import DATABASE, in_database, stored_spans

if TYPE_CHECKING:
    from benchmarks.harness import Case

_OTLP = "OTLP encode + SerializeToString, no network"

ROWS = (
    Row(
        key="P4",
        what="CPU per span, export() to durable in DuckDB",
        baseline_what=_OTLP,
        candidate=Figure("export:to_duckdb", "process_us"),
        baseline=Figure("peers.otlp:encoded", "process_us"),
        unit="µs",
        must=0.35,
        aim=0.2,
    ),
    Row(
        key="P5",
        what="CPU per span of the exporting thread",
        baseline_what=_OTLP,
        candidate=Figure("export:to_duckdb", "thread_us"),
        baseline=Figure("peers.otlp:encoded", "thread_us"),
        unit="µs",
        must=0.12,
        aim=0.06,
    ),
)


def to_duckdb() -> Case:
    """Spool, drain, projections and commit; the clock stops when every row is in the database."""
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=DATABASE)
    figures = sustained(exporter.export, in_database(exporter.force_flush))
    exporter.shutdown()
    return figures | {"spans": stored_spans(BATCHES + 1)}
