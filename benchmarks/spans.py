"""Spans as an application makes them: jobs of four (one job, three plugins), eight attributes each.

They come from the real SDK, and are named as the projections know them, so that every projection
has rows to make. Nothing here imports more than the SDK: peers make the same spans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.trace import Tracer

BATCH = 512
"""Spans in a batch: what the SDK's batch processor hands over at once."""

PLUGINS = ("decoder", "faces", "edges")
SPANS_A_JOB = len(PLUGINS) + 1


def batches(count: int, first_job: int = 0) -> Iterator[list[ReadableSpan]]:
    """That many batches of ended spans, each made when it is asked for."""
    from opentelemetry.sdk.trace import SpanProcessor

    ended: list[ReadableSpan] = []

    class Keeper(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span)

    provider = tracer_provider()
    provider.add_span_processor(Keeper())
    tracer = provider.get_tracer("benchmark", "1.0")
    jobs_a_batch = BATCH // SPANS_A_JOB
    for batch in range(count):
        for number in range(jobs_a_batch):
            make_job(tracer, first_job + batch * jobs_a_batch + number)
        yield ended.copy()
        ended.clear()


def tracer_provider() -> TracerProvider:
    """The stock provider of a service called `benchmark`; nothing is made global."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    return TracerProvider(resource=Resource.create({"service.name": "benchmark"}))


def make_job(tracer: Tracer, number: int) -> None:
    """One job's spans, the plugins' as its children."""
    job_id = f"job-{number:08d}"
    with tracer.start_as_current_span("job photo", attributes=job_attributes(job_id)):
        for plugin in PLUGINS:
            attributes = plugin_attributes(job_id, plugin)
            tracer.start_span(f"plugin {plugin}.run", attributes=attributes).end()


def job_attributes(job_id: str) -> dict[str, str | float]:
    """The eight of a job's span."""
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


def plugin_attributes(job_id: str, plugin: str) -> dict[str, str | bool | int]:
    """The eight of the span of one of its plugins."""
    return {
        "forgesyte.operation.name": "plugin",
        "forgesyte.job.id": job_id,
        "forgesyte.plugin.name": plugin,
        "forgesyte.plugin.tool": "run",
        "forgesyte.plugin.soft_error": False,
        "forgesyte.device.name": "cpu",
        "code.function.name": f"server.plugins.{plugin}",
        "app.image.width": 1_280,
    }
