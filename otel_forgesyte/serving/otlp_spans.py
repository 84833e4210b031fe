"""OTLP spans as the lines that the span exporter writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_forgesyte.serving.otlp_values import (
    OriginsByContent,
    attributes,
    moment,
    span_id_number,
    trace_id_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from otel_forgesyte_duckdb.lines import Record
    from otel_forgesyte_duckdb.origins import Origin

# An unspecified kind is an internal one: the protocol has receivers assume so.
_KINDS = ("INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUSES = ("UNSET", "OK", "ERROR")
_W3C_FLAGS = 0xFF
_KNOWS_IF_REMOTE, _IS_REMOTE = 0x100, 0x200


def spans(
    request: ExportTraceServiceRequest, origins: OriginsByContent
) -> Iterator[tuple[Span, Origin]]:
    """Yield every span with its origin."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            origin = origins.of(
                resource.resource, resource.schema_url, scope.scope, scope.schema_url
            )
            for span in scope.spans:
                yield span, origin


def span_record(item: tuple[Span, Origin]) -> Record:
    """Return a span as the parts of its line.

    Raises:
        ValueError: it cannot be stored, and why.
    """
    span, origin = item
    body: dict[str, Any] = {"name": span.name, "flags": span.flags & _W3C_FLAGS}
    body |= _ids(span) | _times(span)
    body["kind"] = _word(_KINDS, span.kind)
    body["status_code"] = _word(_STATUSES, span.status.code)
    if span.attributes:
        body["attributes"] = attributes(span.attributes)
    if span.events:
        body["events"] = [_event(event) for event in span.events]
    if span.links:
        body["links"] = [_link(link) for link in span.links]
    if span.status.message:
        body["status_message"] = span.status.message
    if span.trace_state:
        body["trace_state"] = span.trace_state
    for name in ("dropped_attributes_count", "dropped_events_count", "dropped_links_count"):
        if count := getattr(span, name):
            body[name] = count
    return b"{", body, origin.ending


def _ids(span: Span) -> dict[str, Any]:
    trace_id, span_id = trace_id_text(span.trace_id), span_id_number(span.span_id)
    if not any(span.trace_id) or not span_id:
        raise ValueError("trace_id or span_id is zero, which is no id")
    ids: dict[str, Any] = {"trace_id": trace_id, "span_id": span_id}
    if any(span.parent_span_id):
        ids["parent_span_id"] = span_id_number(span.parent_span_id, what="parent_span_id")
        if span.flags & _KNOWS_IF_REMOTE:
            ids["parent_is_remote"] = bool(span.flags & _IS_REMOTE)
    return ids


def _times(span: Span) -> dict[str, Any]:
    """Return start and end; zero is a time that the sender does not know."""
    start = moment(span.start_time_unix_nano, "start_time_unix_nano")
    end = moment(span.end_time_unix_nano, "end_time_unix_nano")
    times = {"start_time_unix_nano": start or None}
    return times | {"end_time_unix_nano": end} if end else times


def _word(words: tuple[str, ...], number: int) -> str:
    # A number of a later version of the protocol stays what it is.
    return words[number] if 0 <= number < len(words) else str(number)


def _event(event: Span.Event) -> dict[str, Any]:
    encoded: dict[str, Any] = {
        "name": event.name,
        "time_unix_nano": moment(event.time_unix_nano, "the time of an event"),
        "attributes": attributes(event.attributes),
    }
    if event.dropped_attributes_count:
        encoded["dropped_attributes_count"] = event.dropped_attributes_count
    return encoded


def _link(link: Span.Link) -> dict[str, Any]:
    encoded: dict[str, Any] = {
        "trace_id": trace_id_text(link.trace_id, what="the trace_id of a link"),
        "span_id": span_id_number(link.span_id, what="the span_id of a link"),
        "flags": link.flags & _W3C_FLAGS,
    }
    if link.trace_state:
        encoded["trace_state"] = link.trace_state
    if link.attributes:
        encoded["attributes"] = attributes(link.attributes)
    if link.dropped_attributes_count:
        encoded["dropped_attributes_count"] = link.dropped_attributes_count
    return encoded
