"""The questions people ask, on a database small enough to answer them by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from otel_forgesyte_schema import query
from otel_forgesyte_schema.order import QUERIES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.schema.conftest import Record, Records, Store

START = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - naive UTC is the contract


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def ask(store: Store, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    return store.rows(query(name), parameters or None)


def named(plugin: str) -> Record:
    return {"forgesyte.plugin.name": plugin}


def test_the_job_summary_counts_by_plugin_and_status(store: Store, records: Records) -> None:
    store.write(
        "spans",
        records.job("a", 0, 1, attributes=named("ocr")),
        records.job("b", 1, 4, attributes=named("ocr")),
        records.job("c", 2, 3, attributes=named("ocr"), status_code="ERROR"),
        records.job("d", 3, attributes=named("track")),
    )

    assert ask(store, "job_summary") == [
        ("ocr", "done", 2, 2000.0, after(1)),
        ("ocr", "error", 1, 1000.0, after(2)),
        ("track", "running", 1, None, after(3)),
    ]


def test_plugin_durations_come_with_their_percentiles_and_failures(
    store: Store, records: Records
) -> None:
    runs = [records.plugin("a", 0, second) for second in range(1, 101)]
    failed = records.plugin(
        "a", 0, 101, status_code="ERROR", attributes={"forgesyte.plugin.tool": "read"}
    )
    store.write("spans", *runs, failed)

    assert ask(store, "plugin_duration") == [
        ("ocr", None, 100, 0, 50500.0, 50500.0, 95050.0, pytest.approx(99010.0), 100000),
        ("ocr", "read", 1, 1, 101000.0, 101000.0, 101000.0, 101000.0, 101000),
    ]


def test_overlay_performance_gives_the_frames_of_one_job_in_order(
    store: Store, records: Records
) -> None:
    store.write(
        "metric_points",
        records.frames(
            records.frame("a", 2, 2, 0.003),
            records.frame("a", 0, 0, 0.001, **{"forgesyte.frame.rate": 30}),
            records.frame("b", 1, 1, 0.009),
            records.frame("a", 1, 1, 0.002, **{"forgesyte.frame.dropped": 4}),
        ),
    )

    assert ask(store, "overlay_performance", job_id="a") == [
        (0, 1, 0, 30.0, START),
        (1, 2, 4, None, after(1)),
        (2, 3, 0, None, after(2)),
    ]
    assert ask(store, "overlay_performance", job_id="nobody") == []


def test_device_usage_gives_counts_rates_and_the_last_reason(
    store: Store, records: Records
) -> None:
    def because(reason: str) -> Record:
        return {"forgesyte.device.fallback.reason": reason}

    store.write(
        "logs",
        records.device("a", 0, "gpu", "gpu"),
        records.device("b", 1, "gpu", "cpu", **because("no driver")),
        records.device("b", 2, "cuda", "cpu", **because("out of memory")),
        records.device("c", 3, "gpu", "cpu"),
        records.device("d", 4, "cpu", "cpu"),
    )

    # requested, used, fallback, decisions, jobs, rate, fallback rate, last reason
    assert ask(store, "device_usage") == [
        ("cpu", "cpu", False, 1, 1, 1.0, 0.0, None),
        ("gpu", "cpu", True, 3, 2, 0.75, 0.75, "out of memory"),
        ("gpu", "gpu", False, 1, 1, 0.25, 0.75, None),
    ]


def test_running_jobs_are_those_without_an_end_older_than_asked_oldest_first(
    store: Store, records: Records
) -> None:
    now = dt.datetime.now(dt.timezone.utc).timestamp()
    ages = {"young": 10, "old": 100, "older": 1000}
    started = now - START.replace(tzinfo=dt.timezone.utc).timestamp()
    store.write(
        "spans",
        *(records.job(name, started - age) for name, age in ages.items()),
        records.job("finished", started - 5000, started),
    )

    found = ask(store, "running_jobs", older_than_s=60)
    assert [(row[0], row[3]) for row in found] == [("older", "running"), ("old", "running")]
    assert [row[5] for row in found] == [pytest.approx(1000, abs=60), pytest.approx(100, abs=60)]
    assert [row[0] for row in ask(store, "running_jobs", older_than_s=0.5)] == [
        "older",
        "old",
        "young",
    ]


def test_the_age_of_a_running_job_is_the_same_in_any_session_zone(
    store: Store, records: Records
) -> None:
    store.write("spans", records.job("a", 0))
    ages: list[float] = []
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        store.connection.execute(f"SET TimeZone = '{zone}'")
        ((*_, age),) = ask(store, "running_jobs", older_than_s=0)
        ages.append(age)

    assert max(ages) - min(ages) < 60


@pytest.fixture
def one_job(store: Store, records: Records) -> Store:
    job = records.job("a", 0, 10, attributes=named("ocr"), service_name="web")
    inside = {"trace_id": job["trace_id"], "parent_span_id": job["span_id"]}
    attributes = {"forgesyte.job.id": "a", "db.system": "sqlite"}
    store.write(
        "spans",
        records.plugin("a", 1, 3, **inside),
        records.span(2, 2.5, name="SELECT", attributes=attributes, **inside),
        job,
        records.job("other", 0, 1),
    )
    store.write(
        "logs",
        records.device(
            "a", 1.5, "gpu", "cpu", **{"forgesyte.device.fallback.reason": "out of memory"}
        ),
        records.log(
            1.2,
            body="reading",
            severity_text="INFO",
            attributes={"forgesyte.job.id": "a", "forgesyte.plugin.name": "ocr"},
        ),
        records.log(1.3, body="of another job", attributes={"forgesyte.job.id": "other"}),
    )
    store.write("metric_points", records.frames(records.frame("a", 0, 2, 0.0004)))
    return store


def test_one_job_is_its_row(one_job: Store) -> None:
    assert ask(one_job, "job", job_id="a") == [
        ("a", "ocr", "unspecified", "done", 10000, START, after(10), None)
    ]


def test_one_jobs_plugins_come_in_order(one_job: Store) -> None:
    assert ask(one_job, "job_plugins", job_id="a") == [("ocr", None, 2000, True, after(1))]


def test_one_jobs_devices_come_with_the_reason(one_job: Store) -> None:
    assert ask(one_job, "job_devices", job_id="a") == [
        ("gpu", "cpu", True, None, "out of memory", after(1.5))
    ]


def test_one_jobs_frames_come_with_their_exact_time(one_job: Store) -> None:
    assert ask(one_job, "job_frames", job_id="a") == [(0, 0.4, 0, None, after(2), None, None)]


def test_a_frame_whose_exemplar_was_sent_twice_is_given_once(
    one_job: Store, records: Records
) -> None:
    one_job.write("metric_points", records.frames(records.frame("a", 0, 2, 0.0004)))

    assert ask(one_job, "job_frames", job_id="a") == [(0, 0.4, 0, None, after(2), None, None)]


def test_one_jobs_spans_include_those_of_other_libraries(one_job: Store) -> None:
    assert [row[3] for row in ask(one_job, "job_spans", job_id="a")] == ["work", "work", "SELECT"]


def test_one_jobs_logs_are_its_own_lines_and_events(one_job: Store) -> None:
    found = ask(one_job, "job_logs", job_id="a")

    assert [(time, severity, event, body) for time, severity, event, body, *_ in found] == [
        (after(1.2), "INFO", None, "reading"),
        (after(1.5), None, "forgesyte.device.selected", None),
    ]


def test_every_question_runs_on_a_file_attached_read_only(one_job: Store, path: Path) -> None:
    one_job.connection.close()
    with duckdb.connect() as reader:
        reader.execute(f"ATTACH '{path}' AS db (READ_ONLY)")
        reader.execute("USE db")
        answered = {
            name: len(reader.execute(query(name), parameters_of(name)).fetchall())
            for name in QUERIES
        }
    assert answered["job"] == 1
    assert set(answered) == set(QUERIES)


def parameters_of(name: str) -> Record | None:
    sql = "\n".join(line for line in query(name).splitlines() if not line.startswith("--"))
    known: Record = {"job_id": "a", "older_than_s": 1, "per": "hour", "since": None}
    return {key: value for key, value in known.items() if f"${key}" in sql} or None


def test_every_question_gives_rows_of_nothing_on_a_fresh_database(store: Store) -> None:
    assert {name: store.rows(query(name), parameters_of(name)) for name in QUERIES} == {
        name: [] for name in QUERIES
    }


def test_an_unknown_question_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="job_summary"):
        query("jobs")
