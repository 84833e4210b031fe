"""Spans that the sampler drops: they reach their rows, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from otel_forgesyte import constant, job, plugin, record_job, telemetry
from otel_forgesyte.setup.processors import JobSpanProcessor
from otel_forgesyte.setup.rehearsal import start_spans


class Rows:
    """Takes what only projections get."""

    def __init__(self) -> None:
        self.started: list[tuple[object, int | None]] = []
        self.ended: list[ReadableSpan] = []

    def export_started(self, spans: Sequence[ReadableSpan]) -> None:
        self.started += [((it.attributes or {})["forgesyte.job.id"], it.end_time) for it in spans]

    def export_unsampled(self, spans: Sequence[ReadableSpan]) -> None:
        self.ended += spans


class Dropping:
    """A host whose sampler keeps no trace."""

    def __init__(self, provider: TracerProvider) -> None:
        self.rows = Rows()
        self.jobs = JobSpanProcessor([self.rows])
        self.seen = InMemorySpanExporter()
        self.provider = provider
        provider.add_span_processor(self.jobs)
        provider.add_span_processor(SimpleSpanProcessor(self.seen))
        start_spans(telemetry.use_providers(provider), self.jobs)

    def ended(self) -> list[ReadableSpan]:
        self.jobs.deliver()
        return self.rows.ended


@pytest.fixture
def dropping() -> Iterator[Dropping]:
    limits = SpanLimits(max_span_attribute_length=40)
    yield Dropping(TracerProvider(sampler=ALWAYS_OFF, span_limits=limits))
    telemetry.use_providers()


def test_a_dropped_job_and_its_plugin_keep_all_that_was_told_of_them(dropping: Dropping) -> None:
    boxes = [1, 2]

    @plugin(plugin=constant("faces"), tool=constant("cascade"))
    def find() -> None:
        trace.get_current_span().set_attributes({"boxes": boxes, "note": "x" * 50})
        boxes.append(3)

    with job(job_id="job-1", plugin="photo") as outer:
        outer.span.update_name("another name")
        find()
        outer.set_outcome("failed", "no light")
    inner, whole = dropping.ended()
    assert (inner.name, whole.name) == ("plugin faces.cascade", "another name")
    assert dict(inner.attributes or {}) == {
        "forgesyte.operation.name": "plugin",
        "forgesyte.job.id": "job-1",
        "forgesyte.plugin.name": "faces",
        "forgesyte.plugin.tool": "cascade",
        "code.function.name": f"{__name__}.{find.__qualname__}"[:40],
        "boxes": (1, 2),
        "note": "x" * 40,
    }
    assert dict(whole.attributes or {}) == {
        "forgesyte.operation.name": "job",
        "forgesyte.job.id": "job-1",
        "forgesyte.plugin.name": "photo",
        "forgesyte.job.status": "error",
    }
    assert (whole.status.status_code, whole.status.description) == (StatusCode.ERROR, "no light")
    assert inner.status.is_unset
    assert inner.parent == whole.get_span_context()
    assert whole.parent is None
    assert inner.context is not None
    assert not inner.context.trace_flags.sampled
    assert _times_are_in_order(whole, inner)
    assert inner.resource is dropping.provider.resource
    assert inner.instrumentation_scope is not None
    assert inner.instrumentation_scope.name == "otel_forgesyte"


def test_who_finds_a_dropped_span_can_read_it(dropping: Dropping) -> None:
    found: list[ReadableSpan] = []

    @plugin(plugin=constant("faces"), tool=constant("cascade"))
    def find() -> None:
        span = trace.get_current_span()
        assert span.is_recording()
        assert isinstance(span, ReadableSpan)
        found.append(span)

    with job(job_id="job-1", plugin="photo") as outer:
        find()
    (span,) = found
    assert (span.name, span.status.status_code) == ("plugin faces.cascade", StatusCode.UNSET)
    assert (span.attributes or {})["forgesyte.job.id"] == "job-1"
    assert span.parent == outer.span.get_span_context()
    assert span.resource is dropping.provider.resource
    assert span.instrumentation_scope is not None
    assert (span.kind, span.events, span.links) == (SpanKind.INTERNAL, (), ())
    assert span.start_time is not None
    assert span.end_time is not None


class LooksAtParents(SpanProcessor):
    """A host's, which inherits an attribute."""

    def __init__(self) -> None:
        self.inherited: list[object] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        parent: Any = trace.get_current_span(parent_context)
        self.inherited.append(parent.attributes["forgesyte.job.id"])


