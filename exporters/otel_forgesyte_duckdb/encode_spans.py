"""A span as one line: ids and numbers formatted at once, words as JSON, its origin reused."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from otel_forgesyte_duckdb.origins import plain_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link

    from otel_forgesyte_duckdb.lines import Record
    from otel_forgesyte_duckdb.origins import Origin, Origins

# ReadableSpan's properties cost more than all the rest of encoding (2.2 µs of 4): each is a call
# into Python, and `attributes`, `events` and `links` copy. Behind them these fields are read in one
# call. What lacks one of them (another SDK, a span-like object) is read by its properties.
_fields: Callable[[Any], tuple[Any, ...]] = attrgetter(
    "_context",
    "_parent",
    "_name",
    "_kind._name_",
    "_status._status_code._name_",
    "_status._description",
    "_start_time",
    "_end_time",
    "_attributes._dict",
    "_attributes.dropped",
    "_events.__dict__",
    "_events.dropped",
    "_links.__dict__",
    "_links.dropped",
    "_resource",
    "_instrumentation_scope",
)
_event_fields: Callable[[Any], tuple[Any, ...]] = attrgetter(
    "_name", "_timestamp", "_attributes._dict", "_attributes.dropped"
)


def span_encoder(  # noqa: C901 - calls cost more than the encoding itself
    origins: Origins, used: Callable[[Origin], None], *, stored: bool = True
) -> Callable[[ReadableSpan], Record]:
    """Return a function from a span to its `Record`.

    `used` hears of each origin, so that its resource gets written. `stored=False` marks lines that
    only feed projections: spans still running, and spans the sampler dropped. Nothing that a
    projection reads is made of events and links, so they have none.
    """
    mark = "" if stored else '"stored":false,'
    last: Origin | None = None

    def record(span: ReadableSpan) -> Record:
        nonlocal last
        # fmt: off
        try:
            (context, parent, name, kind, status, message, start, end, attributes, attributes_lost,
             events, events_lost, links, links_lost, resource, scope) = _fields(span)
            # A list that nobody has added to may have no queue yet.
            events, links = events.get("_dq", ()), links.get("_dq", ())
        except AttributeError:
            (context, parent, name, kind, status, message, start, end, attributes, attributes_lost,
             events, events_lost, links, links_lost, resource, scope) = _properties(span)
        # fmt: on
        origin = origins.of(resource, scope)
        if origin is not last:
            used(origin)
            last = origin
        body: dict[str, Any] = {"name": name}
        if attributes:
            # A running span may get more attributes from another thread meanwhile.
            body["attributes"] = attributes if end else attributes.copy()
        if events and stored:
            body["events"] = [_event(event) for event in tuple(events)]
        if (links or attributes_lost or events_lost or links_lost) and stored:
            body |= _rare(links, attributes_lost, events_lost, links_lost)
        if message:
            body["status_message"] = message
        trace_id, span_id, _, flags, trace_state, _ = context
        if trace_state:
            body["trace_state"] = trace_state.to_header()
        ids = f'{{"trace_id":"{trace_id.to_bytes(16, "big").hex()}","span_id":{span_id}'
        if parent is not None:
            remote = "true" if parent[2] else "false"
            ids += f',"parent_span_id":{parent[1]},"parent_is_remote":{remote}'
        times = f'"start_time_unix_nano":{"null" if start is None else start}'
        if end is not None:
            times += f',"end_time_unix_nano":{end}'
        head = f'{ids},{times},"flags":{int(flags)},{mark}"kind":"{kind}","status_code":"{status}",'
        return head.encode(), body, origin.ending

    return record


def _properties(span: ReadableSpan) -> tuple[Any, ...]:
    """Return what `_fields` does, by public means."""
    return (
        span.context,
        span.parent,
        span.name,
        span.kind.name,
        span.status.status_code.name,
        span.status.description,
        span.start_time,
        span.end_time,
        plain_dict(span.attributes or {}),
        span.dropped_attributes,
        span.events,
        span.dropped_events,
        span.links,
        span.dropped_links,
        span.resource,
        span.instrumentation_scope,
    )


def _rare(links: Any, attributes_lost: int, events_lost: int, links_lost: int) -> dict[str, Any]:
    parts = {
        "links": [_link(link) for link in tuple(links)],
        "dropped_attributes_count": attributes_lost,
        "dropped_events_count": events_lost,
        "dropped_links_count": links_lost,
    }
    return {name: part for name, part in parts.items() if part}


def _event(event: Event) -> dict[str, Any]:
    try:
        name, moment, attributes, dropped = _event_fields(event)
    except AttributeError:
        name, moment, dropped = event.name, event.timestamp, event.dropped_attributes
        attributes = plain_dict(event.attributes or {})
    encoded: dict[str, Any] = {"name": name, "time_unix_nano": moment, "attributes": attributes}
    if dropped:
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
