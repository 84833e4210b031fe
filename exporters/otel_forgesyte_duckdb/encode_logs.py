"""A log record as one line; whatever it lacks is left out, which DuckDB reads as null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_forgesyte_duckdb.origins import plain_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk._logs import ReadableLogRecord

    from otel_forgesyte_duckdb.lines import Record
    from otel_forgesyte_duckdb.origins import Origin, Origins


def log_encoder(
    origins: Origins, used: Callable[[Origin], None]
) -> Callable[[ReadableLogRecord], Record]:
    """Return a function from a log record to its `Record`; `used` hears of each origin."""

    def record(readable: ReadableLogRecord) -> Record:
        log = readable.log_record
        origin = origins.of(readable.resource, readable.instrumentation_scope)
        used(origin)
        body: dict[str, Any] = {
            "time_unix_nano": log.timestamp,
            "observed_time_unix_nano": log.observed_timestamp,
            "severity_number": None if log.severity_number is None else log.severity_number.value,
            "severity_text": log.severity_text,
            "body": log.body,
            "event_name": log.event_name,
            "dropped_attributes_count": readable.dropped_attributes or None,
        }
        if log.attributes:
            body["attributes"] = plain_dict(log.attributes)
        # Zero is OpenTelemetry's "no trace": null is SQL's.
        if log.trace_id:
            body["trace_id"] = f"{log.trace_id:032x}"
            body["trace_flags"] = int(log.trace_flags or 0)
        if log.span_id:
            body["span_id"] = log.span_id
        present = {key: value for key, value in body.items() if value is not None}
        return b"{", present, origin.ending

    return record
