"""Every field of a span is found again in otel.spans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

if TYPE_CHECKING:
    from tests.duckdb.conftest import Target

TRACE_ID = 0x0AF7651916CD43DD8448EB211C80319C
REMOTE = SpanContext(
    TRACE_ID,
    span_id=0xFFFFFFFFFFFFFFFE,
    is_remote=True,
    trace_flags=TraceFlags(3),
    trace_state=TraceState([("vendor", "x1")]),
)


def _provider(target: Target, **limits: int) -> TracerProvider:
    provider = TracerProvider(
        resource=Resource({"service.name": "shop", "rack": 7}, schema_url="https://example.com/1"),
        span_limits=SpanLimits(**limits),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(SimpleSpanProcessor(target.spans()))
    return provider


def test_a_span_comes_back_with_its_ids_times_kind_and_status(target: Target) -> None:
    tracer = _provider(target).get_tracer("lib", "2.0", schema_url="https://example.com/lib")
    parent = set_span_in_context(NonRecordingSpan(REMOTE))
    span = tracer.start_span("GET /", context=parent, kind=SpanKind.SERVER, start_time=1_000)
    span.set_status(Status(StatusCode.ERROR, "no stock"))
    span.end(end_time=2_500)
    assert target.made[0].force_flush()
    [row] = target.query("""
        SELECT trace_id, parent_span_id, parent_is_remote, trace_state, flags, name, kind,
            duration_ns, status_code, status_message, service_name,
            scope_name, scope_version, scope_schema_url, epoch_ns(start_time_unix_nano)
        FROM otel.spans
    """)
    assert row == (
        UUID(int=TRACE_ID),
        0xFFFFFFFFFFFFFFFE,
        True,
        "vendor=x1",
        3,
        "GET /",
        "SERVER",
        1_500,
        "ERROR",
        "no stock",
        "shop",
        "lib",
        "2.0",
        "https://example.com/lib",
        1_000,
    )


ATTRIBUTES: dict[str, Any] = {
    "text": "naïve ☃",
    "whole": -5,
    "big": 2**63 - 1,
    "real": 0.1,
    "yes": True,
    "nothing": None,
    "texts": ("a", "b"),
    "mixed": (1, "two", None, 3.5),
    "map": {"a": {"b": [1, 2]}},
    "empty": (),
    "quote\"d ' key.with/odd": "v",
}


def test_attributes_of_every_type_come_back_as_json(target: Target) -> None:
    with _provider(target).get_tracer("t").start_as_current_span("s", attributes=ATTRIBUTES):
        pass
    assert target.made[0].force_flush()
    assert json.loads(target.value("SELECT attributes FROM otel.spans")) == {
        **ATTRIBUTES,
        "texts": ["a", "b"],
        "mixed": [1, "two", None, 3.5],
        "empty": [],
    }


def test_events_and_links_come_back_whole(target: Target) -> None:
    tracer = _provider(target).get_tracer("t")
    span = tracer.start_span("s", links=[Link(REMOTE, {"why": "retry"})])
    span.add_event("tick", {"n": 1}, timestamp=7)
    span.add_event("bare", timestamp=8)
    span.end()
    assert target.made[0].force_flush()
    events, links = target.query("""
        SELECT [{name: e.name, moment: epoch_ns(e.time_unix_nano), attributes: e.attributes}
            FOR e IN events], links
        FROM otel.spans
    """)[0]
    assert [(e["name"], e["moment"], json.loads(e["attributes"])) for e in events] == [
        ("tick", 7, {"n": 1}),
        ("bare", 8, {}),
    ]
    [link] = links
    assert (link["trace_id"], link["span_id"]) == (UUID(int=TRACE_ID), 0xFFFFFFFFFFFFFFFE)
    assert (link["trace_state"], link["flags"]) == ("vendor=x1", 3)
    assert json.loads(link["attributes"]) == {"why": "retry"}


@pytest.mark.filterwarnings("ignore")
def test_what_limits_dropped_is_counted(target: Target) -> None:
    tracer = _provider(
        target,
        max_attributes=1,
        max_events=1,
        max_links=1,
        max_event_attributes=1,
        max_link_attributes=1,
    ).get_tracer("t")
    links = [Link(REMOTE, {"a": 1, "b": 2}), Link(REMOTE, {"a": 1, "b": 2})]
    span = tracer.start_span("s", attributes={"a": 1, "b": 2, "c": 3}, links=links)
    for _ in range(3):
        span.add_event("e", {"a": 1, "b": 2})
    span.end()
    assert target.made[0].force_flush()
    counts, events, links_kept = target.query("""
        SELECT [dropped_attributes_count, dropped_events_count, dropped_links_count], events, links
        FROM otel.spans
    """)[0]
    assert counts == [2, 2, 1]
    assert events[0]["dropped_attributes_count"] == 1
    assert links_kept[0]["dropped_attributes_count"] == 1


def test_events_dropped_by_a_limit_of_none_are_counted_too(target: Target) -> None:
    span = _provider(target, max_events=0).get_tracer("t").start_span("s")
    span.add_event("e")
    span.end()
    assert target.made[0].force_flush()
    assert target.value("SELECT dropped_events_count FROM otel.spans") == 1


def test_the_resource_is_stored_once_and_referred_to(target: Target) -> None:
    tracer = _provider(target).get_tracer("t")
    for _ in range(3):
        tracer.start_span("s").end()
    assert target.made[0].force_flush()
    assert target.query("""
        SELECT r.attributes->>'rack', r.schema_url, count(*)
        FROM otel.spans s JOIN otel.resources r ON s.resource_id = r.resource_id
        GROUP BY ALL
    """) == [("7", "https://example.com/1", 3)]


def test_a_span_built_by_hand_is_read_by_its_public_properties(target: Target) -> None:
    context = SpanContext(1, 2, is_remote=False)
    bare = ReadableSpan("bare", context, start_time=5, end_time=9, attributes={"k": "v"})
    exporter = target.spans()
    exporter.export([bare])
    assert exporter.force_flush()
    assert target.query(
        "SELECT name, duration_ns, attributes->>'k', scope_name FROM otel.spans"
    ) == [("bare", 4, "v", None)]


def test_every_public_field_of_a_span_has_a_column() -> None:
    """Fails when the SDK gains a field that nothing here stores."""
    known = {
        *("name", "context", "kind", "parent", "start_time", "end_time", "status", "attributes"),
        *("events", "links", "resource", "instrumentation_scope", "instrumentation_info"),
        *("dropped_attributes", "dropped_events", "dropped_links"),
    }
    fields = {name for name in vars(ReadableSpan) if isinstance(vars(ReadableSpan)[name], property)}
    assert fields <= known
