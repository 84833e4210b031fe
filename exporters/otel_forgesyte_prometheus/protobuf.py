"""Families as ``io.prometheus.client.MetricFamily`` messages, each after its length.

Written by hand: the messages are few and do not change, prometheus_client writes none, and
generated code would bind applications to a version of protobuf. It is what Prometheus asks for when
it is to store native histograms. The field numbers are those of
https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.families import SAMPLE_SUFFIX, Buckets, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric

    from otel_forgesyte_prometheus.families import Family, Number, Trace
    from otel_forgesyte_prometheus.native import Native

_COUNTER, _GAUGE, _UNTYPED, _HISTOGRAM = 0, 1, 3, 4
_TYPES: Final = {Kind.COUNTER: _COUNTER, Kind.GAUGE: _GAUGE, Kind.INFO: _GAUGE}
# Where a metric of each type has its value: Metric.counter, .gauge and .untyped.
_VALUE_FIELD: Final = {_COUNTER: 3, _GAUGE: 2, _UNTYPED: 5}
_VARINT, _FIXED64, _BYTES = 0, 1, 2


def protobuf_page(families: Iterable[Family]) -> bytes:
    """All families as one page."""
    return b"".join(_delimited(_family(family)) for family in families)


def _family(family: Family) -> bytes:
    name = family.name + SAMPLE_SUFFIX[family.kind]
    type_number = _TYPES.get(family.kind, _HISTOGRAM)
    parts = [_head(name, family.description, type_number)]
    for pairs, point in family.series.values():
        labels = _labels(pairs)
        if isinstance(point, Buckets):
            parts.append(_message(4, labels + _message(7, _histogram(point))))
        else:
            field = _VALUE_FIELD[type_number]
            value = _number(point, with_exemplar=type_number == _COUNTER)
            parts.append(_message(4, labels + _message(field, value)))
    if family.unit:
        parts.append(_text(5, family.unit))
    return b"".join(parts)


def protobuf_guest(metric: Metric) -> bytes:
    """A family of prometheus_client's, as more of the page.

    It is one family for each sample name: what is stored is the same, without the guest's types.
    """
    plain = {"counter": _COUNTER, "gauge": _GAUGE}.get(metric.type, _UNTYPED)
    values: dict[str, list[bytes]] = {}
    for sample in metric.samples:
        is_extra = plain == _COUNTER and not sample.name.endswith("_total")
        number = _UNTYPED if is_extra else plain
        value = _message(_VALUE_FIELD[number], _double(1, float(sample.value)))
        one = _message(4, _labels(sorted(sample.labels.items())) + value)
        values.setdefault(sample.name, [_head(sample.name, metric.documentation, number)]).append(
            one
        )
    return b"".join(_delimited(b"".join(parts)) for parts in values.values())


def _delimited(message: bytes) -> bytes:
    return _varint(len(message)) + message


def _head(name: str, description: str, type_number: int) -> bytes:
    told = _text(2, description) if description else b""
    return _text(1, name) + told + _unsigned(3, type_number)


def _number(point: Number, *, with_exemplar: bool) -> bytes:
    value = _double(1, float(point.value))
    if with_exemplar and point.exemplar is not None:
        value += _message(2, _exemplar(point.exemplar))
    return value


def _histogram(point: Buckets) -> bytes:
    parts = [_unsigned(1, point.counts[-1])]
    if point.total is not None:
        parts.append(_double(2, float(point.total)))
    marks = dict(point.exemplars)
    for index, (bound, count) in enumerate(
        zip((*point.bounds, float("inf")), point.counts, strict=True)
    ):
        bucket = _unsigned(1, count) + _double(2, float(bound))
        if index in marks:
            bucket += _message(3, _exemplar(marks[index]))
        parts.append(_message(3, bucket))
    if point.native is not None:
        parts.append(_sparse(point.native))
    return b"".join(parts)


def _sparse(native: Native) -> bytes:
    parts = [_signed(5, native.scale), _double(6, 0.0), _unsigned(7, native.zero_count)]
    for (first, counts), span_field, delta_field in (
        (native.negative, 9, 10),
        (native.positive, 12, 13),
    ):
        if counts:
            parts.append(_message(span_field, _signed(1, first) + _unsigned(2, len(counts))))
            before = (0, *counts[:-1])
            steps = [now - then for now, then in zip(counts, before, strict=True)]
            parts += [_signed(delta_field, step) for step in steps]
    if not native.positive[1] and not native.negative[1]:
        # An empty span tells a native histogram without values from one that is not native.
        parts.append(_message(12, _signed(1, 0) + _unsigned(2, 0)))
    return b"".join(parts)


def _exemplar(trace: Trace) -> bytes:
    seconds, rest = divmod(round(trace.time_s * 1e9), 1_000_000_000)
    time = _unsigned(1, seconds) + _unsigned(2, rest)
    return _labels(trace.labels) + _double(2, float(trace.value)) + _message(3, time)


def _labels(pairs: Iterable[tuple[str, str]]) -> bytes:
    return b"".join([_message(1, _text(1, name) + _text(2, value)) for name, value in pairs])


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode("utf-8", "replace"))


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _unsigned(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _signed(field: int, value: int) -> bytes:
    # ZigZag: small numbers of either sign are short.
    return _unsigned(field, value << 1 if value >= 0 else (-value << 1) - 1)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | _FIXED64) + struct.pack("<d", value)


def _varint(value: int) -> bytes:
    if value < 0x80:  # noqa: PLR2004 - what fits into one byte of seven bits
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
