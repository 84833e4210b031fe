"""Spans whose ids and times are the same in every run, so that the bytes they become are too."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import set_span_in_context

from benchmarks.spans import BATCH, PLUGINS, SPANS_A_JOB, job_attributes, plugin_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

_JOBS = BATCH // SPANS_A_JOB
_BEGIN_NS = 1_790_000_000_000_000_000
_STEP_NS = 1_000_000


class _Ids(IdGenerator):
    def __init__(self) -> None:
        self._random = Random(0)  # noqa: S311 - the same every time is the point

    def generate_span_id(self) -> int:
        return self._random.getrandbits(62) | 1 << 62  # as many digits each

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(128)


class _Kept(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


def batches() -> Iterator[list[ReadableSpan]]:
    """Batches of 512 spans without end: jobs of one span and three plugins, one after another."""
    kept = _Kept()
    provider = TracerProvider(resource=Resource({"service.name": "guard"}), id_generator=_Ids())
    provider.add_span_processor(kept)
    tracer = provider.get_tracer("guard", "1.0")
    moment = _BEGIN_NS
    number = 0
    while True:
        for _ in range(_JOBS):
            number += 1
            job_id = f"job-{number:08d}"
            job = tracer.start_span(
                "job photo", attributes=job_attributes(job_id), start_time=moment
            )
            context = set_span_in_context(job)
            for plugin in PLUGINS:
                span = tracer.start_span(
                    f"plugin {plugin}.run",
                    context,
                    attributes=plugin_attributes(job_id, plugin),
                    start_time=moment,
                )
                moment += _STEP_NS
                span.end(moment)
            job.end(moment)
        yield kept.spans
        kept.spans = []
