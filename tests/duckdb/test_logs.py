"""Log records, whole and with most of their fields missing."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

from tests.duckdb.conftest import RESOURCE

if TYPE_CHECKING:
    from opentelemetry._logs import Logger

    from tests.duckdb.conftest import Target


def _logger(target: Target) -> Logger:
    provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(target.logs()))
    return provider.get_logger("lib", "1")


def test_a_full_record_comes_back(target: Target) -> None:
    span = NonRecordingSpan(SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(1)))
    _logger(target).emit(
        timestamp=1_000,
        observed_timestamp=2_000,
        context=set_span_in_context(span),
        severity_number=SeverityNumber.WARN,
        severity_text="WARNING",
        body="low stock",
        event_name="stock.low",
        attributes={"item": "lamp", "left": 2},
    )
    assert target.made[0].force_flush()
    [row] = target.query("""
        SELECT epoch_ns(time_unix_nano), epoch_ns(observed_time_unix_nano), trace_id, span_id,
            flags, severity_number, severity_text, body, event_name, service_name, scope_name,
            attributes
        FROM otel.logs
    """)
    assert row[:7] == (1_000, 2_000, UUID(int=7), 8, 1, 13, "WARNING")
    assert json.loads(row[7]) == "low stock"
    assert row[8:11] == ("stock.low", "shop", "lib")
    assert json.loads(row[11]) == {"item": "lamp", "left": 2}


def test_a_record_with_nothing_but_its_time_of_observation_is_stored(target: Target) -> None:
    record = LogRecord(observed_timestamp=5)
    exporter = target.logs()
    exporter.export([ReadableLogRecord(record, RESOURCE, None)])
    assert exporter.force_flush()
    assert target.query("""
        SELECT time_unix_nano, epoch_ns(observed_time_unix_nano), trace_id, span_id,
            severity_number, severity_text, body, event_name, scope_name
        FROM otel.logs
    """) == [(None, 5, None, None, None, None, None, None, None)]


@pytest.mark.parametrize(
    "body",
    [
        {"user": {"id": 7}, "tags": ["a", 1, None]},
        ["a", 2.5, False],
        17,
        True,
        'quotes "inside" and\nlines',
    ],
)
def test_a_body_of_any_type_keeps_its_structure(target: Target, body: Any) -> None:
    _logger(target).emit(body=body)
    assert target.made[0].force_flush()
    assert json.loads(target.value("SELECT body FROM otel.logs")) == body


def test_every_field_of_a_log_record_is_known() -> None:
    """Fails when the SDK gains a field that nothing here stores."""
    known = {
        *("timestamp", "observed_timestamp", "context", "trace_id", "span_id", "trace_flags"),
        *("severity_text", "severity_number", "body", "attributes", "event_name"),
    }
    # `exception` is turned into attributes by the SDK before a processor sees the record.
    assert set(vars(LogRecord())) - {"exception"} <= known
    assert {field.name for field in fields(ReadableLogRecord)} == {
        *("log_record", "resource", "instrumentation_scope", "limits")
    }
