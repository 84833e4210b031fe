"""P4, P5: what it costs to bring spans from `export()` into the database, all projections on.

The spans come from the real SDK: jobs of four spans (one job, three plugins) with eight attributes
each, named as the projections know them, so that every one of them has rows to make.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from benchmarks.rows import Figure, Row
from benchmarks.workload import DATABASE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from benchmarks.harness import Case

BATCH = 512
BATCHES = 60
_PLUGINS = ("decoder", "faces", "edges")
_OTLP = "OTLP encode + SerializeToString, no network"

ROWS = (
    Row(
        key="P4",
        what="CPU per span, export() to durable in DuckDB",
        baseline_what=_OTLP,
        candidate=Figure("export:to_duckdb", "process_us"),
        baseline=Figure("export:to_otlp_bytes", "process_us"),
        unit="µs",
        must=0.35,
        aim=0.2,
    ),
    Row(
        key="P5",
        what="CPU per span of the exporting thread",
        baseline_what=_OTLP,
        candidate=Figure("export:to_duckdb", "thread_us"),
        baseline=Figure("export:to_otlp_bytes", "thread_us"),
        unit="µs",
        must=0.12,
        aim=0.06,
    ),
)


def to_duckdb() -> Case:
    """Spool, drain, projections and commit; the clock stops when every row is in the database."""
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=DATABASE)
    figures = _sustained(exporter.export, _in_database(exporter.force_flush))
    exporter.shutdown()
    return figures | {"rows": float(_stored())}


def to_otlp_bytes() -> Case:
    """The bytes that an OTLP exporter would send."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    def export(spans: Sequence[ReadableSpan]) -> bytes:
        serialised: bytes = encode_spans(spans).SerializeToString()
        return serialised

    return _sustained(export, lambda: None)


def _sustained(
    export: Callable[[Sequence[ReadableSpan]], object], settle: Callable[[], None]
) -> Case:
    warm_up, *batches = _batches(BATCHES + 1)
    export(warm_up)
    settle()
    process_started, thread_started = time.process_time_ns(), time.thread_time_ns()
    for batch in batches:
        export(batch)
    thread_ns = time.thread_time_ns() - thread_started
    settle()
    process_ns = time.process_time_ns() - process_started
    spans = BATCH * BATCHES
    return {"thread_us": thread_ns / spans / 1_000, "process_us": process_ns / spans / 1_000}


def _in_database(force_flush: Callable[[int], bool]) -> Callable[[], None]:
    def settle() -> None:
        if not force_flush(120_000):
            raise RuntimeError("the spans did not reach the database within two minutes")

    return settle


def _stored() -> int:
    """How many spans the database holds.

    Raises:
        RuntimeError: fewer than were exported, so that the figure would be worth nothing.
    """
    from otel_forgesyte_duckdb import reading

    with reading(DATABASE) as connection:
        stored: int = connection.execute("SELECT count(*) FROM otel.spans").fetchall()[0][0]
    if stored != BATCH * (BATCHES + 1):
        raise RuntimeError(f"exported {BATCH * (BATCHES + 1)} spans, {stored} are in the database")
    return stored


def _batches(count: int) -> list[list[ReadableSpan]]:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    spans: list[ReadableSpan] = []

    class Keeper(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            spans.append(span)

    provider = TracerProvider(resource=Resource.create({"service.name": "benchmark"}))
    provider.add_span_processor(Keeper())
    tracer = provider.get_tracer("benchmark", "1.0")
    for number in range(count * BATCH // (len(_PLUGINS) + 1)):
        job_id = f"job-{number:08d}"
        with tracer.start_as_current_span("job photo", attributes=_job_attributes(job_id)):
            for plugin in _PLUGINS:
                tracer.start_span(
                    f"plugin {plugin}.run", attributes=_plugin_attributes(job_id, plugin)
                ).end()
    # A real exporter lets its spans go: without this the collector would walk all of them.
    gc.collect()
    gc.freeze()
    return [spans[start : start + BATCH] for start in range(0, len(spans), BATCH)]


def _job_attributes(job_id: str) -> dict[str, str | float]:
    return {
        "forgesyte.operation.name": "job",
        "forgesyte.job.id": job_id,
        "forgesyte.job.status": "done",
        "forgesyte.job.queue.wait": 0.0125,
        "forgesyte.plugin.name": "photo",
        "forgesyte.device.name": "cpu",
        "code.function.name": "server.worker.run_job",
        "app.upload.name": f"holiday/{job_id}.jpg",
    }


def _plugin_attributes(job_id: str, plugin: str) -> dict[str, str | bool | int]:
    return {
        "forgesyte.operation.name": "plugin",
        "forgesyte.job.id": job_id,
        "forgesyte.plugin.name": plugin,
        "forgesyte.plugin.tool": "run",
        "forgesyte.plugin.soft_error": False,
        "forgesyte.device.name": "cpu",
        "code.function.name": f"server.plugins.{plugin}.run",
        "app.image.width": 1920,
    }
