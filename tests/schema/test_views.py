"""Views: the same rows in the form somebody reads them."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_schema import apply
from otel_forgesyte_schema.archives import show_archives

if TYPE_CHECKING:
    from pathlib import Path

    from tests.schema.conftest import Records, Store

START = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - naive UTC is the contract

# What the read functions of DuckDB's otlp extension return, in their order: its schema reference.
OTLP_COLUMNS = {
    "otlp_traces": "start_time_unix_nano TIMESTAMP_NS, duration_time_unix_nano BIGINT,"
    " trace_id VARCHAR, span_id VARCHAR, parent_span_id VARCHAR, trace_state VARCHAR,"
    " service_name VARCHAR, service_namespace VARCHAR, service_instance_id VARCHAR, name VARCHAR,"
    " kind INTEGER, status_code INTEGER, status_status_message VARCHAR,"
    " resource_attributes VARCHAR, scope_name VARCHAR, scope_version VARCHAR,"
    " scope_attributes VARCHAR, span_attributes VARCHAR, events_json VARCHAR, links_json VARCHAR,"
    " dropped_attributes_count INTEGER, dropped_events_count INTEGER, dropped_links_count INTEGER,"
    " flags INTEGER",
    "otlp_logs": "time_unix_nano TIMESTAMP_NS, observed_time_unix_nano TIMESTAMP_NS,"
    " trace_id VARCHAR, span_id VARCHAR, service_name VARCHAR, service_namespace VARCHAR,"
    " service_instance_id VARCHAR, severity_number INTEGER, severity_text VARCHAR,"
    " event_name VARCHAR, body VARCHAR, resource_attributes VARCHAR, scope_name VARCHAR,"
    " scope_version VARCHAR, scope_attributes VARCHAR, log_attributes VARCHAR,"
    " dropped_attributes_count INTEGER, flags INTEGER",
    "otlp_metrics_gauge": "time_unix_nano TIMESTAMP_NS, start_time_unix_nano TIMESTAMP_NS,"
    " name VARCHAR, description VARCHAR, unit VARCHAR, int_value BIGINT, double_value DOUBLE,"
    " service_name VARCHAR, service_namespace VARCHAR, service_instance_id VARCHAR,"
    " resource_attributes VARCHAR, scope_name VARCHAR, scope_version VARCHAR,"
    " scope_attributes VARCHAR, metric_attributes VARCHAR, flags INTEGER, exemplars_json VARCHAR",
}
OTLP_COLUMNS["otlp_metrics_sum"] = (
    OTLP_COLUMNS["otlp_metrics_gauge"] + ", aggregation_temporality INTEGER, is_monotonic BOOLEAN"
)
_BEFORE, _AFTER = OTLP_COLUMNS["otlp_metrics_gauge"].split("int_value BIGINT, double_value DOUBLE")
_HISTOGRAM = "count BIGINT, sum DOUBLE, min DOUBLE, max DOUBLE"
OTLP_COLUMNS["otlp_metrics_histogram"] = (
    f"{_BEFORE}{_HISTOGRAM}, bucket_counts BIGINT[], explicit_bounds DOUBLE[]{_AFTER},"
    " aggregation_temporality INTEGER"
)
OTLP_COLUMNS["otlp_metrics_exp_histogram"] = (
    f"{_BEFORE}{_HISTOGRAM}, scale INTEGER, zero_count BIGINT, zero_threshold DOUBLE,"
    " positive_offset INTEGER, positive_bucket_counts BIGINT[], negative_offset INTEGER,"
    f" negative_bucket_counts BIGINT[]{_AFTER}, aggregation_temporality INTEGER"
)


@pytest.mark.parametrize("view", OTLP_COLUMNS)
def test_a_query_written_for_the_otlp_extension_finds_its_columns(store: Store, view: str) -> None:
    found = store.rows(
        "SELECT column_name || ' ' || data_type FROM duckdb_columns()"
        " WHERE schema_name = 'otel' AND table_name = ? AND database_name = 'db'"
        " ORDER BY column_index",
        [view],
    )

    assert ", ".join(column for (column,) in found) == OTLP_COLUMNS[view]


def test_traces_show_ids_as_other_tools_print_them(store: Store, records: Records) -> None:
    store.write(
        "spans", records.span(0, 1.5, trace_id="00" * 15 + "ff", span_id=255, parent_span_id=1)
    )

    assert store.rows(
        "SELECT trace_id, span_id, parent_span_id, start_time, end_time, duration_ms"
        " FROM otel.traces"
    ) == [
        (
            "000000000000000000000000000000ff",
            "00000000000000ff",
            "0000000000000001",
            START,
            START + dt.timedelta(seconds=1.5),
            1500.0,
        )
    ]


def test_otlp_traces_number_kind_and_status_and_carry_the_resource(
    store: Store, records: Records
) -> None:
    resource = {"resource": "1" * 32, "attributes": {"service.namespace": "shop"}}
    store.write("resources", resource)
    store.write(
        "spans",
        records.span(
            0,
            1,
            kind="CLIENT",
            status_code="ERROR",
            resource="1" * 32,
            events=[{"name": "retry", "time_unix_nano": 1}],
        ),
        records.span(1, 2, kind="INTERNAL", status_code="UNSET"),
    )

    rows = store.rows(
        "SELECT kind, status_code, service_namespace, resource_attributes, events_json"
        " FROM otel.otlp_traces ORDER BY start_time_unix_nano"
    )
    assert rows[0][:4] == (3, 2, "shop", '{"service.namespace":"shop"}')
    assert json.loads(rows[0][4])[0]["name"] == "retry"
    assert rows[1] == (1, 0, None, None, None)


def test_otlp_logs_give_the_bare_text_of_a_body(store: Store, records: Records) -> None:
    store.write("logs", records.log(0, body='say "hi"'), records.log(1, body={"a": 1}))

    assert store.rows("SELECT body FROM otel.otlp_logs ORDER BY time_unix_nano") == [
        ('say "hi"',),
        ('{"a":1}',),
    ]


def test_otlp_metrics_are_split_by_type(store: Store, records: Records) -> None:
    store.write(
        "metric_points",
        records.point(0, value_int=5, temporality="delta", is_monotonic=True),
        records.point(0, metric_type="gauge", value_double=0.5),
        records.point(0, metric_type="histogram", count=2, sum=3, temporality="cumulative"),
        records.point(0, metric_type="exponential_histogram", count=4, scale=2),
    )

    sums = store.rows("SELECT int_value, aggregation_temporality FROM otel.otlp_metrics_sum")
    assert sums == [(5, 1)]
    assert store.rows("SELECT double_value FROM otel.otlp_metrics_gauge") == [(0.5,)]
    assert store.rows(
        "SELECT count, sum, aggregation_temporality FROM otel.otlp_metrics_histogram"
    ) == [(2, 3.0, 2)]
    assert store.rows("SELECT count, scale FROM otel.otlp_metrics_exp_histogram") == [(4, 2)]


def test_metrics_have_one_value_whatever_their_type(store: Store, records: Records) -> None:
    store.write(
        "metric_points",
        records.point(0, value_int=5),
        records.point(1, metric_type="gauge", value_double=0.5),
        records.point(2, metric_type="histogram", count=4, sum=10),
        records.point(3, metric_type="histogram", count=0, sum=0),
    )

    assert store.rows("SELECT value FROM otel.metrics ORDER BY time") == [
        (5.0,),
        (0.5,),
        (2.5,),
        (None,),
    ]


def test_plugin_runs_tell_what_the_table_has_no_column_for(store: Store, records: Records) -> None:
    soft = {"forgesyte.plugin.soft_error": True, "forgesyte.device.name": "gpu"}
    store.write(
        "spans",
        records.plugin("a", 0, 0.0005, attributes=soft),
        records.plugin("a", 1, 2, status_code="ERROR", status_message="no model"),
        records.plugin("a", 2, 3, status_code=None),
        records.job("a", 0, 3),
    )

    assert store.rows(
        "SELECT device, duration_ms, success, error_message FROM otel.plugin_runs"
        " ORDER BY start_time"
    ) == [
        ("gpu", 0.5, False, None),
        (None, 1000.0, False, "no model"),
        (None, 1000.0, True, None),
    ]


def test_a_line_break_in_an_archives_path_stays_in_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "a\n;DROP TABLE otel.spans;--"
    folder.mkdir()
    with duckdb.connect(tmp_path / "telemetry.duckdb") as connection:
        apply(connection, "0.1.0")
        connection.execute("CREATE TEMP TABLE gone AS SELECT * FROM otel.spans")
        connection.execute("INSERT INTO gone (name) VALUES ('archived')")
        connection.execute("COPY gone TO ($path)", {"path": str(folder / "1.parquet")})
        connection.execute(
            "INSERT INTO otel.archives (table_name, folder, file, base) VALUES ('spans', ?, ?, ?)",
            [folder.name, "1.parquet", str(tmp_path)],
        )
        show_archives(connection)
        assert connection.execute("SELECT name FROM otel.all_spans").fetchall() == [("archived",)]
