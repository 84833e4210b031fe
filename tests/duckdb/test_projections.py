"""What installed packages make of the records, in the same transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext

from otel_forgesyte_duckdb import drain
from otel_forgesyte_schema import Projection

if TYPE_CHECKING:
    from tests.duckdb.conftest import Target

JOB = {
    "forgesyte.operation.name": "job",
    "forgesyte.job.id": "j1",
    "forgesyte.plugin.name": "ocr",
}


def test_a_program_without_any_of_our_spans_gets_a_plain_opentelemetry_database(
    target: Target,
) -> None:
    tracer = target.tracer()
    with tracer.start_as_current_span("GET /", attributes={"http.request.method": "GET"}):
        tracer.start_span("SELECT").end()
    assert target.made[0].force_flush()
    assert target.value("SELECT count(*) FROM otel.spans") == 2
    assert target.query("""
        SELECT (SELECT count(*) FROM job_metrics), (SELECT count(*) FROM plugin_metrics),
            (SELECT count(*) FROM device_usage), (SELECT count(*) FROM overlay_metrics)
    """) == [(0, 0, 0, 0)]


def test_a_started_job_is_running_and_its_span_is_stored_only_when_it_has_ended(
    target: Target,
) -> None:
    exporter = target.spans()
    span = target.tracer(exporter).start_span("job ocr", attributes=JOB)
    exporter.export_started([span])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert exporter.force_flush()
    assert target.query("SELECT job_id, status, duration_ms FROM job_metrics") == [
        ("j1", "running", None)
    ]
    assert target.value("SELECT count(*) FROM otel.spans") == 0
    span.end()
    assert exporter.force_flush()
    assert target.query("SELECT job_id, status, duration_ms IS NULL FROM job_metrics") == [
        ("j1", "done", False)
    ]
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_a_start_that_arrives_after_the_end_changes_nothing(target: Target) -> None:
    exporter = target.spans()
    span = target.tracer(exporter).start_span("job ocr", attributes=JOB)
    exporter.export_started([span])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    span.end()
    exporter.export_started([span])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert exporter.force_flush()
    assert target.query("SELECT status FROM job_metrics") == [("done",)]


def test_an_unsampled_span_feeds_projections_and_nothing_else(target: Target) -> None:
    exporter = target.spans()
    span = ReadableSpan(
        "job ocr", SpanContext(1, 1, is_remote=False), attributes=JOB, start_time=1, end_time=2
    )
    exporter.export_unsampled([span])
    assert exporter.force_flush()
    assert target.query("SELECT status FROM job_metrics") == [("done",)]
    assert target.value("SELECT count(*) FROM otel.spans") == 0


def test_no_event_and_no_link_is_written_of_a_span_that_only_makes_rows(undrained: Target) -> None:
    exporter = undrained.spans()
    context = SpanContext(1, 1, is_remote=False)
    span = ReadableSpan(
        "job ocr",
        context,
        attributes=JOB,
        events=[Event("no light")],
        links=[Link(context)],
        start_time=1,
        end_time=2,
    )
    exporter.export_unsampled([span])
    exporter.export([span])
    undrained.shutdown()
    (segment,) = undrained.segments("spans")
    lines = (undrained.spool / segment).read_text("utf-8").splitlines()
    dropped, kept = map(json.loads, lines)
    assert not {"events", "links"} & dropped.keys()
    assert {"events", "links"} <= kept.keys()


def test_a_projection_that_fails_keeps_the_records_in_the_spool(
    undrained: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    from otel_forgesyte_duckdb import ingesting

    undrained.tracer().start_span("s").end()
    undrained.shutdown()
    broken = Projection("broken", "spans", "INSERT INTO nowhere SELECT 1")
    with monkeypatch.context() as patched:
        patched.setattr(ingesting, "projections", lambda: (broken,))
        with pytest.raises(duckdb.Error):
            drain(undrained.settings)
    assert len(undrained.segments("spans")) == 1
    undrained.drain()
    assert undrained.value("SELECT count(*) FROM otel.spans") == 1


def test_a_projection_may_read_nothing_but_the_spool(
    undrained: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    from otel_forgesyte_duckdb import ingesting

    undrained.tracer().start_span("s").end()
    undrained.shutdown()
    spy = Projection("spy", "spans", "CREATE TABLE stolen AS FROM read_text('/etc/hostname')")
    monkeypatch.setattr(ingesting, "projections", lambda: (spy,))
    with pytest.raises(duckdb.PermissionException):
        drain(undrained.settings)
