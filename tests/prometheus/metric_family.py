"""Reads ``io.prometheus.client.MetricFamily`` with protobuf's library, from the published fields.

https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, unknown_fields

_PACKAGE = "io.prometheus.client"
_TYPES = {
    "string": 9,
    "double": 1,
    "uint64": 4,
    "sint32": 17,
    "sint64": 18,
    "uint32": 13,
    "int64": 3,
}
# Field, number, type (a scalar, or one of these messages), whether it is repeated.
_MESSAGES: dict[str, list[tuple[str, int, str, bool]]] = {
    "LabelPair": [("name", 1, "string", False), ("value", 2, "string", False)],
    "Time": [("seconds", 1, "int64", False), ("nanos", 2, "int64", False)],
    "Exemplar": [
        ("label", 1, "LabelPair", True), ("value", 2, "double", False),
        ("timestamp", 3, "Time", False),
    ],
    "Gauge": [("value", 1, "double", False)],
    "Counter": [("value", 1, "double", False), ("exemplar", 2, "Exemplar", False)],
    "Untyped": [("value", 1, "double", False)],
    "Bucket": [
        ("cumulative_count", 1, "uint64", False), ("upper_bound", 2, "double", False),
        ("exemplar", 3, "Exemplar", False),
    ],
    "BucketSpan": [("offset", 1, "sint32", False), ("length", 2, "uint32", False)],
    "Histogram": [
        ("sample_count", 1, "uint64", False), ("sample_sum", 2, "double", False),
        ("bucket", 3, "Bucket", True), ("schema", 5, "sint32", False),
        ("zero_threshold", 6, "double", False), ("zero_count", 7, "uint64", False),
        ("negative_span", 9, "BucketSpan", True), ("negative_delta", 10, "sint64", True),
        ("positive_span", 12, "BucketSpan", True), ("positive_delta", 13, "sint64", True),
    ],
    "Metric": [
        ("label", 1, "LabelPair", True), ("gauge", 2, "Gauge", False),
        ("counter", 3, "Counter", False), ("untyped", 5, "Untyped", False),
        ("histogram", 7, "Histogram", False),
    ],
    "MetricFamily": [
        ("name", 1, "string", False), ("help", 2, "string", False), ("type", 3, "uint32", False),
        ("metric", 4, "Metric", True), ("unit", 5, "string", False),
    ],
}  # fmt: skip


def _family_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="metrics.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, is_repeated in fields:
            made: Any = message.field.add(name=field, number=number, label=3 if is_repeated else 1)
            made.type = _TYPES.get(kind, 11)
            if kind not in _TYPES:
                made.type_name = f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.MetricFamily")
    return message_factory.GetMessageClass(found)


_FAMILY = _family_class()


def read_families(page: bytes) -> dict[str, Any]:
    """The messages of a page by name; each stands after its length."""
    families: dict[str, Any] = {}
    at = 0
    while at < len(page):
        length = shift = 0
        while True:
            byte = page[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        family = _FAMILY.FromString(page[at : at + length])
        assert family.name not in families
        assert not len(unknown_fields.UnknownFieldSet(family))
        families[family.name] = family
        at += length
    return families
