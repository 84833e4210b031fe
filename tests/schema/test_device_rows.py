"""device_usage: one row per decision about a device."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_schema import query

if TYPE_CHECKING:
    from tests.schema.conftest import Records, Store

START = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - naive UTC is the contract
ROW = "SELECT device_requested, device_used, fallback FROM device_usage"


def test_a_decision_is_one_row(store: Store, records: Records) -> None:
    store.write("logs", records.device("a", 0, "gpu", "cpu"))

    assert store.rows("SELECT * EXCLUDE (id) FROM device_usage") == [
        ("a", "gpu", "cpu", True, START)
    ]


@pytest.mark.parametrize(
    ("requested", "used", "row"),
    [
        ("cuda", "cuda:1", ("gpu", "gpu", False)),
        ("GPU:0", "gpu", ("gpu", "gpu", False)),
        (" cuda:1 ", "cpu", ("gpu", "cpu", True)),
        ("mps", "mps", ("mps", "mps", False)),
        ("gpu", "mps", ("gpu", "mps", True)),
        ("cudart", "CPU", ("cudart", "cpu", True)),
        ("TPU:3", "tpu:3", ("tpu:3", "tpu:3", False)),
        (None, "cpu", ("unspecified", "cpu", False)),
        ("gpu", None, ("gpu", "unspecified", False)),
    ],
)
def test_a_fallback_is_another_device_after_both_names_are_canonical(
    store: Store,
    records: Records,
    requested: str | None,
    used: str | None,
    row: tuple[str, str, bool],
) -> None:
    store.write("logs", records.device("a", 0, requested, used))

    assert store.rows(ROW) == [row]


def test_the_view_agrees_with_the_row_on_canonical_names(store: Store, records: Records) -> None:
    store.write(
        "logs",
        records.device(
            "a", 0, "CUDA:1", "cpu", **{"forgesyte.device.fallback.reason": "out of memory"}
        ),
    )

    assert store.rows(
        "SELECT device_requested, device_used, reported_requested, reason, fallback"
        " FROM otel.device_decisions"
    ) == [("gpu", "cpu", "CUDA:1", "out of memory", True)]


def test_a_decision_whose_event_was_dropped_stays_a_decision_without_a_reason(
    store: Store, records: Records
) -> None:
    store.write("logs", records.device("a", 0, "gpu", "cpu"))
    store.connection.execute("DELETE FROM otel.logs")

    assert store.rows(query("job_devices"), {"job_id": "a"}) == [
        ("gpu", "cpu", True, None, None, START)
    ]


def test_other_events_are_no_decisions(store: Store, records: Records) -> None:
    store.write(
        "logs",
        records.log(0, body="using gpu"),
        records.log(0, event_name="exception", attributes={"forgesyte.device.used": "gpu"}),
    )

    assert store.rows(ROW) == []


def test_two_decisions_at_one_moment_are_two_rows(store: Store, records: Records) -> None:
    store.write("logs", records.device("a", 0, "gpu", "cpu"), records.device("a", 0, "gpu", "mps"))

    assert store.rows(ROW + " ORDER BY ALL") == [("gpu", "cpu", True), ("gpu", "mps", True)]


def test_the_observed_time_stands_in_for_a_missing_one(store: Store, records: Records) -> None:
    event = records.device("a", 0, "gpu", "cpu")
    event["observed_time_unix_nano"] = event.pop("time_unix_nano")
    store.write("logs", event)

    assert store.row("SELECT created_at FROM device_usage") == (START,)


def test_the_same_segment_twice_leaves_one_row_each(store: Store, records: Records) -> None:
    segment = store.segment([records.device("a", 0, "gpu", "cpu"), records.device("b", 0, "", "")])
    store.write_file("logs", segment)
    store.write_file("logs", segment, segment)

    assert store.row("SELECT count(*) FROM device_usage") == (2,)