@pytest.mark.usefixtures("dropping")
def test_a_processor_of_the_host_may_look_at_a_dropped_parent() -> None:
    looks = LooksAtParents()
    other = TracerProvider(sampler=ALWAYS_ON)
    other.add_span_processor(looks)
    with job(job_id="job-1", plugin="photo"):
        other.get_tracer("host").start_span("query").end()
    assert looks.inherited == ["job-1"]


def test_what_is_no_attribute_and_no_status_is_left_out(
    dropping: Dropping, caplog: pytest.LogCaptureFixture
) -> None:
    with job(job_id="job-1", plugin="photo") as outer:
        span: Any = outer.span
        span.set_attribute(["no key"], 1)
        span.set_attribute("", 1)
        span.set_status("ERROR")
        outer.span.set_attribute("app.size", 3)
    (whole,) = dropping.ended()
    assert whole.status.status_code is StatusCode.UNSET
    kept = {key for key in whole.attributes or () if not key.startswith("forgesyte.")}
    assert kept == {"app.size"}
    assert caplog.records != []


def test_no_processor_of_the_host_sees_what_its_sampler_drops(dropping: Dropping) -> None:
    seen: list[str] = []

    class Host(SimpleSpanProcessor):
        def on_start(self, span: Span, parent_context: object = None) -> None:  # noqa: ARG002
            seen.append(repr(span))

    dropping.provider.add_span_processor(Host(dropping.seen))
    with job(job_id="job-1"):
        pass
    assert len(dropping.ended()) == 1
    assert (seen, dropping.seen.get_finished_spans()) == ([], ())


def test_what_is_started_below_a_dropped_job_is_dropped_in_its_trace(dropping: Dropping) -> None:
    with job(job_id="job-1") as outer:
        below = dropping.provider.get_tracer("a library").start_span("query")
    own, child = outer.span.get_span_context(), below.get_span_context()
    assert not below.is_recording()
    assert (child.trace_id, child.trace_flags) == (own.trace_id, own.trace_flags)
    assert child.span_id != own.span_id


def test_a_dropped_job_is_seen_running_until_it_ends(dropping: Dropping) -> None:
    with job(job_id="job-1"):
        dropping.jobs.deliver()
        with plugin(plugin="faces"):
            dropping.jobs.deliver()
    dropping.jobs.deliver()
    assert dropping.rows.started == [("job-1", None)]
    assert [span.name for span in dropping.rows.ended] == ["plugin faces", "job unspecified"]


def test_a_job_that_was_recorded_afterwards_keeps_its_times(dropping: Dropping) -> None:
    record_job("job-1", started_at=1_700_000_000, duration_s=2.5)
    (span,) = dropping.ended()
    assert (span.start_time, span.end_time) == (
        1_700_000_000_000_000_000,
        1_700_000_002_500_000_000,
    )


def test_nothing_changes_a_dropped_span_after_its_end(dropping: Dropping) -> None:
    with job(job_id="job-1", plugin="photo") as outer:
        assert outer.span.is_recording()
    span = outer.span
    assert not span.is_recording()
    span.set_attribute("late", 1)
    span.set_status(StatusCode.ERROR)
    span.update_name("late")
    span.end(1)
    (ended,) = dropping.ended()
    assert (ended.name, ended.status.status_code) == ("job photo", StatusCode.UNSET)
    assert "late" not in (ended.attributes or {})
    assert ended.end_time != 1


def test_the_status_of_a_dropped_span_follows_the_rules_of_opentelemetry(
    dropping: Dropping,
) -> None:
    with job(job_id="job-1") as outer:
        outer.span.set_status(StatusCode.ERROR, "first")
        outer.span.set_status(StatusCode.UNSET)
        outer.span.set_status(Status(StatusCode.OK))
        outer.span.set_status(StatusCode.ERROR, "last")
    (ended,) = dropping.ended()
    assert ended.status.status_code is StatusCode.OK


def test_a_sampled_span_goes_to_the_host_s_processors_alone() -> None:
    host = Dropping(TracerProvider(sampler=ALWAYS_ON))
    with job(job_id="job-1"):
        pass
    telemetry.use_providers()
    assert [span.name for span in host.seen.get_finished_spans()] == ["job unspecified"]
    assert host.ended() == []


def test_where_no_exporter_has_rows_a_dropped_span_records_nothing(dropping: Dropping) -> None:
    dropping.jobs.exporters = ()
    with job(job_id="job-1") as outer:
        assert not outer.span.is_recording()
    dropping.jobs.exporters = (dropping.rows,)
    assert dropping.ended() == []


def _times_are_in_order(outer: ReadableSpan, inner: ReadableSpan) -> bool:
    times = [outer.start_time, inner.start_time, inner.end_time, outer.end_time]
    return None not in times and times == sorted(time for time in times if time is not None)
