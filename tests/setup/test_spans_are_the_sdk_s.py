"""Whatever is done to a span of a decorated call, it holds what the SDK's own would."""

from __future__ import annotations

import copy
import random
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    Event,
    ReadableSpan,
    Span,
    SpanLimits,
    SpanProcessor,
    TracerProvider,
    _disable_tracer_configurator,  # pyright: ignore[reportPrivateUsage]
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import (
    DEFAULT_ON,
    Decision,
    Sampler,
    SamplingResult,
)
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from otel_forgesyte import telemetry
from otel_forgesyte.setup.processors import JobSpanProcessor
from otel_forgesyte.setup.rehearsal import start_spans
from otel_forgesyte.setup.spans import OperationSpan, OperationSpans

_PLAIN = {"forgesyte.operation.name": "job", "app.size": 3, "app.share": 0.5, "app.done": True}
_PARENT = SpanContext(
    5, 6, is_remote=True, trace_flags=TraceFlags(3), trace_state=TraceState([("a", "b")])
)
_NOT_RANDOM = SpanContext(5, 6, is_remote=False, trace_flags=TraceFlags(1))
_ROOT = Context()
_RESOURCE = Resource({"service.name": "photo"})


class _Numbers:
    """The same ids in the same order on both sides."""

    def __init__(self, *, random: bool) -> None:
        self._random = random
        self._last = 10

    def generate_span_id(self) -> int:
        self._last += 1
        return self._last

    def generate_trace_id(self) -> int:
        return 1_000 + self.generate_span_id()

    def is_trace_id_random(self) -> bool:
        return self._random


class _Adding(Sampler):
    """Decides as told, and adds what is no plain attribute."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision

    def should_sample(  # noqa: PLR0917 - the specification's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Any = None,
        links: Any = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        assert parent_context is not None
        asked = (name, kind, links, trace_state)
        assert asked == ("work", SpanKind.CONSUMER, (), None)
        more: Any = {**attributes, "sampled.by": [1, 2], "sampled.odd": object(), 1: "x", "": 2}
        return SamplingResult(self._decision, more, TraceState([("v", str(trace_id))]))

    def get_description(self) -> str:
        return "adding"


class _Seen(SpanProcessor):
    """Everything that a processor is shown, as it is then."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.told.append(("start", _told(span), parent_context))
        span.set_attribute("by.processor", (1, 2))

    def _on_ending(self, span: Span) -> None:
        self.told.append(("ending", _told(span)))

    def on_end(self, span: ReadableSpan) -> None:
        assert type(span) is ReadableSpan
        self.told.append(("end", _told(span)))


def _told(span: ReadableSpan) -> dict[str, Any]:
    """All that the public properties say."""
    fields = (
        "name", "context", "parent", "kind", "status", "resource", "instrumentation_scope",
        "dropped_attributes", "dropped_events", "dropped_links", "start_time", "end_time",
    )  # fmt: skip
    told: dict[str, Any] = {name: getattr(span, name) for name in fields}
    told["status"] = (span.status.status_code, span.status.description)
    told["attributes"] = _plain(span.attributes)
    told["events"] = [(e.name, _plain(e.attributes), e.timestamp) for e in span.events]
    told["links"] = [(each.context, _plain(each.attributes)) for each in span.links]
    return told


