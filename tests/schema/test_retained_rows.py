"""Which rows go next: a row is of the day that it happened in, to the nanosecond."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_schema.retained import RETAINED_TABLES

if TYPE_CHECKING:
    from tests.schema.conftest import Store

DAY = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC is the contract
INSERTED = {
    "spans": "INSERT INTO otel.spans (start_time_unix_nano) VALUES (TIMESTAMP_NS '{}')",
    "metric_points": "INSERT INTO otel.metric_points (time_unix_nano) VALUES (TIMESTAMP_NS '{}')",
    "logs": "INSERT INTO otel.logs (observed_time_unix_nano) VALUES (TIMESTAMP_NS '{}')",
}


@pytest.mark.parametrize("name", INSERTED)
def test_the_last_nanoseconds_of_a_day_are_of_that_day(store: Store, name: str) -> None:
    (table,) = [each for each in RETAINED_TABLES if each.name == name]
    assert table.oldest(store.connection) is None
    store.rows(INSERTED[name].format("2026-01-01 23:59:59.999999999"))
    assert table.oldest(store.connection) == dt.datetime(2026, 1, 1, 23, 59, 59, 999999)  # noqa: DTZ001
    assert table.pick(store.connection, DAY, DAY + dt.timedelta(days=1), 10) == 1
