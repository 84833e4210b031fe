"""The hook sees every record before it reaches the disk; when it fails, nothing raw does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import StatusCode

from otel_forgesyte_duckdb.lines import LineEncoder

if TYPE_CHECKING:
    from tests.duckdb.conftest import Target

SECRET = "s3cret-value"  # noqa: S105 - planted, to be looked for


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [_masked(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value.replace(SECRET, "***") if isinstance(value, str) else value


def _raising(_: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError(SECRET)


@pytest.mark.parametrize("redact", [_masked, _raising])
def test_no_secret_reaches_the_spool_in_any_part_of_a_record(
    undrained: Target, redact: Any
) -> None:
    exporter, logs = undrained.spans(redact=redact), undrained.logs(redact=redact)
    tracer = undrained.tracer(exporter)
    span = tracer.start_span(SECRET, attributes={"deep": {"in": [SECRET]}})
    span.add_event(SECRET, {"k": SECRET})
    span.record_exception(ValueError(SECRET))
    span.set_status(StatusCode.ERROR, SECRET)
    span.end()
    record = LogRecord(observed_timestamp=1, body={"password": SECRET}, event_name="e")
    logs.export([ReadableLogRecord(record, Resource({"token": SECRET}))])
    undrained.shutdown()
    content = b"".join(path.read_bytes() for path in undrained.spool.rglob("*") if path.is_file())
    assert SECRET.encode() not in content
    undrained.drain()
    assert undrained.value("SELECT count(*) FROM otel.spans") == 1
    assert undrained.value("SELECT count(*) FROM otel.logs") == 1


def test_a_failing_hook_blanks_texts_and_keeps_numbers(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = target.spans(redact=_raising)
    tracer = target.tracer(exporter)
    for _ in range(2):
        tracer.start_span("s", attributes={"text": SECRET, "n": 5, "yes": True}).end()
    assert exporter.force_flush()
    assert (
        target.query("""
        SELECT name, attributes->>'text', attributes->>'n', attributes->>'yes' FROM otel.spans
    """)
        == [("[REDACTION_FAILED]", "[REDACTION_FAILED]", "5", "true")] * 2
    )
    assert sum("redaction hook raised RuntimeError" in r.message for r in caplog.records) == 1
    assert SECRET not in caplog.text


@pytest.mark.parametrize("answer", [None, "text", [1]])
def test_a_hook_that_returns_no_dict_has_failed(
    target: Target, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    def useless(_: dict[str, Any]) -> Any:
        return answer

    exporter = target.spans(redact=useless)
    tracer = target.tracer(exporter)
    for _ in range(2):
        tracer.start_span("s", attributes={"text": SECRET}).end()
    assert exporter.force_flush()
    assert (
        target.query("SELECT name, attributes->>'text' FROM otel.spans")
        == [("[REDACTION_FAILED]", "[REDACTION_FAILED]")] * 2
    )
    assert sum("redaction hook returned" in r.message for r in caplog.records) == 1


class _Broken:
    """A record of which nothing can be read without an error that quotes the secret."""

    @property
    def name(self) -> str:
        raise RuntimeError(SECRET)


def _read(item: Any) -> Any:
    return item if isinstance(item, tuple) else item.name  # pyright: ignore[reportUnknownVariableType]


def test_the_dead_letter_of_a_record_tells_no_more_than_types_when_there_is_a_hook() -> None:
    good = (b"{", {"name": "s"}, b"}\n")
    batch = LineEncoder(_masked).encode([good, _Broken(), good], _read)
    assert batch.lines == 2
    assert batch.dead == [("encode: RuntimeError", "_Broken")]


def test_a_record_whose_name_cannot_be_read_costs_only_itself() -> None:
    good = (b"{", {"name": "s"}, b"}\n")
    batch = LineEncoder().encode([good, _Broken(), good], _read)
    assert batch.lines == 2
    assert batch.dead == [(f"encode: RuntimeError: {SECRET}", "_Broken")]