def _plain(attributes: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """In their order; an object's text has its address, which is not of interest."""
    return [
        (key, "an object" if str(value).startswith("<object") else value)
        for key, value in (attributes or {}).items()
    ]


def _nothing(span: Any) -> None:
    """It only begins and ends."""


def _attributes(span: Any) -> None:
    span.set_attribute("app.text", "x" * 60)
    span.set_attribute("app.size", 4)
    span.set_attributes({"app.boxes": [1, 2], "app.bytes": b"ab", "app.none": None, "": 1})
    span.set_attribute(["no key"], 1)
    span.set_attribute("app.map", {"a": {"b": 1}})
    span.set_attribute("app.odd", object())
    for number in range(8):
        span.set_attribute(f"app.{number}", number)


def _again_at_the_limit(span: Any) -> None:
    span.set_attribute("app.more", 1)
    span.set_attribute("forgesyte.operation.name", "again")
    span.set_attribute("app.last", 2)


def _odd_keys(span: Any) -> None:
    span.set_attributes({1: "x", "": 2, "app.size": 5})


def _events(span: Any) -> None:
    for number in range(4):
        span.add_event(f"event {number}", {"app.text": "x" * 60, "app.odd": object()}, 100 + number)
    span.add_event("bare", timestamp=200)


def _links(span: Any) -> None:
    for number in range(4):
        span.add_link(SpanContext(5, 6 + number, is_remote=False), {"app.number": number})
    span.add_link(trace.INVALID_SPAN_CONTEXT)


def _statuses(span: Any) -> None:
    span.set_status(StatusCode.ERROR, "first")
    span.set_status(Status(StatusCode.UNSET))
    span.set_status(Status(StatusCode.ERROR, "second"), "ignored")
    span.update_name("another")


def _behind_its_back(span: Any) -> None:
    """As some processors do: there is no other way to add to a span that has ended."""
    span.end(5_000)
    for number in range(3):
        span._events.append(Event(f"event {number}", {"a": 1}, number))
    span._links.extend([Link(_PARENT)])
    span._attributes._dict["late"] = 1


def _after_its_end(span: Any) -> None:
    span.end(5_000)
    span.set_attribute("late", 1)
    span.set_attributes({"late": [1]})
    span.set_status(StatusCode.OK)
    span.update_name("late")
    span.add_event("late")
    span.add_link(_PARENT)


_LIMITS: dict[str, Any] = {
    "defaults": None,
    "few": SpanLimits(max_span_attributes=5, max_events=2, max_links=2, max_event_attributes=1),
    "none": SpanLimits(max_attributes=0, max_events=0, max_links=0),
    "short": SpanLimits(max_attribute_length=8),
}


@pytest.mark.parametrize("limits", _LIMITS.values(), ids=_LIMITS)
@pytest.mark.parametrize(
    "does",
    [
        _nothing,
        _attributes,
        _again_at_the_limit,
        _odd_keys,
        _events,
        _links,
        _statuses,
        _after_its_end,
        _behind_its_back,
    ],
)
def test_it_holds_what_the_sdk_s_would(
    limits: SpanLimits | None, does: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Any] = []
    context = _context(_PARENT)
    for own in (False, True):
        caplog.clear()
        provider = _provider(DEFAULT_ON, limits)
        seen = _Seen()
        provider.add_span_processor(seen)
        span = _start(provider, own=own, context=context, attributes=_PLAIN)
        assert isinstance(span, OperationSpan) is own
        does(span)
        span.end(6_000)
        assert not span.is_recording()
        warned = [re.sub("0x.*>", "", record.getMessage()) for record in caplog.records]
        told.append((seen.told, _told(span), warned))
    assert told[0] == told[1]


@pytest.mark.parametrize("is_random", [True, False])
@pytest.mark.parametrize(
    "above", ["root", "remote", "not random", "invalid", "no span", "no context", "a text"]
)
@pytest.mark.parametrize(
    "sampler", [DEFAULT_ON, _Adding(Decision.RECORD_AND_SAMPLE), _Adding(Decision.RECORD_ONLY)]
)
def test_it_has_the_ids_and_the_decision_that_the_sdk_s_would(
    *, is_random: bool, above: str, sampler: Sampler
) -> None:
    nothing: Any = None
    text: Any = "x"
    context = {
        "root": _ROOT,
        "remote": _context(_PARENT),
        "not random": _context(_NOT_RANDOM),
        "invalid": _context(trace.INVALID_SPAN_CONTEXT),
        "no span": trace.set_span_in_context(nothing, _ROOT),  # as some begin a new trace
        "no context": _context(nothing),
        "a text": trace.set_span_in_context(text, _ROOT),
    }[above]
    told: list[Any] = []
    for own in (False, True):
        provider = _provider(sampler, None, random=is_random)
        seen = _Seen()
        provider.add_span_processor(seen)
        _start(provider, own=own, context=context, attributes=_PLAIN).end(6_000)
        told.append(seen.told)
    assert told[0] == told[1]


def test_the_sdk_s_own_metrics_count_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    told: list[Any] = []
    for own in (False, True):
        reader = InMemoryMetricReader()
        provider = TracerProvider(meter_provider=MeterProvider([reader]))
        span = _start(provider, own=own, context=_ROOT, attributes=_PLAIN)
        counted = [_counted(reader)]
        span.end()
        told.append([*counted, _counted(reader)])
    assert told[0] == told[1] == [
        {"otel.sdk.span.started": 1, "otel.sdk.span.live": 1},
        {"otel.sdk.span.started": 1, "otel.sdk.span.live": 0},
    ]  # fmt: skip


def test_a_tracer_that_is_switched_off_starts_nothing() -> None:
    provider = TracerProvider(_tracer_configurator=_disable_tracer_configurator)
    for own in (False, True):
        span = _start(provider, own=own, context=_context(_PARENT), attributes=_PLAIN)
        assert not span.is_recording()
        assert span.get_span_context() == _PARENT


def test_an_exception_that_leaves_its_with_is_its_event_and_its_status() -> None:
    told: list[Any] = []
    for own in (False, True):
        span: Any = _start(TracerProvider(), own=own, context=_ROOT, attributes=_PLAIN)
        with pytest.raises(ValueError, match="no light"), span:
            raise ValueError("no light")
        (event,) = span.events
        assert event.attributes["exception.message"] == "no light"
        told.append((event.name, sorted(event.attributes), span.status.description))
    assert told[0] == told[1]


def test_two_spans_share_neither_attributes_nor_events() -> None:
    provider = TracerProvider()
    given = dict(_PLAIN)
    one, other = (_start(provider, own=True, context=_ROOT, attributes=given) for _ in range(2))
    one.set_attribute("app.size", 9)
    one.add_event("event")
    one.add_link(_PARENT)
    assert (other.attributes["app.size"], other.events, other.links) == (3, (), ())
    assert given == _PLAIN


def test_what_a_processor_is_given_can_be_copied() -> None:
    seen = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    _start(provider, own=True, context=_ROOT, attributes=_PLAIN).end()
    (ended,) = seen.get_finished_spans()
    assert _told(copy.deepcopy(ended)) | {"resource": None} == _told(ended) | {"resource": None}
    assert ended.to_json()


def test_a_signal_handler_may_set_a_plain_attribute_in_the_midst_of_another() -> None:
    span: Any = _start(TracerProvider(), own=True, context=_ROOT, attributes=_PLAIN)
    with span._lock:  # where the handler interrupts its thread
        span.set_attribute("app.size", 9)
    assert span.attributes["app.size"] == 9


def test_threads_do_not_pass_the_limit_together() -> None:
    provider = _provider(DEFAULT_ON, SpanLimits(max_span_attributes=6))
    span: Any = _start(provider, own=True, context=_ROOT, attributes=_PLAIN)
    ready = threading.Barrier(8)

    def add(thread: int) -> None:
        ready.wait()
        for number in range(200):
            span.set_attribute(f"app.{thread}.{number}", number)

    threads = [threading.Thread(target=add, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(span.attributes), span.dropped_attributes) == (6, 8 * 200 + len(_PLAIN) - 6)


def test_trying_it_out_takes_nothing_from_the_host(caplog: pytest.LogCaptureFixture) -> None:
    numbers = _Numbers(random=True)
    limits = SpanLimits(max_span_attributes=1, max_attribute_length=0)
    asked = TracerProvider(span_limits=limits, id_generator=numbers)  # type: ignore[arg-type]
    bound = telemetry.use_providers(asked)
    before = random.getstate()
    caplog.clear()
    assert start_spans(bound, JobSpanProcessor()) is None
    assert random.getstate() == before
    assert numbers.generate_span_id() == 11
    assert caplog.records == []
    telemetry.use_providers()


def _provider(
    sampler: Sampler, limits: SpanLimits | None, *, random: bool = True
) -> TracerProvider:
    return TracerProvider(
        sampler=sampler,
        resource=_RESOURCE,
        span_limits=limits,
        id_generator=_Numbers(random=random),  # type: ignore[arg-type]
    )


def _start(
    provider: TracerProvider, *, own: bool, context: Context, attributes: Mapping[str, Any]
) -> Any:
    tracer: Any = provider.get_tracer("scope", "1.0")
    start = OperationSpans(tracer, JobSpanProcessor()).start_span if own else tracer.start_span
    return start("work", context, SpanKind.CONSUMER, attributes, start_time=4_000)


def _context(parent: SpanContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(parent), _ROOT)


def _counted(reader: Any) -> dict[str, int]:
    data = reader.get_metrics_data()
    return {
        metric.name: sum(point.value for point in metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name.startswith("otel.sdk.span.")
    }
