"""Summaries: the same answer before and after the rows are gone, with quantiles within 1 %."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte_schema import query
from otel_forgesyte_schema.creating import transaction
from otel_forgesyte_schema.retained import RETAINED_TABLES, settle_ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.schema.conftest import Records, Store

DAY = dt.datetime(2026, 1, 2)  # noqa: DTZ001 - naive UTC is the contract
WHOLE_DAY = (DAY, DAY + dt.timedelta(days=1))
ADDED = """
INSERT INTO plugin_metrics
SELECT
    uuid(),
    'a',
    'ocr',
    NULL,
    unnest($durations),
    unnest($successes),
    TIMESTAMP '2026-01-02 10:00:00' + INTERVAL (generate_subscripts($durations, 1)) SECOND
"""


def delete(store: Store, name: str, most: int = 1_000_000) -> int:
    (table,) = [each for each in RETAINED_TABLES if each.name == name]
    with transaction(store.connection):
        picked = table.pick(store.connection, *WHOLE_DAY, most)
        table.delete(store.connection)
    return picked


def summary(store: Store, per: str = "day") -> list[tuple[Any, ...]]:
    return store.rows(query("summary"), {"per": per, "since": None})


@pytest.mark.parametrize("kind", ["lognormal", "uniform", "two peaks", "equal", "zero"])
def test_quantiles_are_within_one_percent_of_the_exact_ones(store: Store, kind: str) -> None:
    chance = random.Random(7)  # noqa: S311 - the same numbers each time
    draws: dict[str, Callable[[], int]] = {
        "lognormal": lambda: round(chance.lognormvariate(5, 2)),
        "uniform": lambda: chance.randrange(100_000),
        "two peaks": lambda: chance.choice([3, 40_000]) + chance.randrange(3),
        "equal": lambda: 1234,
        "zero": lambda: 0,
    }
    durations = [draws[kind]() for _ in range(5_000)]
    store.rows(ADDED, {"durations": durations, "successes": [True] * 5_000})
    [row] = summary(store)

    ranked = sorted(durations)
    for share, found in zip((0.5, 0.95, 0.99), row[8:11], strict=True):
        exact = ranked[math.ceil(round(share * len(ranked), 6)) - 1]
        assert found == pytest.approx(exact, rel=0.010001)
    assert row[7] == pytest.approx(sum(durations) / 5_000)


def test_the_summary_is_the_same_before_and_after_any_part_of_the_rows_is_deleted(
    store: Store, records: Records
) -> None:
    store.write(
        "spans",
        records.job("a", 0, 1, attributes={"forgesyte.plugin.name": "ocr"}),
        records.job("b", 1, 4, attributes={"forgesyte.plugin.name": "ocr"}, status_code="ERROR"),
        records.job("c", 61, 62, attributes={"forgesyte.plugin.name": "ocr"}),
        *[records.plugin("a", second, second + 1) for second in range(100)],
    )
    before = summary(store)
    minutes = store.rows("SELECT * FROM otel.summary_by_minute ORDER BY ALL")
    assert [row[1:6] for row in before] == [
        ("job", "ocr", None, 3, 1),
        ("plugin", "ocr", None, 100, 0),
    ]

    assert delete(store, "plugin_metrics", most=30) == 30
    assert summary(store) == before
    assert delete(store, "plugin_metrics") == 70
    assert delete(store, "job_metrics") == 3
    assert summary(store) == before
    assert store.rows("SELECT * FROM otel.summary_by_minute ORDER BY ALL") == minutes
    assert store.row("SELECT count(*) FROM otel.job_keys") == (0,)


@pytest.mark.parametrize(
    ("durations", "quantiles"),
    [([7], [7, 7, 7]), ([1, 1000], [1, 1000, 1000]), ([*range(1, 11)], [5, 10, 10])],
)
def test_a_quantile_of_few_runs_is_a_duration_that_this_share_does_not_exceed(
    store: Store, durations: list[int], quantiles: list[int]
) -> None:
    store.rows(ADDED, {"durations": durations, "successes": [True] * len(durations)})
    [row] = summary(store)
    assert list(row[8:11]) == pytest.approx(quantiles, rel=0.010001)
    minutes = store.rows("SELECT p50_ms, p95_ms, p99_ms FROM otel.summary_by_minute")
    assert minutes == [row[8:11]]


def test_a_running_job_counts_only_with_its_end(store: Store, records: Records) -> None:
    running = records.job("a", 0)
    ended = {**running, "end_time_unix_nano": running["start_time_unix_nano"] + 10**9}
    store.write("spans", running)
    assert delete(store, "job_metrics") == 1
    assert summary(store) == []

    store.write("spans", {**ended, "stored": True})
    assert [row[4] for row in summary(store)] == [1]


def test_a_quantile_of_a_day_comes_from_all_its_minutes(store: Store) -> None:
    durations = [*range(1, 1001)]
    store.rows(ADDED, {"durations": durations, "successes": [n % 4 > 0 for n in durations]})
    [day] = summary(store)
    hours = summary(store, "minute")

    assert day[4:7] == (1000, 250, 0.25)
    assert day[8] == pytest.approx(500, rel=0.010001)
    assert len(hours) == 17
    assert hours[0][8] == pytest.approx(30, rel=0.010001)


def test_the_ledger_keeps_its_sums_when_old_rows_are_added_up(store: Store) -> None:
    old, new = DAY - dt.timedelta(days=30), DAY
    for name, signal, when in (
        ("1", "spans", old),
        ("2", "spans", old),
        ("3", "logs", old),
        ("4", "logs", old),
        ("5", "spans", new),
    ):
        store.rows("INSERT INTO otel.segments VALUES (?, ?, 10, 9, 1, ?)", [name, signal, when])
    sums = "SELECT sum(lines), sum(stored), sum(dead) FROM otel.segments"
    assert settle_ledger(store.connection, DAY - dt.timedelta(days=7), ["4"]) == 3

    assert store.row(sums) == (50, 45, 5)
    assert store.rows("SELECT segment, signal, stored FROM otel.segments ORDER BY ALL") == [
        ("4", "logs", 9),
        ("5", "spans", 9),
        (None, "logs", 9),
        (None, "spans", 18),
    ]
    assert settle_ledger(store.connection, DAY - dt.timedelta(days=7), ["4"]) == 0
