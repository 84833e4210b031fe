"""OTLP log records as the lines that the log exporter writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_forgesyte.serving.otlp_values import (
    OriginsByContent,
    any_value,
    attributes,
    moment,
    optional_ids,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

    from otel_forgesyte_duckdb.lines import Record
    from otel_forgesyte_duckdb.origins import Origin


def log_records(
    request: ExportLogsServiceRequest, origins: OriginsByContent
) -> Iterator[tuple[LogRecord, Origin]]:
    """Yield every log record with its origin."""
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            origin = origins.of(
                resource.resource, resource.schema_url, scope.scope, scope.schema_url
            )
            for record in scope.log_records:
                yield record, origin


def log_record(item: tuple[LogRecord, Origin]) -> Record:
    """Return a log record as the parts of its line.

    Raises:
        ValueError: it cannot be stored, and why.
    """
    log, origin = item
    body: dict[str, Any] = {
        # Zero, nothing and unspecified are one in OTLP, and null in SQL.
        "time_unix_nano": moment(log.time_unix_nano, "time_unix_nano") or None,
        "observed_time_unix_nano": moment(log.observed_time_unix_nano, "observed_time_unix_nano")
        or None,
        "severity_number": log.severity_number or None,
        "severity_text": log.severity_text or None,
        "body": any_value(log.body),
        "event_name": log.event_name or None,
        "dropped_attributes_count": log.dropped_attributes_count or None,
        "attributes": attributes(log.attributes) or None,
    }
    body |= optional_ids(log.trace_id, log.span_id)
    if log.flags or "trace_id" in body:
        body["trace_flags"] = log.flags
    present = {key: value for key, value in body.items() if value is not None}
    return b"{", present, origin.ending
