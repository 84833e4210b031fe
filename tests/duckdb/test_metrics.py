"""Metric points of every type, as the SDK hands them over."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import Exemplar, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    PeriodicExportingMetricReader,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from tests.duckdb.conftest import RESOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.duckdb.conftest import Target

CUMULATIVE = AggregationTemporality.CUMULATIVE


def _provider(exporter: MetricExporter, *views: View) -> MeterProvider:
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=math.inf)
    return MeterProvider([reader], resource=RESOURCE, views=views, shutdown_on_exit=False)


def _data(data: Sum | Gauge | Histogram, name: str = "m") -> MetricsData:
    scope = ScopeMetrics(InstrumentationScope("lib", "1"), [Metric(name, None, None, data)], "")
    return MetricsData([ResourceMetrics(RESOURCE, [scope], "")])


def test_counters_come_as_deltas_and_up_down_counters_as_totals(target: Target) -> None:
    provider = _provider(target.metrics())
    meter = provider.get_meter("lib", "1")
    counter = meter.create_counter("sold", unit="{item}", description="Items sold")
    stock = meter.create_up_down_counter("stock")
    for _ in range(2):
        counter.add(3, {"colour": "red"})
        stock.add(3)
        assert provider.force_flush()
    assert target.made[0].force_flush()
    assert target.query("""
        SELECT name, unit, description, metric_type, aggregation_temporality, is_monotonic,
            int_value, attributes->>'colour', service_name, service_instance_id, scope_name
        FROM otel.metric_points ORDER BY name, int_value
    """) == [
        *[("sold", "{item}", "Items sold", "sum", "delta", True, 3, "red", "shop", "shop-1", "lib")]
        * 2,
        ("stock", "", "", "sum", "cumulative", False, 3, None, "shop", "shop-1", "lib"),
        ("stock", "", "", "sum", "cumulative", False, 6, None, "shop", "shop-1", "lib"),
    ]
    provider.shutdown()


def test_a_gauge_has_a_value_and_no_temporality(target: Target) -> None:
    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(21.5)]

    provider = _provider(target.metrics())
    provider.get_meter("lib").create_observable_gauge("heat", [observe])
    assert provider.force_flush()
    assert target.made[0].force_flush()
    assert target.query("""
        SELECT metric_type, double_value, int_value, aggregation_temporality, is_monotonic
        FROM otel.metric_points
    """) == [("gauge", 21.5, None, None, None)]
    provider.shutdown()


def test_a_histogram_keeps_buckets_bounds_and_extremes(target: Target) -> None:
    provider = _provider(target.metrics())
    histogram = provider.get_meter("lib").create_histogram(
        "took", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1.0]
    )
    for value in (0.05, 0.5, 0.6, 7.0):
        histogram.record(value)
    assert provider.force_flush()
    assert target.made[0].force_flush()
    assert target.query("""
        SELECT metric_type, aggregation_temporality, count, sum, min, max, bucket_counts,
            explicit_bounds, start_time_unix_nano <= time_unix_nano
        FROM otel.metric_points
    """) == [("histogram", "delta", 4, 8.15, 0.05, 7.0, [1, 2, 1], [0.1, 1.0], True)]
    provider.shutdown()


def test_an_exponential_histogram_keeps_its_scale_and_both_sides(target: Target) -> None:
    view = View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation())
    provider = _provider(target.metrics(), view)
    histogram = provider.get_meter("lib").create_histogram("took")
    for value in (0.0, 1.5, 3.0):
        histogram.record(value)
    assert provider.force_flush()
    assert target.made[0].force_flush()
    [row] = target.query("""
        SELECT metric_type, count, sum, zero_count, flags, list_sum(positive_bucket_counts),
            scale, positive_offset, negative_bucket_counts IS NOT NULL, negative_offset
        FROM otel.metric_points
    """)
    assert row[:6] == ("exponential_histogram", 3, 4.5, 1, 0, 2)
    assert row[6] > 0
    assert row[8:] == (True, 0)
    provider.shutdown()


def test_exemplars_come_with_their_trace_and_filtered_attributes(target: Target) -> None:
    exemplars = [
        Exemplar({"frame": 3}, 0.25, 1_000, span_id=2**64 - 1, trace_id=7),
        Exemplar(None, 4, 2_000),
    ]
    point = HistogramDataPoint({}, 1, 2, 2, 4.25, [2], [], 0.25, 4, exemplars)
    exporter = target.metrics()
    exporter.export(_data(Histogram([point], CUMULATIVE)))
    assert exporter.force_flush()
    [(found,)] = target.query("""
        SELECT [{moment: epoch_ns(e.time_unix_nano), value: e.value, trace_id: e.trace_id,
            span_id: e.span_id, attributes: e.filtered_attributes} FOR e IN exemplars]
        FROM otel.metric_points
    """)
    assert [{**e, "attributes": json.loads(e["attributes"])} for e in found] == [
        {
            "moment": 1_000,
            "value": 0.25,
            "trace_id": UUID(int=7),
            "span_id": 2**64 - 1,
            "attributes": {"frame": 3},
        },
        {"moment": 2_000, "value": 4.0, "trace_id": None, "span_id": None, "attributes": {}},
    ]


@pytest.mark.parametrize(
    ("value", "as_int", "as_double"),
    [
        (2**63 - 1, 2**63 - 1, None),
        (2**63, None, float(2**63)),
        (-(2**70), None, -float(2**70)),
        (math.inf, None, math.inf),
        (1.5, None, 1.5),
    ],
)
def test_numbers_of_any_size_are_stored(
    target: Target, value: float, as_int: int | None, as_double: float | None
) -> None:
    exporter = target.metrics()
    exporter.export(_data(Sum([NumberDataPoint({}, 1, 2, value)], CUMULATIVE, is_monotonic=True)))
    assert exporter.force_flush()
    assert target.query("SELECT int_value, double_value FROM otel.metric_points") == [
        (as_int, as_double)
    ]


def test_nan_and_the_empty_histograms_infinite_extremes_are_stored(target: Target) -> None:
    exporter = target.metrics()
    point = HistogramDataPoint({}, 1, 2, 0, math.nan, [0], [], math.inf, -math.inf)
    exporter.export(_data(Histogram([point], CUMULATIVE)))
    assert exporter.force_flush()
    [(total, least, most)] = target.query("SELECT sum, min, max FROM otel.metric_points")
    assert math.isnan(total)
    assert (least, most) == (math.inf, -math.inf)


def test_no_points_is_a_success_that_writes_nothing(undrained: Target) -> None:
    assert undrained.metrics().export(MetricsData([])) is MetricExportResult.SUCCESS
    assert undrained.segments() == []


def test_every_field_of_every_point_type_is_known() -> None:
    """Fails when the SDK gains a field that nothing here stores."""
    from dataclasses import fields

    from opentelemetry.sdk.metrics.export import ExponentialHistogramDataPoint

    known: dict[Any, set[str]] = {
        NumberDataPoint: {"value"},
        HistogramDataPoint: {"count", "sum", "bucket_counts", "explicit_bounds", "min", "max"},
        ExponentialHistogramDataPoint: {
            *("count", "sum", "scale", "zero_count", "positive", "negative", "flags", "min", "max")
        },
    }
    common = {"attributes", "start_time_unix_nano", "time_unix_nano", "exemplars"}
    for point, more in known.items():
        assert {field.name for field in fields(point)} == common | more
    assert {field.name for field in fields(Exemplar)} == {
        *("filtered_attributes", "value", "time_unix_nano", "span_id", "trace_id")
    }
