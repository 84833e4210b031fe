"""Where a record comes from, resource and scope, as a line ending that is built once and reused.

Turning a resource into JSON for each span costs 10 µs; looking up its finished text costs 0.1.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from otel_forgesyte_duckdb.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    from otel_forgesyte_duckdb.lines import LineEncoder

_MOST_CACHED = 512  # distinct (resource, scope) pairs; more means something makes them up


class Origin(NamedTuple):
    """The end of a line, and the resource it refers to; `held` keeps the ids from reuse."""

    ending: bytes
    resource_id: str
    resource_line: bytes
    held: tuple[object, object]


class Origins:
    """Finished line endings by the identity of resource and scope; any thread may ask."""

    def __init__(self, encoder: LineEncoder, *resource_keys: str) -> None:
        self._encoder = encoder
        self._resource_keys = ("service.name", *resource_keys)
        self._known: dict[tuple[int, int, str], Origin] = {}

    def of(
        self, resource: Resource, scope: InstrumentationScope | None, schema_url: str = ""
    ) -> Origin:
        """Return the origin of a record; `schema_url` is the resource's where it comes apart."""
        key = (id(resource), id(scope), schema_url)
        origin = self._known.get(key)
        if origin is None:
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            origin = self._known[key] = self._build(resource, scope, schema_url)
        return origin

    def _build(
        self, resource: Resource, scope: InstrumentationScope | None, schema_url: str
    ) -> Origin:
        return build_origin(
            self._encoder,
            self._resource_keys,
            (schema_url or resource.schema_url, plain_dict(resource.attributes)),
            _scope_fields(scope),
            held=(resource, scope),
        )


def build_origin(
    encoder: LineEncoder,
    resource_keys: Iterable[str],
    resource: tuple[str, dict[str, Any]],
    scope_fields: dict[str, Any],
    held: tuple[object, object] = (None, None),
) -> Origin:
    """Return the origin of a resource (schema URL and attributes) and of a scope's fields."""
    schema_url, resource_attributes = resource
    content = encoder.redacted(
        {"schema_url": schema_url or None, "attributes": resource_attributes}
    )
    line = _canonical(content)
    resource_id = hashlib.md5(line, usedforsecurity=False).hexdigest()
    attributes: Any = content.get("attributes") or {}
    fields: dict[str, Any] = {"resource": resource_id}
    for name in resource_keys:
        fields[name.replace(".", "_")] = attributes.get(name)
    fields |= encoder.redacted(scope_fields)
    return Origin(
        ending=b"," + _canonical(fields)[1:] + b"\n",
        resource_id=resource_id,
        resource_line=b'{"resource":"%b",%b\n' % (resource_id.encode(), line[1:]),
        held=held,
    )


def plain_dict(attributes: Any) -> dict[str, Any]:
    """Return attributes as a dict of their own, so that nothing changes while it is encoded."""
    # BoundedAttributes.copy() copies its dict in C; iterating it goes through Python for each key.
    plain: dict[str, Any] = attributes.copy() if hasattr(attributes, "copy") else dict(attributes)
    return plain


def _scope_fields(scope: InstrumentationScope | None) -> dict[str, Any]:
    if scope is None:
        return {}
    return {
        "scope_name": scope.name,
        "scope_version": scope.version or None,
        "scope_schema_url": scope.schema_url or None,
        "scope_attributes": plain_dict(scope.attributes) if scope.attributes else None,
    }


def _canonical(content: dict[str, Any]) -> bytes:
    # Sorted keys: the same resource has the same hash in every process. Absent means no key.
    present = {key: value for key, value in content.items() if value is not None}
    return orjson.dumps(sanitize(present), option=orjson.OPT_SORT_KEYS)
