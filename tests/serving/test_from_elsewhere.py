"""What another language, another machine or a browser sends in JSON, down to the domain tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.serving.conftest import send_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.serving.conftest import Receiver

TRACE, SPAN, CHILD = "5B8EFFF798038103D269B633813FC60C", "eee19b7ec3c1b174", "eee19b7ec3c1b175"
BEGAN = 1_700_000_000_000_000_000
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "browser"}}]}


def attributes(**values: Any) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    return [
        {"key": f"forgesyte.{name.replace('__', '.')}", "value": {kinds[type(value)]: value}}
        for name, value in values.items()
    ]


def spans(*found: dict[str, Any]) -> dict[str, Any]:
    scope = {"scope": {"name": "web"}, "spans": list(found)}
    return {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [scope]}]}


def span(span_id: str, name: str, ms: int, **more: Any) -> dict[str, Any]:
    times = {"startTimeUnixNano": str(BEGAN), "endTimeUnixNano": str(BEGAN + ms * 1_000_000)}
    return {"traceId": TRACE, "spanId": span_id, "name": name, "kind": 1} | times | more


def test_a_job_of_another_language_lands_in_the_domain_tables(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    job = span(
        SPAN, "render", 250, status={"code": 2, "message": "no canvas"},
        attributes=attributes(
            operation__name="job", job__id="job-7", plugin__name="canvas", device__name="webgpu"
        ),
    )  # fmt: skip
    plugin = span(
        CHILD, "draw", 200, parentSpanId=SPAN, flags=0x301,
        attributes=attributes(
            operation__name="plugin", job__id="job-7", plugin__name="canvas", plugin__tool="draw"
        ),
    )  # fmt: skip
    device = {
        "timeUnixNano": str(BEGAN), "eventName": "forgesyte.device.selected",
        "traceId": TRACE, "spanId": SPAN,
        "attributes": attributes(
            job__id="job-7", device__requested="cuda:0", device__used="cpu"
        ),
    }  # fmt: skip
    frames = [
        {
            "timeUnixNano": BEGAN + index, "asDouble": 0.016, "traceId": TRACE, "spanId": CHILD,
            "filteredAttributes": attributes(
                job__id="job-7", frame__index=index, frame__rate=60.0
            ),
        }
        for index in range(2)
    ]  # fmt: skip
    point = {
        "timeUnixNano": str(BEGAN), "count": "2", "sum": 0.032, "bucketCounts": ["2"],
        "exemplars": frames,
    }  # fmt: skip
    metric = {
        "name": "frames", "unit": "s",
        "histogram": {"aggregationTemporality": 1, "dataPoints": [point]},
    }  # fmt: skip
    logs = {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"logRecords": [device]}]}]}
    metrics = {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"metrics": [metric]}]}]}
    for path, content in (
        ("/v1/traces", spans(job, plugin)), ("/v1/logs", logs), ("/v1/metrics", metrics),
    ):  # fmt: skip
        answer = send_json(receiver.port, path, content)
        assert (answer.status, answer.json) == (200, {})
    receiver.end()

    created = datetime(2023, 11, 14, 22, 13, 20)  # noqa: DTZ001 - the tables keep naive UTC
    ended = created + timedelta(milliseconds=250)
    assert receiver.query("SELECT * EXCLUDE (id) FROM job_metrics") == [
        ("job-7", "canvas", "webgpu", "error", 250, created, ended, "no canvas")
    ]
    assert receiver.query("SELECT * EXCLUDE (id) FROM plugin_metrics") == [
        ("job-7", "canvas", "draw", 200, True, created)
    ]
    assert receiver.query("SELECT * EXCLUDE (id) FROM device_usage") == [
        ("job-7", "gpu", "cpu", True, created)
    ]
    assert receiver.query("SELECT * EXCLUDE (id) FROM overlay_metrics ORDER BY frame_index") == [
        ("job-7", 0, 16, 0, 60.0, created),
        ("job-7", 1, 16, 0, 60.0, created),
    ]
    assert receiver.query(
        "SELECT parent_span_id, parent_is_remote, flags, service_name, scope_name"
        " FROM otel.spans WHERE name = 'draw'"
    ) == [(0xEEE19B7EC3C1B174, True, 1, "browser", "web")]


def test_json_is_read_as_the_protocol_maps_it(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    values: dict[str, Any] = {
        "number as text": {"intValue": "-9223372036854775808"},
        "number": {"intValue": 5},
        "not finite": {"doubleValue": "Infinity"},
        "bytes": {"bytesValue": "AAE="},
        "bytes as in URLs": {"bytesValue": "-_8"},
        "list": {"arrayValue": {"values": [{"stringValue": "a"}, {}]}},
        "map": {"kvlistValue": {"values": [{"key": "deep", "value": {"boolValue": False}}]}},
        "empty": {},
        "empty map": {"kvlistValue": {}},
        "empty list": {"arrayValue": {"values": []}},
        "empty text": {"stringValue": ""},
    }
    found = [{"key": key, "value": value} for key, value in values.items()]
    log: dict[str, Any] = {
        "timeUnixNano": str(BEGAN),
        "severityNumber": 17,
        "body": {
            "kvlistValue": {"values": [{"key": "traceId", "value": {"stringValue": "no hex"}}]}
        },
        "attributes": found,
        "traceId": "00000000000000000000000000000000",
        "spanId": "",
        "fieldOfALaterVersion": {"nested": [1, 2]},
    }
    answer = send_json(
        receiver.port, "/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}
    )
    assert (answer.status, answer.json) == (200, {})
    receiver.end()
    [(severity, body, stored, trace_id, span_id)] = receiver.query(
        "SELECT severity_number, body, attributes, trace_id, span_id FROM otel.logs"
    )
    assert (severity, trace_id, span_id) == (17, None, None)
    assert orjson.loads(body) == {"traceId": "no hex"}
    assert orjson.loads(stored) == {
        "number as text": -(2**63),
        "number": 5,
        "not finite": "Infinity",
        "bytes": {
            "size": 2,
            "sha256": "b413f47d13ee2fe6c845b2ee141af81de858df4ec549a58b7970bb96645bc8d2",
        },
        "bytes as in URLs": {
            "size": 2,
            "sha256": "db8fed54159afe40ace5b49d702259fd88c9c4009307181824487baab5c6bdea",
        },
        "list": ["a", None],
        "map": {"deep": False},
        "empty": None,
        "empty map": {},
        "empty list": [],
        "empty text": "",
    }


def test_points_without_a_value_or_of_odd_numbers_are_stored_as_they_are(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    points = [
        {"timeUnixNano": "1", "flags": 1},
        {"timeUnixNano": "2", "asDouble": "NaN"},
        {"timeUnixNano": "3", "asInt": "9223372036854775807", "startTimeUnixNano": "1"},
    ]
    total = {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}
    sizes = {"aggregationTemporality": 0, "dataPoints": [{"timeUnixNano": "4", "count": "0"}]}
    metrics = [{"name": "a", "sum": total}, {"name": "b", "histogram": sizes}, {"name": "none"}]
    answer = send_json(
        receiver.port,
        "/v1/metrics",
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]},
    )
    assert (answer.status, answer.json) == (200, {})
    receiver.end()
    assert receiver.query(
        "SELECT name, int_value, double_value::VARCHAR, flags, aggregation_temporality, count,"
        " epoch_ns(start_time_unix_nano) FROM otel.metric_points ORDER BY time_unix_nano"
    ) == [
        ("a", None, None, 1, "cumulative", None, None),
        ("a", None, "nan", None, "cumulative", None, None),
        ("a", 2**63 - 1, None, None, "cumulative", None, 1),
        ("b", None, None, None, None, 0, None),
    ]


def test_a_span_that_has_not_ended_is_a_running_job(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    begun = span(SPAN, "render", 0, attributes=attributes(operation__name="job", job__id="job-8"))
    del begun["endTimeUnixNano"]
    assert send_json(receiver.port, "/v1/traces", spans(begun)).json == {}
    receiver.end()
    assert receiver.query("SELECT job_id, status, duration_ms FROM job_metrics") == [
        ("job-8", "running", None)
    ]


def test_the_same_request_again_changes_no_domain_table(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    job = span(SPAN, "render", 9, attributes=attributes(operation__name="job", job__id="job-9"))
    plugin = span(CHILD, "draw", 5, attributes=attributes(operation__name="plugin"))
    for _ in range(2):
        assert send_json(receiver.port, "/v1/traces", spans(job, plugin)).status == 200
    receiver.end()
    assert receiver.value("SELECT count(*) FROM job_metrics") == 1
    assert receiver.value("SELECT count(*) FROM plugin_metrics") == 1
    assert receiver.value("SELECT count(*) FROM otel.spans") == 4


# What has no column, and why that is no loss that anybody could ask about.
NOT_STORED = {
    "AnyValue.string_value_strindex",  # into a table of texts that only profiles have
    "KeyValue.key_strindex",
    "InstrumentationScope.dropped_attributes_count",
    "Resource.dropped_attributes_count",
    "Resource.entity_refs",  # in development
    "Metric.metadata",
    "Metric.summary",  # rejected, and said so
    "ExponentialHistogramDataPoint.zero_threshold",
}
STORED = """
AnyValue.string_value AnyValue.bool_value AnyValue.int_value AnyValue.double_value
AnyValue.array_value AnyValue.kvlist_value AnyValue.bytes_value KeyValue.key KeyValue.value
InstrumentationScope.name InstrumentationScope.version InstrumentationScope.attributes
Resource.attributes
ResourceSpans.resource ResourceSpans.scope_spans ResourceSpans.schema_url
ScopeSpans.scope ScopeSpans.spans ScopeSpans.schema_url
Span.trace_id Span.span_id Span.trace_state Span.parent_span_id Span.flags Span.name Span.kind
Span.start_time_unix_nano Span.end_time_unix_nano Span.attributes Span.dropped_attributes_count
Span.events Span.dropped_events_count Span.links Span.dropped_links_count Span.status
Event.time_unix_nano Event.name Event.attributes Event.dropped_attributes_count
Link.trace_id Link.span_id Link.trace_state Link.attributes Link.dropped_attributes_count Link.flags
Status.message Status.code
ResourceLogs.resource ResourceLogs.scope_logs ResourceLogs.schema_url
ScopeLogs.scope ScopeLogs.log_records ScopeLogs.schema_url
LogRecord.time_unix_nano LogRecord.observed_time_unix_nano LogRecord.severity_number
LogRecord.severity_text LogRecord.body LogRecord.attributes LogRecord.dropped_attributes_count
LogRecord.flags LogRecord.trace_id LogRecord.span_id LogRecord.event_name
ResourceMetrics.resource ResourceMetrics.scope_metrics ResourceMetrics.schema_url
ScopeMetrics.scope ScopeMetrics.metrics ScopeMetrics.schema_url
Metric.name Metric.description Metric.unit Metric.gauge Metric.sum Metric.histogram
Metric.exponential_histogram Gauge.data_points Sum.data_points Sum.aggregation_temporality
Sum.is_monotonic Histogram.data_points Histogram.aggregation_temporality
ExponentialHistogram.data_points ExponentialHistogram.aggregation_temporality
NumberDataPoint.attributes NumberDataPoint.start_time_unix_nano NumberDataPoint.time_unix_nano
NumberDataPoint.as_double NumberDataPoint.as_int NumberDataPoint.exemplars NumberDataPoint.flags
HistogramDataPoint.attributes HistogramDataPoint.start_time_unix_nano
HistogramDataPoint.time_unix_nano HistogramDataPoint.count HistogramDataPoint.sum
HistogramDataPoint.bucket_counts HistogramDataPoint.explicit_bounds HistogramDataPoint.exemplars
HistogramDataPoint.flags HistogramDataPoint.min HistogramDataPoint.max
ExponentialHistogramDataPoint.attributes ExponentialHistogramDataPoint.start_time_unix_nano
ExponentialHistogramDataPoint.time_unix_nano ExponentialHistogramDataPoint.count
ExponentialHistogramDataPoint.sum ExponentialHistogramDataPoint.scale
ExponentialHistogramDataPoint.zero_count ExponentialHistogramDataPoint.positive
ExponentialHistogramDataPoint.negative ExponentialHistogramDataPoint.flags
ExponentialHistogramDataPoint.exemplars ExponentialHistogramDataPoint.min
ExponentialHistogramDataPoint.max Buckets.offset Buckets.bucket_counts
Exemplar.filtered_attributes Exemplar.time_unix_nano Exemplar.as_double Exemplar.as_int
Exemplar.span_id Exemplar.trace_id
"""
# Envelopes of files, containers of values, and what belongs to the fields left out above.
NOT_READ = {
    "TracesData", "LogsData", "MetricsData", "ArrayValue", "KeyValueList", "EntityRef", "Summary",
    "SummaryDataPoint", "ValueAtQuantile",
}  # fmt: skip


def test_every_field_of_the_protocol_is_stored_or_known_not_to_be() -> None:
    found: set[str] = set()
    for module in (common_pb2, resource_pb2, trace_pb2, metrics_pb2, logs_pb2):
        messages: list[Any] = list(module.DESCRIPTOR.message_types_by_name.values())
        for message in messages:
            messages.extend(message.nested_types)
            if message.name not in NOT_READ:
                found |= {f"{message.name}.{each.name}" for each in message.fields}
    assert found == set(STORED.split()) | NOT_STORED
