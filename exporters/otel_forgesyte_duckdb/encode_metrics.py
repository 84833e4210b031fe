"""Metric points of every type as lines, one point a line, its exemplars inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)

from otel_forgesyte_duckdb.origins import plain_dict
from otel_forgesyte_duckdb.sanitize import json_double

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.metrics import Exemplar
    from opentelemetry.sdk.metrics.export import MetricsData

    from otel_forgesyte_duckdb.lines import Record
    from otel_forgesyte_duckdb.origins import Origin, Origins

Point = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint
MetricPoint = tuple[Metric, Point, "Origin"]

_TYPE = {
    Sum: "sum",
    Gauge: "gauge",
    Histogram: "histogram",
    ExponentialHistogram: "exponential_histogram",
}
_TEMPORALITY = {
    AggregationTemporality.DELTA: "delta",
    AggregationTemporality.CUMULATIVE: "cumulative",
}
_LEAST_INT, _MOST_INT = -(2**63), 2**63 - 1  # otel.metric_points.value_int is a BIGINT


def metric_points(data: MetricsData, origins: Origins) -> Iterator[MetricPoint]:
    """Yield every point with its metric and origin."""
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            origin = origins.of(resource.resource, scope.scope, resource.schema_url)
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    yield metric, point, origin


def metric_encoder(used: Callable[[Origin], None]) -> Callable[[MetricPoint], Record]:
    """Return a function from a point to its `Record`; `used` hears of each origin."""

    def record(item: MetricPoint) -> Record:
        metric, point, origin = item
        used(origin)
        body: dict[str, Any] = {
            "metric_name": metric.name,
            "description": metric.description or "",
            "unit": metric.unit or "",
            "metric_type": _TYPE[type(metric.data)],
            "time_unix_nano": point.time_unix_nano,
            "attributes": plain_dict(point.attributes or {}),
        }
        # Null for gauges, and for points with no start (the SDK allows it for some observables).
        if point.start_time_unix_nano:
            body["start_time_unix_nano"] = point.start_time_unix_nano
        if not isinstance(metric.data, Gauge):
            body["temporality"] = _TEMPORALITY[metric.data.aggregation_temporality]
        if isinstance(metric.data, Sum):
            body["is_monotonic"] = metric.data.is_monotonic
        body |= _values(point)
        if point.exemplars:
            body["exemplars"] = [_exemplar(exemplar) for exemplar in point.exemplars]
        return b"{", body, origin.ending

    return record


def _values(point: Point) -> dict[str, Any]:
    if isinstance(point, NumberDataPoint):
        return _number(point.value)
    common = {
        "count": point.count,
        "sum": json_double(point.sum),
        "min": json_double(point.min),
        "max": json_double(point.max),
    }
    if isinstance(point, HistogramDataPoint):
        return common | {
            "bucket_counts": list(point.bucket_counts),
            "explicit_bounds": [json_double(bound) for bound in point.explicit_bounds],
        }
    return common | {
        "scale": point.scale,
        "zero_count": point.zero_count,
        "positive_offset": point.positive.offset,
        "positive_bucket_counts": list(point.positive.bucket_counts),
        "negative_offset": point.negative.offset,
        "negative_bucket_counts": list(point.negative.bucket_counts),
        "flags": point.flags,
    }


def _number(value: float) -> dict[str, Any]:
    if isinstance(value, int) and _LEAST_INT <= value <= _MOST_INT:
        return {"value_int": value}
    return {"value_double": json_double(float(value))}


def _exemplar(exemplar: Exemplar) -> dict[str, Any]:
    encoded: dict[str, Any] = {
        "time_unix_nano": exemplar.time_unix_nano,
        "value": json_double(exemplar.value),
        "filtered_attributes": plain_dict(exemplar.filtered_attributes or {}),
    }
    if exemplar.trace_id:
        encoded["trace_id"] = f"{exemplar.trace_id:032x}"
    if exemplar.span_id:
        encoded["span_id"] = exemplar.span_id
    return encoded
