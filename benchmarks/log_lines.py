"""P13: one log record made into one line of JSON, what must not be told taken out of it.

The exporter's `redact` hook is what the package has: it ships no redactor of its own yet, so the
one measured here is the benchmark's (`redaction.py`). Both sides start from a record made before
and end with the text in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.log_record import ATTRIBUTES, MESSAGE, SECRET
from benchmarks.rows import Figure, Row
from benchmarks.workload import timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk._logs import ReadableLogRecord

    from benchmarks.harness import Case

_LIBRARY = "python-json-logger, no redaction"

ROWS = (
    Row(
        key="P13",
        what="log record to redacted JSON line",
        baseline_what=_LIBRARY,
        candidate=Figure("log_lines:redacted", "thread_us"),
        baseline=Figure("peers.json_logger:formatted", "thread_us"),
        unit="µs",
        must=2.0,
        aim=1.2,
    ),
    Row(
        key="P13 plain",
        what="log record to JSON line, not redacted",
        baseline_what=_LIBRARY,
        candidate=Figure("log_lines:plain", "thread_us"),
        baseline=Figure("peers.json_logger:formatted", "thread_us"),
        unit="µs",
    ),
)


def redacted() -> Case:
    """With every key and every text looked at."""
    from benchmarks.redaction import redact

    line = redacted_line()
    if SECRET.encode() in line or b"hello" not in line:
        raise RuntimeError("the line tells the secret, or nothing")
    return _timed(redact)


def plain() -> Case:
    """The part of it that is not redaction."""
    return _timed(None)


def redacted_line() -> bytes:
    """The line that is measured."""
    from benchmarks.redaction import redact

    return _encoder(redact)()


def _timed(redact: Any) -> Case:
    return timed(_encoder(redact), lambda: None)


def _encoder(redact: Any) -> Callable[[], bytes]:
    from otel_forgesyte_duckdb.encode_logs import log_encoder
    from otel_forgesyte_duckdb.lines import LineEncoder
    from otel_forgesyte_duckdb.origins import Origins

    encoder = LineEncoder(redact)
    to_record = log_encoder(Origins(encoder), lambda _: None)
    record = [_record()]
    return lambda: encoder.encode(record, to_record).data


def _record() -> ReadableLogRecord:
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

    kept = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    provider.get_logger("benchmark").emit(
        LogRecord(
            timestamp=1_767_225_600_000_000_000,
            severity_number=SeverityNumber.INFO,
            severity_text="INFO",
            body=MESSAGE,
            attributes=ATTRIBUTES,
        )
    )
    (record,) = kept.get_finished_logs()
    return record
