"""What all signals share on their way in: values, ids, and where records come from."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from otel_forgesyte_duckdb.origins import Origin, build_origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    from otel_forgesyte_duckdb.lines import LineEncoder

_MOST_KNOWN = 512
_LARGEST_KNOWN = 65_536  # bytes; a larger origin is built each time rather than kept
_LATEST = 2**63 - 2  # nanoseconds: one more is infinity to DuckDB, and no other type's timestamp


def any_value(value: AnyValue) -> Any:
    """Return a value as the SDK holds it: text, numbers, bytes, lists, dicts, None."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    if kind == "array_value":
        return [any_value(item) for item in value.array_value.values]
    return None if kind is None else getattr(value, kind)


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Return key-value pairs as a dict, in their order."""
    return {pair.key: any_value(pair.value) for pair in pairs}


def trace_id_text(trace_id: bytes, *, what: str = "trace_id") -> str:
    """Return an id of 16 bytes in hex.

    Raises:
        ValueError: it has another length.
    """
    if len(trace_id) != 16:  # noqa: PLR2004 - the data model's own number
        raise ValueError(f"{what} has {len(trace_id)} bytes, not 16")
    return trace_id.hex()


def span_id_number(span_id: bytes, *, what: str = "span_id") -> int:
    """Return an id of 8 bytes as the number the database keeps.

    Raises:
        ValueError: it has another length.
    """
    if len(span_id) != 8:  # noqa: PLR2004 - the data model's own number
        raise ValueError(f"{what} has {len(span_id)} bytes, not 8")
    return int.from_bytes(span_id, "big")


def optional_ids(trace_id: bytes, span_id: bytes) -> dict[str, Any]:
    """Return the ids of a record that may belong to no span; invalid ones count as absent."""
    ids: dict[str, Any] = {}
    if len(trace_id) == 16 and any(trace_id):  # noqa: PLR2004
        ids["trace_id"] = trace_id.hex()
    if len(span_id) == 8 and any(span_id):  # noqa: PLR2004
        ids["span_id"] = int.from_bytes(span_id, "big")
    return ids


def moment(unix_nano: int, what: str) -> int:
    """Return a time that the database can hold.

    Raises:
        ValueError: it lies beyond the year 2262.
    """
    if unix_nano > _LATEST:
        raise ValueError(f"{what} is {unix_nano}, later than a timestamp can be")
    return unix_nano


class OriginsByContent:
    """Line endings by what resource and scope say: each request brings new objects for the same."""

    def __init__(self, encoder: LineEncoder, *resource_keys: str) -> None:
        self._encoder = encoder
        self._resource_keys = ("service.name", *resource_keys)
        self._known: dict[bytes, Origin] = {}
        self._lock = threading.Lock()

    def of(
        self, resource: Resource, schema_url: str, scope: InstrumentationScope, scope_url: str
    ) -> Origin:
        """Return the origin of the records of one scope."""
        parts = (
            resource.SerializeToString(),
            schema_url.encode(),
            scope.SerializeToString(),
            scope_url.encode(),
        )
        size = sum(map(len, parts))
        if size > _LARGEST_KNOWN:
            return self._build(resource, schema_url, scope, scope_url)
        # Lengths first, so that no two origins have the same text.
        lengths = b"%d,%d,%d,%d:" % tuple(map(len, parts))
        key = hashlib.sha256(lengths + b"".join(parts)).digest()
        origin = self._known.get(key)
        if origin is None:
            origin = self._build(resource, schema_url, scope, scope_url)
            with self._lock:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[key] = origin
        return origin

    def _build(
        self, resource: Resource, schema_url: str, scope: InstrumentationScope, scope_url: str
    ) -> Origin:
        return build_origin(
            self._encoder,
            self._resource_keys,
            (schema_url, attributes(resource.attributes)),
            {
                "scope_name": scope.name or None,
                "scope_version": scope.version or None,
                "scope_schema_url": scope_url or None,
                "scope_attributes": attributes(scope.attributes) or None,
            },
        )
