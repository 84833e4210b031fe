"""A span as one line: ids and numbers formatted at once, words as JSON, its origin reused."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, StatusCode

from otel_forgesyte_duckdb.origins import plain_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link

    from otel_forgesyte_duckdb.lines import Record
    from otel_forgesyte_duckdb.origins import Origin, Origins

# Twelve of ReadableSpan's properties cost 1.6 µs, half of encoding a span; the fields behind them
# 0.2 µs. Anything that lacks one (another SDK version, a span-like object) is read by property.
_FIELDS = (
    "context",
    "parent",
    "status",
    "name",
    "kind",
    "start_time",
    "end_time",
    "attributes",
    "events",
    "links",
    "resource",
    "instrumentation_scope",
)
_by_field: Callable[[Any], tuple[Any, ...]] = attrgetter(*(f"_{name}" for name in _FIELDS))
_by_property: Callable[[Any], tuple[Any, ...]] = attrgetter(*_FIELDS)

_KIND = {kind: kind.name.encode() for kind in SpanKind}
_STATUS = {code: code.name.encode() for code in StatusCode}
_REMOTE = {True: b"true", False: b"false"}


def span_encoder(
    origins: Origins, used: Callable[[Origin], None], *, stored: bool = True
) -> Callable[[ReadableSpan], Record]:
    """Return a function from a span to its `Record`.

    `used` hears of each origin, so that its resource gets written. `stored=False` marks lines that
    only feed projections: spans still running, and spans the sampler dropped.
    """
    mark = b"" if stored else b'"stored":false,'
    last: Origin | None = None

    def record(span: ReadableSpan) -> Record:
        nonlocal last
        try:
            found = _by_field(span)
            attributes, events, links = found[7:10]
            rare = events or links or attributes.dropped or events.dropped or links.dropped
        except AttributeError:
            found, rare = _by_property(span), True
        context, parent, status, name, kind, start, end, attributes, events, links, *made = found
        origin = origins.of(made[0], made[1])
        if origin is not last:
            used(origin)
            last = origin
        body: dict[str, Any] = {"name": name}
        if attributes:
            body["attributes"] = plain_dict(attributes)
        if rare:
            _add_rare(body, span, events, links)
        if status.description:
            body["status_message"] = status.description
        if context.trace_state:
            body["trace_state"] = context.trace_state.to_header()
        head = (
            b'{"trace_id":"%032x","span_id":%d,"flags":%d,%b%b"kind":"%b","status_code":"%b",%b%b'
            % (
                context.trace_id,
                context.span_id,
                context.trace_flags,
                mark,
                b""
                if parent is None
                else b'"parent_span_id":%d,"parent_is_remote":%b,'
                % (parent.span_id, _REMOTE[parent.is_remote]),
                _KIND[kind],
                _STATUS[status.status_code],
                b"" if start is None else b'"start_time_unix_nano":%d,' % start,
                b"" if end is None else b'"end_time_unix_nano":%d,' % end,
            )
        )
        return head, body, origin.ending

    return record


def _add_rare(
    body: dict[str, Any], span: ReadableSpan, events: Sequence[Event], links: Sequence[Link]
) -> None:
    if events:
        body["events"] = [_event(event) for event in events]
    if links:
        body["links"] = [_link(link) for link in links]
    if dropped := span.dropped_attributes:
        body["dropped_attributes_count"] = dropped
    if dropped := span.dropped_events:
        body["dropped_events_count"] = dropped
    if dropped := span.dropped_links:
        body["dropped_links_count"] = dropped


def _event(event: Event) -> dict[str, Any]:
    encoded: dict[str, Any] = {"name": event.name, "time_unix_nano": event.timestamp}
    if attributes := event.attributes:
        encoded["attributes"] = plain_dict(attributes)
    if dropped := event.dropped_attributes:
        encoded["dropped_attributes_count"] = dropped
    return encoded


def _link(link: Link) -> dict[str, Any]:
    context = link.context
    encoded: dict[str, Any] = {
        "trace_id": f"{context.trace_id:032x}",
        "span_id": context.span_id,
        "flags": int(context.trace_flags),
    }
    if context.trace_state:
        encoded["trace_state"] = context.trace_state.to_header()
    if link.attributes:
        encoded["attributes"] = plain_dict(link.attributes)
    if dropped := link.dropped_attributes:
        encoded["dropped_attributes_count"] = dropped
    return encoded
