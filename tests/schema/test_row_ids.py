"""Keys: UUIDs in the version 7 layout that say when, and are the same at every try."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import RFC_4122, UUID

import pytest

if TYPE_CHECKING:
    from tests.schema.conftest import Records, Store

TABLES = ("job_metrics", "plugin_metrics", "device_usage", "overlay_metrics")
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)


@pytest.fixture
def full(store: Store, records: Records) -> Store:
    for second in range(3):
        store.write(
            "spans",
            records.job(f"j{second}", second, span_id=2**64 - 1 - second, trace_id="f" * 32),
            records.plugin("j", second, second + 1),
        )
        store.write("logs", records.device("j", second, "gpu", "cpu"))
        store.write("metric_points", records.frames(records.frame("j", second, second, 0.001)))
    return store


@pytest.mark.parametrize("table", TABLES)
def test_a_key_is_a_valid_uuid_that_starts_with_the_records_own_millisecond(
    full: Store, table: str
) -> None:
    ids: list[UUID] = [key for (key,) in full.rows(f"SELECT id FROM {table} ORDER BY created_at")]

    assert [(key.variant, key.version) for key in ids] == [(RFC_4122, 7)] * 3
    assert [key.int >> 80 for key in ids] == [
        int((MOMENT.timestamp() + second) * 1000) for second in range(3)
    ]


@pytest.mark.parametrize("table", TABLES)
def test_keys_are_in_order_of_time(full: Store, table: str) -> None:
    assert full.rows(f"SELECT id FROM {table} ORDER BY id") == full.rows(
        f"SELECT id FROM {table} ORDER BY created_at"
    )


def test_keys_of_spans_within_one_millisecond_are_in_order_of_time_to_a_quarter_of_a_microsecond(
    store: Store, records: Records
) -> None:
    begun = int(MOMENT.timestamp()) * 10**9
    names = [f"{nanoseconds:06d}" for nanoseconds in range(0, 10**6, 250)]
    runs = [
        records.plugin("j", 0, 1, {"forgesyte.plugin.name": name})
        | {"start_time_unix_nano": begun + int(name)}
        for name in names
    ]
    store.write("spans", *reversed(runs))

    stored = store.rows("SELECT plugin FROM plugin_metrics ORDER BY id")
    assert [name for (name,) in stored] == names


def test_keys_are_written_out_so_that_a_release_cannot_change_them_unnoticed(full: Store) -> None:
    first = {
        table: str(full.row(f"SELECT id FROM {table} ORDER BY created_at LIMIT 1")[0])
        for table in TABLES
    }
    assert first["job_metrics"] == "019b7ca9-8c88-77ae-8b0f-eeea34d232ee"
    assert first["plugin_metrics"] == "019b7ca9-8c88-7000-8020-000000000002"
    assert first["device_usage"] == "019b7ca9-8c88-71a9-8b31-87a3d0a33a08"
    assert first["overlay_metrics"] == "019b7ca9-8c88-7a4b-8ea9-bb6c0d9f6887"


def test_the_same_span_id_in_two_traces_is_two_keys(store: Store, records: Records) -> None:
    store.write(
        "spans",
        records.plugin("a", 0, 1, trace_id="1" * 32, span_id=5),
        records.plugin("a", 0, 1, trace_id="2" * 32, span_id=5),
    )

    assert store.row("SELECT count(*) FROM plugin_metrics") == (2,)


def test_a_record_without_a_time_or_from_before_1970_has_a_key_too(
    store: Store, records: Records
) -> None:
    store.write(
        "spans",
        {**records.job("a", 0), "start_time_unix_nano": None},
        {**records.plugin("a", 0, 1), "start_time_unix_nano": -5_000_000_000},
        {**records.plugin("a", 0, 1), "start_time_unix_nano": None},
    )

    assert store.row("SELECT left(id::VARCHAR, 13), created_at FROM job_metrics") == (
        "00000000-0000",
        dt.datetime(1970, 1, 1),  # noqa: DTZ001
    )
    assert store.row("SELECT count(DISTINCT id) FROM plugin_metrics") == (2,)
