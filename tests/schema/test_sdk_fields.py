"""Full fidelity: every field of the installed SDK's records has a column that holds it.

The SDK gains fields (1.45 brought nested attributes, earlier ones `event_name`); what no column
holds would be lost without a word. So each field is mapped here to its column, and a field this map
does not know fails the test. Fields that hold no data of their own are listed with the reason.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="DuckDB alone is installed here")

from opentelemetry import trace
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

if TYPE_CHECKING:
    from tests.schema.conftest import Store

Held = dict[str, str]

# Parts that several records share. A dot leads into the fields of a STRUCT.
RESOURCE: Held = {
    "attributes": "resources.attributes",
    "schema_url": "resources.schema_url",
}


def scope(table: str) -> Held:
    return {
        "name": f"{table}.scope_name",
        "version": f"{table}.scope_version",
        "schema_url": f"{table}.scope_schema_url",
        "attributes": f"{table}.scope_attributes",
    }


SPAN_CONTEXT: Held = {
    "trace_id": "spans.trace_id",
    "span_id": "spans.span_id",
    "trace_flags": "spans.flags",
    "trace_state": "spans.trace_state",
}
SPAN: Held = {
    "name": "spans.name",
    "context": "spans.trace_id",  # its fields: SPAN_CONTEXT
    "kind": "spans.kind",
    "parent": "spans.parent_span_id",  # its fields: PARENT_CONTEXT, PARENT_ORIGIN
    "start_time": "spans.start_time_unix_nano",
    "end_time": "spans.duration_ns",
    "status": "spans.status_code",  # its fields: STATUS
    "attributes": "spans.attributes",
    "events": "spans.events",  # its fields: EVENT
    "links": "spans.links",  # its fields: LINK
    "resource": "spans.resource_id",
    "instrumentation_scope": "spans.scope_name",
    "dropped_attributes": "spans.dropped_attributes_count",
    "dropped_events": "spans.dropped_events_count",
    "dropped_links": "spans.dropped_links_count",
}
PARENT_CONTEXT: Held = {
    "trace_id": "spans.trace_id",  # a child is in its parent's trace
    "span_id": "spans.parent_span_id",
    "trace_flags": "spans.flags",
    "trace_state": "spans.trace_state",  # handed down to the child
}
PARENT_ORIGIN: Held = {"is_remote": "spans.parent_is_remote"}
STATUS: Held = {"status_code": "spans.status_code", "description": "spans.status_message"}
EVENT: Held = {
    "name": "spans.events.name",
    "timestamp": "spans.events.time_unix_nano",
    "attributes": "spans.events.attributes",
    "dropped_attributes": "spans.events.dropped_attributes_count",
}
LINK: Held = {
    "context": "spans.links.trace_id",  # its fields: LINK_CONTEXT
    "attributes": "spans.links.attributes",
    "dropped_attributes": "spans.links.dropped_attributes_count",
}
LINK_CONTEXT: Held = {
    "trace_id": "spans.links.trace_id",
    "span_id": "spans.links.span_id",
    "trace_flags": "spans.links.flags",
    "trace_state": "spans.links.trace_state",
}
METRIC: Held = {
    "name": "metric_points.name",
    "description": "metric_points.description",
    "unit": "metric_points.unit",
    "data": "metric_points.metric_type",
}
DATA: Held = {
    "data_points": "metric_points.time_unix_nano",  # one row each
    "aggregation_temporality": "metric_points.aggregation_temporality",
    "is_monotonic": "metric_points.is_monotonic",
}
POINT: Held = {
    "attributes": "metric_points.attributes",
    "start_time_unix_nano": "metric_points.start_time_unix_nano",
    "time_unix_nano": "metric_points.time_unix_nano",
    "exemplars": "metric_points.exemplars",
}
NUMBER: Held = {**POINT, "value": "metric_points.double_value"}  # or int_value
DISTRIBUTION: Held = {
    **POINT,
    "count": "metric_points.count",
    "sum": "metric_points.sum",
    "min": "metric_points.min",
    "max": "metric_points.max",
}
HISTOGRAM: Held = {
    **DISTRIBUTION,
    "bucket_counts": "metric_points.bucket_counts",
    "explicit_bounds": "metric_points.explicit_bounds",
}
EXPONENTIAL: Held = {
    **DISTRIBUTION,
    "scale": "metric_points.scale",
    "zero_count": "metric_points.zero_count",
    "positive": "metric_points.positive_offset",  # its fields: POSITIVE
    "negative": "metric_points.negative_offset",  # its fields: NEGATIVE
    "flags": "metric_points.flags",
}
POSITIVE: Held = {
    "offset": "metric_points.positive_offset",
    "bucket_counts": "metric_points.positive_bucket_counts",
}
NEGATIVE: Held = {
    "offset": "metric_points.negative_offset",
    "bucket_counts": "metric_points.negative_bucket_counts",
}
EXEMPLAR: Held = {
    "filtered_attributes": "metric_points.exemplars.filtered_attributes",
    "value": "metric_points.exemplars.value",
    "time_unix_nano": "metric_points.exemplars.time_unix_nano",
    "span_id": "metric_points.exemplars.span_id",
    "trace_id": "metric_points.exemplars.trace_id",
}
SCOPE_METRICS: Held = {
    "scope": "metric_points.scope_name",
    "metrics": "metric_points.name",  # one row per point of each
    "schema_url": "metric_points.scope_schema_url",
}
RESOURCE_METRICS: Held = {
    "resource": "metric_points.resource_id",
    "scope_metrics": "metric_points.scope_name",
    "schema_url": "resources.schema_url",
}
READABLE_LOG: Held = {
    "log_record": "logs.body",  # its fields: LOG
    "resource": "logs.resource_id",
    "instrumentation_scope": "logs.scope_name",
    "dropped_attributes": "logs.dropped_attributes_count",
}
LOG: Held = {
    "timestamp": "logs.time_unix_nano",
    "observed_timestamp": "logs.observed_time_unix_nano",
    "trace_id": "logs.trace_id",
    "span_id": "logs.span_id",
    "trace_flags": "logs.flags",
    "severity_text": "logs.severity_text",
    "severity_number": "logs.severity_number",
    "body": "logs.body",
    "attributes": "logs.attributes",
    "event_name": "logs.event_name",
}

MAPS = [
    RESOURCE,
    SPAN_CONTEXT,
    SPAN,
    PARENT_CONTEXT,
    PARENT_ORIGIN,
    STATUS,
    EVENT,
    LINK,
    LINK_CONTEXT,
    METRIC,
    DATA,
    NUMBER,
    HISTOGRAM,
    EXPONENTIAL,
    POSITIVE,
    NEGATIVE,
    EXEMPLAR,
    SCOPE_METRICS,
    RESOURCE_METRICS,
    READABLE_LOG,
    LOG,
]

NO_DATA = {
    ReadableSpan: {"instrumentation_info": "the deprecated form of instrumentation_scope"},
    trace.SpanContext: {
        "is_valid": "computed from the ids",
        "is_remote": "asked of a parent only (PARENT_ORIGIN): a span's own context is never remote,"
        " and a link's target is told by its ids",
    },
    trace.Status: {
        "is_ok": "computed from the code",
        "is_unset": "computed from the code",
    },
    ReadableLogRecord: {"limits": "settings of the SDK, applied before we see the record"},
    LogRecord: {
        "context": "where trace_id, span_id and trace_flags come from",
        "exception": "becomes the exception.* attributes",
    },
}


def properties(kind: type[Any]) -> set[str]:
    return {
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if isinstance(value, property) and not name.startswith("_")
    }


def fields(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def public_attributes(instance: object) -> set[str]:
    return {name for name in vars(instance) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("kind", "found", "held"),
    [
        (ReadableSpan, properties(ReadableSpan), SPAN),
        (trace.SpanContext, properties(trace.SpanContext), SPAN_CONTEXT),
        (trace.SpanContext, properties(trace.SpanContext), LINK_CONTEXT),
        (trace.SpanContext, properties(trace.SpanContext), PARENT_CONTEXT),
        (trace.Status, properties(trace.Status), STATUS),
        (Event, properties(Event), EVENT),
        (trace.Link, properties(trace.Link), LINK),
        (Resource, properties(Resource), RESOURCE),
        (InstrumentationScope, properties(InstrumentationScope), scope("spans")),
        (InstrumentationScope, properties(InstrumentationScope), scope("metric_points")),
        (InstrumentationScope, properties(InstrumentationScope), scope("logs")),
        (Metric, fields(Metric), METRIC),
        (Sum, fields(Sum), DATA),
        (Gauge, fields(Gauge), {"data_points": DATA["data_points"]}),
        (NumberDataPoint, fields(NumberDataPoint), NUMBER),
        (HistogramDataPoint, fields(HistogramDataPoint), HISTOGRAM),
        (ExponentialHistogramDataPoint, fields(ExponentialHistogramDataPoint), EXPONENTIAL),
        (Exemplar, fields(Exemplar), EXEMPLAR),
        (ScopeMetrics, fields(ScopeMetrics), SCOPE_METRICS),
        (ResourceMetrics, fields(ResourceMetrics), RESOURCE_METRICS),
        (
            ReadableLogRecord,
            fields(ReadableLogRecord) | properties(ReadableLogRecord),
            READABLE_LOG,
        ),
        (LogRecord, public_attributes(LogRecord()), LOG),
    ],
)
def test_every_field_the_sdk_has_is_one_that_a_column_holds(
    kind: type[Any], found: set[str], held: Held
) -> None:
    assert found - set(NO_DATA.get(kind, {})) == set(held)


@pytest.mark.parametrize("kind", [Histogram, ExponentialHistogram])
def test_a_distribution_says_nothing_beside_its_points_but_its_temporality(kind: Any) -> None:
    assert fields(kind) == {"data_points", "aggregation_temporality"}


def test_the_buckets_of_an_exponential_histogram_are_held_on_both_sides() -> None:
    assert fields(Buckets) == set(POSITIVE) == set(NEGATIVE)


def test_every_column_the_map_names_is_there(store: Store) -> None:
    columns = {
        f"{table}.{column}": data_type
        for table, column, data_type in store.rows(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = 'db' AND schema_name = 'otel'"
        )
    }
    maps = [*MAPS, *(scope(table) for table in ("spans", "metric_points", "logs"))]
    named = {column for held in maps for column in held.values()}

    assert len(named) > 60
    for path in named:
        table, column, *inside = path.split(".")
        data_type = columns[f"{table}.{column}"].replace('"', "")
        assert all(f"{field} " in data_type for field in inside), path
