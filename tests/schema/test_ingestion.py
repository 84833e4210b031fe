"""Segment lines into the otel tables: every field in its column, every value as it was."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any
from uuid import UUID

import duckdb
import pytest

from otel_forgesyte_schema import ingest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.schema.conftest import Records, Store

RESOURCE = "00112233445566778899aabbccddeeff"
SCOPE = {
    "scope_name": "shop",
    "scope_version": "1.2",
    "scope_schema_url": "https://example.com/1",
    "scope_attributes": {"team": "a"},
}
STORED_SCOPE = {**SCOPE, "scope_attributes": '{"team":"a"}'}


def stored(store: Store, table: str) -> dict[str, Any]:
    """The only row of a table, by column."""
    connection = store.connection.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in connection.description or ()]
    (row,) = connection.fetchall()
    return dict(zip(names, row, strict=True))


def test_every_field_of_a_span_has_its_column(store: Store, records: Records) -> None:
    attributes = {
        "forgesyte.job.id": "a",
        "forgesyte.plugin.name": "ocr",
        "forgesyte.plugin.tool": "read",
        "forgesyte.device.name": "gpu",
        "error.type": "ValueError",
        "list": ["x", None],
        "nested": {"deep": [1, 2.5]},
    }
    event = {"name": "cache miss", "attributes": {"key": "k"}, "dropped_attributes_count": 4}
    link = {
        "trace_id": "f" * 32,
        "span_id": 2**64 - 1,
        "trace_state": "a=1",
        "flags": 1,
        "attributes": {"why": "batch"},
        "dropped_attributes_count": 5,
    }
    store.write(
        "spans",
        records.span(
            0,
            1.000000001,
            trace_id="0123456789abcdef0123456789abcdef",
            span_id=2**64 - 2,
            parent_span_id=7,
            parent_is_remote=True,
            trace_state="vendor=x",
            flags=3,
            name="GET /",
            kind="SERVER",
            status_code="ERROR",
            status_message="boom",
            service_name="web",
            resource=RESOURCE,
            attributes=attributes,
            events=[{**event, "time_unix_nano": 1_767_323_045_500_000_001}],
            links=[link],
            dropped_attributes_count=1,
            dropped_events_count=2,
            dropped_links_count=3,
            **SCOPE,
        ),
    )

    row = stored(store, "otel.spans")
    assert json.loads(row.pop("attributes")) == attributes
    assert row == {
        "trace_id": UUID("01234567-89ab-cdef-0123-456789abcdef"),
        "span_id": 2**64 - 2,
        "parent_span_id": 7,
        "parent_is_remote": True,
        "trace_state": "vendor=x",
        "flags": 3,
        "name": "GET /",
        "kind": "SERVER",
        "start_time_unix_nano": dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
        "duration_ns": 1_000_000_001,
        "status_code": "ERROR",
        "status_message": "boom",
        "service_name": "web",
        "job_id": "a",
        "plugin": "ocr",
        "tool": "read",
        "device": "gpu",
        "error_type": "ValueError",
        "events": [
            {
                **event,
                "time_unix_nano": dt.datetime(2026, 1, 2, 3, 4, 5, 500000),  # noqa: DTZ001
                "attributes": '{"key":"k"}',
            }
        ],
        "links": [
            {**link, "trace_id": UUID("f" * 32), "attributes": '{"why":"batch"}'},
        ],
        "dropped_attributes_count": 1,
        "dropped_events_count": 2,
        "dropped_links_count": 3,
        "resource_id": UUID(RESOURCE),
        **STORED_SCOPE,
    }


def test_times_keep_their_nanoseconds(store: Store, records: Records) -> None:
    store.write("spans", {**records.span(0, 1), "start_time_unix_nano": 1_767_323_045_123_456_789})

    assert store.row("SELECT epoch_ns(start_time_unix_nano) FROM otel.spans") == (
        1_767_323_045_123_456_789,
    )


def test_a_line_with_hardly_any_field_is_stored_with_nulls(store: Store) -> None:
    for signal in ("resources", "spans", "metric_points", "logs", "losses"):
        assert store.write(signal, {"nothing": "known"}) == 1

    for table in ("resources", "spans", "metric_points", "logs", "loss_ledger"):
        assert set(stored(store, f"otel.{table}").values()) == {None}


def test_every_field_of_a_metric_point_has_its_column(store: Store, records: Records) -> None:
    fields = {
        "description": "Time.",
        "unit": "s",
        "is_monotonic": True,
        "count": 2**64 - 1,
        "sum": 1.5,
        "min": 0.5,
        "max": 1.0,
        "bucket_counts": [1, 2],
        "explicit_bounds": [0.1],
        "scale": -3,
        "zero_count": 4,
        "positive_offset": -5,
        "positive_bucket_counts": [6],
        "negative_offset": 7,
        "negative_bucket_counts": [8],
        "flags": 1,
        "service_name": "web",
        "service_instance_id": "one",
    }
    exemplar = {"value": 0.5, "trace_id": "f" * 32, "span_id": 9}
    store.write(
        "metric_points",
        records.point(
            1,
            metric_name="duration",
            metric_type="exponential_histogram",
            temporality="delta",
            start_time_unix_nano=1_767_323_045_000_000_000,
            attributes={"a": 1},
            value_int=2**63 - 1,
            value_double=0.1,
            exemplars=[
                {**exemplar, "time_unix_nano": 1_767_323_045_000_000_000},
                {"value": 1, "filtered_attributes": {"x": "y"}},
            ],
            resource=RESOURCE,
            **fields,
            **SCOPE,
        ),
    )

    start = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001
    assert stored(store, "otel.metric_points") == {
        "name": "duration",
        "metric_type": "exponential_histogram",
        "aggregation_temporality": "delta",
        "start_time_unix_nano": start,
        "time_unix_nano": start + dt.timedelta(seconds=1),
        "attributes": '{"a":1}',
        "int_value": 2**63 - 1,
        "double_value": 0.1,
        "exemplars": [
            {
                **exemplar,
                "trace_id": UUID("f" * 32),
                "time_unix_nano": start,
                "filtered_attributes": None,
            },
            {
                "value": 1.0,
                "trace_id": None,
                "span_id": None,
                "time_unix_nano": None,
                "filtered_attributes": '{"x":"y"}',
            },
        ],
        "resource_id": UUID(RESOURCE),
        **fields,
        **STORED_SCOPE,
    }


def test_doubles_that_json_cannot_write_come_back_as_they_were(
    store: Store, records: Records
) -> None:
    store.write(
        "metric_points",
        records.point(0, value_double="NaN", min="Infinity", max="-Infinity"),
    )

    value, least, most = store.row("SELECT double_value, min, max FROM otel.metric_points")
    assert math.isnan(value)
    assert (least, most) == (math.inf, -math.inf)


def test_every_field_of_a_log_record_has_its_column(store: Store, records: Records) -> None:
    attributes = {
        "forgesyte.job.id": "a",
        "forgesyte.plugin.name": "ocr",
        "request_id": "r",
        "error_fingerprint": "f",
        "exception.type": "KeyError",
    }
    store.write(
        "logs",
        records.log(
            1,
            observed_time_unix_nano=1_767_323_045_000_000_000,
            trace_id="f" * 32,
            span_id=2**64 - 1,
            trace_flags=3,
            severity_number=17,
            severity_text="ERROR",
            body={"what": ["happened"]},
            event_name="exception",
            attributes=attributes,
            dropped_attributes_count=2,
            service_name="web",
            resource=RESOURCE,
            **SCOPE,
        ),
    )

    row = stored(store, "otel.logs")
    assert json.loads(row.pop("attributes")) == attributes
    assert row == {
        "time_unix_nano": dt.datetime(2026, 1, 2, 3, 4, 6),  # noqa: DTZ001
        "observed_time_unix_nano": dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
        "trace_id": UUID("f" * 32),
        "span_id": 2**64 - 1,
        "flags": 3,
        "severity_number": 17,
        "severity_text": "ERROR",
        "body": '{"what":["happened"]}',
        "event_name": "exception",
        "service_name": "web",
        "job_id": "a",
        "plugin": "ocr",
        "request_id": "r",
        "error_type": "KeyError",
        "error_fingerprint": "f",
        "dropped_attributes_count": 2,
        "resource_id": UUID(RESOURCE),
        **STORED_SCOPE,
    }


@pytest.mark.parametrize("body", ["plain", "", 5, 0.5, True, ["a"], {"a": None}])
def test_a_log_body_keeps_its_type(store: Store, records: Records, body: object) -> None:
    store.write("logs", records.log(0, body=body))

    assert json.loads(store.row("SELECT body FROM otel.logs")[0]) == body


@pytest.mark.parametrize("text", ["quote ' \" back \\ slash", "zwölf 🦆", "line\nline", "$.x; --"])
def test_text_of_any_kind_comes_back_unchanged(store: Store, records: Records, text: str) -> None:
    store.write("spans", records.job(text, 0, 1, name=text))

    assert store.row("SELECT name, job_id FROM otel.spans") == (text, text)
    assert store.row("SELECT job_id FROM job_metrics") == (text,)


def test_a_resource_is_stored_once_however_many_processes_write_it(store: Store) -> None:
    line = {
        "resource": RESOURCE,
        "schema_url": "https://example.com/1",
        "attributes": {"service.name": "web", "service.instance.id": "one"},
    }
    other = {"resource": "1" * 32, "attributes": {"service.name": "worker"}}
    store.write("resources", line, line)
    store.write("resources", line, other)

    assert store.rows(
        "SELECT resource_id, schema_url, service_name, service_instance_id FROM otel.resources"
        " ORDER BY service_name"
    ) == [
        (UUID(RESOURCE), "https://example.com/1", "web", "one"),
        (UUID("1" * 32), None, "worker", None),
    ]


def test_a_loss_is_stored_with_its_reason_and_its_number(store: Store) -> None:
    store.write(
        "losses",
        {
            "time_unix_nano": 1_767_323_045_000_000_000,
            "signal": "spans",
            "reason": "queue full",
            "count": 512,
            "process": "4711@host",
            "detail": "drained too slowly",
        },
    )

    assert store.rows("SELECT * FROM otel.loss_ledger") == [
        (
            dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
            "spans",
            "queue full",
            512,
            "4711@host",
            "drained too slowly",
        )
    ]


def test_several_files_are_one_batch_and_every_line_is_counted(
    store: Store, records: Records
) -> None:
    files = [store.segment([records.span(0, 1), records.span(1, None)]) for _ in range(3)]

    assert store.write_file("spans", *files) == 6
    assert store.row("SELECT count(*) FROM otel.spans") == (3,)


def test_a_torn_line_stores_nothing_of_its_batch(store: Store, records: Records) -> None:
    good = store.segment([records.job("a", 0, 1)])
    torn = store.directory / "torn.seg"
    torn.write_text(good.read_text()[:-20])

    with pytest.raises(duckdb.Error):
        store.write_file("spans", good, torn)
    assert store.row("SELECT count(*) FROM otel.spans") == (0,)
    assert store.row("SELECT count(*) FROM job_metrics") == (0,)


def test_an_unknown_signal_or_no_file_is_a_mistake_of_the_caller(store: Store) -> None:
    with pytest.raises(ValueError, match=r"unknown signal 'span'; known are .*spans"):
        ingest(store.connection, "span", ["x"])
    with pytest.raises(ValueError, match="no segment files"):
        ingest(store.connection, "spans", [])


def test_times_are_naive_utc_whatever_zone_the_process_is_in(
    store: Store, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    store.connection.execute("SET TimeZone = 'Asia/Tokyo'")
    store.write("spans", records.job("a", 0, 1), records.plugin("a", 0, 1))
    store.write("logs", records.device("a", 0, "gpu", "cpu"))
    store.write("metric_points", records.frames(records.frame("a", 0, 0, 0.001)))

    expected = (dt.datetime(2026, 1, 2, 3, 4, 5),)  # noqa: DTZ001
    for table in ("job_metrics", "plugin_metrics", "device_usage", "overlay_metrics"):
        assert store.row(f"SELECT created_at FROM {table}") == expected
    assert store.row("SELECT DISTINCT start_time_unix_nano FROM otel.spans") == expected
    assert store.row("SELECT DISTINCT start_time FROM otel.traces") == expected


@pytest.mark.parametrize("folder", ["job_id=7", "name=evil", "signal=none"])
def test_a_folder_named_like_a_hive_partition_changes_nothing(
    store: Store, records: Records, tmp_path: Path, folder: str
) -> None:
    store.directory = tmp_path / folder
    store.directory.mkdir()
    store.write("resources", {"resource": RESOURCE, "attributes": {}})
    store.write("spans", records.job("a", 0, 1))
    store.write("metric_points", records.point(0))
    store.write("logs", records.log(0, body="hello"))
    store.write("losses", {"time_unix_nano": 0, "signal": "spans", "reason": "full", "count": 1})

    assert store.rows("SELECT name, job_id FROM otel.spans") == [("work", "a")]
    assert store.rows("SELECT name FROM otel.metric_points") == [("requests",)]
    assert store.rows("SELECT signal FROM otel.loss_ledger") == [("spans",)]
    assert store.rows("SELECT job_id FROM job_metrics") == [("a",)]
