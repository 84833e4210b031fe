"""OTLP metric points of every type as the lines that the metric exporter writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_forgesyte.serving.otlp_values import (
    OriginsByContent,
    attributes,
    moment,
    optional_ids,
)
from otel_forgesyte_duckdb.sanitize import json_double

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar, Metric

    from otel_forgesyte_duckdb.lines import Record
    from otel_forgesyte_duckdb.origins import Origin

_TEMPORALITY = (None, "delta", "cumulative")


def metric_points(
    request: ExportMetricsServiceRequest, origins: OriginsByContent
) -> Iterator[tuple[Metric, Any, Origin]]:
    """Yield every point with its metric and its origin."""
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            origin = origins.of(
                resource.resource, resource.schema_url, scope.scope, scope.schema_url
            )
            for metric in scope.metrics:
                if kind := metric.WhichOneof("data"):
                    for point in getattr(metric, kind).data_points:
                        yield metric, point, origin


def metric_record(item: tuple[Metric, Any, Origin]) -> Record:
    """Return a point as the parts of its line.

    Raises:
        ValueError: it cannot be stored, and why.
    """
    metric, point, origin = item
    kind = metric.WhichOneof("data") or ""
    if kind == "summary":
        # Quantiles that were made elsewhere cannot be added up or asked again: there is no column.
        raise ValueError("summary points are not stored; send a histogram")
    body: dict[str, Any] = {
        "metric_name": metric.name,
        "description": metric.description,
        "unit": metric.unit,
        "metric_type": kind,
        "time_unix_nano": moment(point.time_unix_nano, "time_unix_nano"),
        "attributes": attributes(point.attributes),
    }
    if point.start_time_unix_nano:
        body["start_time_unix_nano"] = moment(point.start_time_unix_nano, "start_time_unix_nano")
    if kind != "gauge":
        body["temporality"] = _temporality(getattr(metric, kind).aggregation_temporality)
    if kind == "sum":
        body["is_monotonic"] = metric.sum.is_monotonic
    body |= _VALUES[kind](point)
    if point.flags or kind == "exponential_histogram":
        body["flags"] = point.flags
    if point.exemplars:
        body["exemplars"] = [_exemplar(exemplar) for exemplar in point.exemplars]
    return b"{", {key: value for key, value in body.items() if value is not None}, origin.ending


def _temporality(number: int) -> str | None:
    if not 0 <= number < len(_TEMPORALITY):
        raise ValueError(f"aggregation_temporality is {number}, which is none")
    return _TEMPORALITY[number]


def _number(point: Any) -> dict[str, Any]:
    """Return the value; a point that says there is none has neither."""
    kind = point.WhichOneof("value")
    if kind == "as_int":
        return {"value_int": point.as_int}
    return {} if kind is None else {"value_double": json_double(point.as_double)}


def _common(point: Any) -> dict[str, Any]:
    extremes = {
        name: json_double(getattr(point, name))
        for name in ("sum", "min", "max")
        if point.HasField(name)
    }
    return {"count": point.count, **extremes}


def _histogram(point: Any) -> dict[str, Any]:
    return _common(point) | {
        "bucket_counts": list(point.bucket_counts),
        "explicit_bounds": [json_double(bound) for bound in point.explicit_bounds],
    }


def _exponential_histogram(point: Any) -> dict[str, Any]:
    return _common(point) | {
        "scale": point.scale,
        "zero_count": point.zero_count,
        "positive_offset": point.positive.offset,
        "positive_bucket_counts": list(point.positive.bucket_counts),
        "negative_offset": point.negative.offset,
        "negative_bucket_counts": list(point.negative.bucket_counts),
    }


_VALUES = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential_histogram,
}


def _exemplar(exemplar: Exemplar) -> dict[str, Any]:
    kind = exemplar.WhichOneof("value")
    return {
        "time_unix_nano": moment(exemplar.time_unix_nano, "the time of an exemplar"),
        "value": None if kind is None else json_double(getattr(exemplar, kind)),
        "filtered_attributes": attributes(exemplar.filtered_attributes),
    } | optional_ids(exemplar.trace_id, exemplar.span_id)
