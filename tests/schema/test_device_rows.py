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


@pytest.mark.parametrize(
    "device",
    [
        *("cuda", "CUDA:1", "gpu:", "gpu:0", "mps:0", " cpu ", "TPU:3", "npu", "cuda:GPU-12ab"),
        *("cuda:x", "gpu:1:2", "gpu:-1", "gpu: 1", "xgpu", "gpux", "", "  ", "\t\n", "cuda:1\n"),
        *(
            "\u00a0gpu\u3000",
            "\x0b\x1ccpu\x85",
            "cuda:\u0661",
            "cu da",
            "gpu\ncpu",
            ":",
            "gpu:1\u00b2",
        ),
    ],
)
def test_sql_and_python_have_one_rule_for_the_name_of_a_device(store: Store, device: str) -> None:
    devices = pytest.importorskip("otel_forgesyte.devices")

    assert store.row("SELECT canonical_device($1)", [device]) == (devices.canonical_device(device),)


def test_the_view_agrees_with_the_row_on_canonical_names(store: Store, records: Records) -> None:
    store.write(
        "logs",
        records.device(
            "a", 0, "CUDA:1", "cpu", **{"forgesyte.device.fallback.reason": "out of memory"}
        ),
    )

    assert store.rows(
        "SELECT device_requested, device_used, reason, fallback FROM otel.device_decisions"
    ) == [("gpu", "cpu", "out of memory", True)]


def test_two_decisions_within_a_microsecond_keep_their_own_reasons(
    store: Store, records: Records
) -> None:
    reasons = {"cuda:0": "out of memory", "cuda:1": "no driver"}
    store.write(
        "logs",
        *(
            records.device("a", 0, device, "cpu", **{"forgesyte.device.fallback.reason": reason})
            for device, reason in reasons.items()
        ),
    )

    rows = store.rows("SELECT reason FROM otel.device_decisions ORDER BY reason")
    assert rows == [("no driver",), ("out of memory",)]
    assert len(store.rows(query("job_devices"), {"job_id": "a"})) == 2


def test_an_event_stored_twice_is_one_decision(store: Store, records: Records) -> None:
    event = records.device("a", 0, "gpu", "cpu")
    store.write("logs", event)
    store.write("logs", event)

    assert store.row("SELECT count(*) FROM otel.logs") == (2,)
    assert store.row("SELECT count(*) FROM otel.device_decisions") == (1,)


def test_a_decision_without_job_or_time_keeps_its_reason(store: Store, records: Records) -> None:
    event = records.device(
        None, 0, "gpu", None, **{"forgesyte.device.fallback.reason": "unplugged"}
    )
    store.write("logs", {**event, "time_unix_nano": None})

    assert store.row("SELECT job_id, reason FROM otel.device_decisions") == (
        "unspecified",
        "unplugged",
    )


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
