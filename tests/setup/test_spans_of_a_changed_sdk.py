"""Where somebody changed the SDK, or it is newer, it makes the spans of decorated calls itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import ReadableSpan, Span, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult

from otel_forgesyte import configure, job, telemetry
from otel_forgesyte.setup.processors import JobSpanProcessor
from otel_forgesyte.setup.rehearsal import start_spans
from otel_forgesyte.setup.spans import OperationSpan


class _Host:
    """A host with a sampler of its own, and what it gets to see."""

    def __init__(self, sampler: Sampler, change: Callable[[Any], object] = id) -> None:
        self.rows: list[str] = []
        self.seen = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler)
        change(provider.get_tracer("otel_forgesyte", version("otel-forgesyte")))
        provider.add_span_processor(SimpleSpanProcessor(self.seen))
        self.jobs = JobSpanProcessor([self])
        provider.add_span_processor(self.jobs)
        self.why = start_spans(telemetry.use_providers(provider), self.jobs)

    def export_started(self, spans: Any) -> None:
        """Of no interest here."""

    def export_unsampled(self, spans: Any) -> None:
        self.rows += [span.name for span in spans]

    def one_job(self) -> Any:
        with job(job_id="job-1", plugin="photo") as outer:
            pass
        self.jobs.deliver()
        return outer.span


@pytest.fixture
def changing(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Changes the SDK; both are as before afterwards."""
    yield monkeypatch
    telemetry.use_providers()


@pytest.mark.usefixtures("changing")
def test_the_sdk_as_it_came_leaves_its_spans_to_us() -> None:
    host = _Host(ALWAYS_ON)
    assert host.why is None
    assert isinstance(host.one_job(), OperationSpan)


def _saying_more(start_span: Callable[..., Any]) -> Callable[..., Any]:
    """The host's own way to start a span: it adds an attribute."""

    def start(*args: Any, **kwargs: Any) -> Any:
        span = start_span(*args, **kwargs)
        span.set_attribute("app.host", "here")
        return span

    return start


def _setting_more(set_one: Callable[..., None]) -> Callable[..., None]:
    """The host's own way to set an attribute: it sets another one too."""

    def set_both(self: Any, key: str, value: Any) -> None:
        set_one(self, key, value)
        set_one(self, "app.host", "here")

    return set_both


def _subclassed(_changing: pytest.MonkeyPatch, tracer: Any) -> None:
    class OfTheHost(Tracer):
        start_span = _saying_more(Tracer.start_span)

    tracer.__class__ = OfTheHost


def _replaced(_changing: pytest.MonkeyPatch, tracer: Any) -> None:
    tracer.start_span = _saying_more(tracer.start_span)


def _patched(changing: pytest.MonkeyPatch, _tracer: Any) -> None:
    changing.setattr(Tracer, "start_span", _saying_more(Tracer.start_span))


def _redacting(changing: pytest.MonkeyPatch, _tracer: Any) -> None:
    changing.setattr(Span, "set_attribute", _setting_more(Span.set_attribute))


def _masking(changing: pytest.MonkeyPatch, _tracer: Any) -> None:
    class Masking(sdk._Span):  # pyright: ignore[reportPrivateUsage]
        set_attribute = _setting_more(Span.set_attribute)

    changing.setattr(sdk, "_Span", Masking)


def _cleaning(changing: pytest.MonkeyPatch, _tracer: Any) -> None:
    as_it_is = BoundedAttributes.__setitem__
    changing.setattr(BoundedAttributes, "__setitem__", _setting_more(as_it_is))


def _newer(changing: pytest.MonkeyPatch, _tracer: Any) -> None:
    as_it_is = ReadableSpan.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        as_it_is(self, *args, **kwargs)
        self._entropy = 1

    changing.setattr(ReadableSpan, "__init__", init)


_CHANGED = {
    _subclassed: "Tracer was replaced",
    _replaced: "Tracer.start_span was replaced",
    _patched: "Tracer.start_span was replaced",
    _redacting: "Span.set_attribute was replaced",
    _masking: "Span was replaced",
    _cleaning: "BoundedAttributes.__setitem__ was replaced",
}


@pytest.mark.parametrize(
    ("change", "said"), [*_CHANGED.items(), (_newer, "its spans differ in _entropy")]
)
def test_where_anything_differs_the_sdk_makes_them_and_no_row_is_lost(
    change: Callable[..., None], said: str, changing: pytest.MonkeyPatch
) -> None:
    dropping = _Host(ALWAYS_OFF, partial(change, changing))
    assert dropping.why is not None
    assert dropping.why.endswith(
        f"makes the spans of decorated calls itself, which costs their callers more: {said}"
    )
    assert not isinstance(dropping.one_job(), OperationSpan)
    assert (dropping.rows, dropping.seen.get_finished_spans()) == (["job photo"], ())


@pytest.mark.parametrize("change", _CHANGED)
def test_what_a_host_put_in_the_place_of_the_tracer_is_asked(
    change: Callable[..., None], changing: pytest.MonkeyPatch
) -> None:
    host = _Host(ALWAYS_ON, partial(change, changing))
    host.one_job()
    (span,) = host.seen.get_finished_spans()
    assert (span.attributes or {})["app.host"] == "here"


def test_the_report_says_who_makes_the_spans(tmp_path: Path, changing: pytest.MonkeyPatch) -> None:
    _newer(changing, None)
    with configure(database=tmp_path / "telemetry.duckdb", prometheus_port=0) as handle:
        (part,) = [part for part in handle.status().parts if part.name == "traces: spans"]
    assert part.works
    assert part.detail.endswith("its spans differ in _entropy")


class _ShortSampler:
    """One that takes what the SDK gives, and derives from nothing."""

    def should_sample(  # noqa: PLR0917 - the specification's signature, but for what is never given
        self,
        parent_context: Any,
        trace_id: int,
        name: str,
        kind: Any = None,
        attributes: Any = None,
        links: Any = None,
    ) -> SamplingResult:
        return ALWAYS_OFF.should_sample(parent_context, trace_id, name, kind, attributes, links)


def test_a_sampler_that_takes_no_trace_state_loses_no_row_either(
    changing: pytest.MonkeyPatch,
) -> None:
    sampler: Any = _ShortSampler()
    host = _Host(sampler, partial(_patched, changing))
    host.one_job()
    assert host.rows == ["job photo"]


@pytest.mark.usefixtures("changing")
def test_what_ends_after_the_exporters_is_not_hoarded() -> None:
    host = _Host(ALWAYS_OFF)
    host.jobs.close()
    host.one_job()
    assert host.rows == []
    assert (len(host.jobs._started), len(host.jobs._unsampled)) == (0, 0)  # pyright: ignore[reportPrivateUsage]
