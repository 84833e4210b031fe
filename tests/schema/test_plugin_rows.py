"""plugin_metrics: one row per finished execution."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.schema.conftest import Records, Store

START = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - naive UTC is the contract
ROW = """
    SELECT job_id, plugin, tool, duration_ms, success, created_at
    FROM plugin_metrics ORDER BY created_at, plugin
"""


def test_a_finished_plugin_is_one_row(store: Store, records: Records) -> None:
    store.write(
        "spans",
        records.plugin("a", 0, 0.25, attributes={"forgesyte.plugin.tool": "read_text"}),
    )

    assert store.rows(ROW) == [("a", "ocr", "read_text", 250, True, START)]


def test_a_plugin_still_running_has_no_row(store: Store, records: Records) -> None:
    store.write("spans", records.plugin("a", 0, None))

    assert store.rows(ROW) == []


def test_a_raised_exception_is_a_failure(store: Store, records: Records) -> None:
    store.write("spans", records.plugin("a", 0, 1, status_code="ERROR"))

    assert store.row("SELECT success FROM plugin_metrics") == (False,)


def test_a_result_marked_as_failed_is_a_failure(store: Store, records: Records) -> None:
    store.write(
        "spans", records.plugin("a", 0, 1, attributes={"forgesyte.plugin.soft_error": True})
    )

    assert store.row("SELECT success FROM plugin_metrics") == (False,)


def test_a_result_marked_as_good_is_a_success(store: Store, records: Records) -> None:
    store.write(
        "spans",
        records.plugin("a", 0, 1, status_code="OK", attributes={"forgesyte.plugin.soft_error": 0}),
        records.plugin("b", 0, 1, attributes={"forgesyte.plugin.soft_error": False}),
        records.plugin("c", 0, 1, status_code=None),
    )

    assert store.rows("SELECT job_id, success FROM plugin_metrics ORDER BY ALL") == [
        ("a", True),
        ("b", True),
        ("c", True),
    ]


def test_nested_plugins_are_a_row_each(store: Store, records: Records) -> None:
    outer = records.plugin("a", 0, 3)
    inner = [
        records.plugin(
            "a",
            1,
            2,
            parent_span_id=outer["span_id"],
            trace_id=outer["trace_id"],
            attributes={"forgesyte.plugin.name": name},
        )
        for name in ("detect", "track")
    ]
    store.write("spans", *inner, outer)

    assert [row[1] for row in store.rows(ROW)] == ["ocr", "detect", "track"]


def test_a_plugin_outside_any_job_keeps_its_row(store: Store, records: Records) -> None:
    store.write("spans", records.plugin(None, 0, 1))

    assert store.row("SELECT job_id FROM plugin_metrics") == ("unspecified",)


def test_a_sampled_out_plugin_has_its_row_all_the_same(store: Store, records: Records) -> None:
    store.write("spans", records.plugin("a", 0, 1, stored=False))

    assert store.row("SELECT count(*) FROM plugin_metrics") == (1,)


def test_a_clock_set_back_gives_zero_and_not_a_negative_duration(
    store: Store, records: Records
) -> None:
    store.write("spans", records.plugin("a", 5, 4))

    assert store.row("SELECT duration_ms FROM plugin_metrics") == (0,)
    assert store.row("SELECT duration_ns FROM otel.spans") == (-1_000_000_000,)


def test_the_same_segment_twice_leaves_one_row_each(store: Store, records: Records) -> None:
    plugin = records.plugin("a", 0, 1)
    segment = store.segment([plugin, plugin, records.plugin("a", 0, 1)])
    store.write_file("spans", segment)
    store.write_file("spans", segment, segment)

    assert store.row("SELECT count(*) FROM plugin_metrics") == (2,)
