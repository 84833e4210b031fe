"""job_metrics: one row per job, whatever order its records arrive in."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.schema.conftest import Record, Records, Store

START = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - naive UTC is the contract
ROW = """
    SELECT job_id, plugin, device, status, duration_ms, created_at, completed_at, error_message
    FROM job_metrics
"""


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def test_a_started_job_is_running_without_an_end(store: Store, records: Records) -> None:
    store.write("spans", records.job("a", 0, attributes={"forgesyte.plugin.name": "ocr"}))

    assert store.rows(ROW) == [
        ("a", "ocr", "unspecified", "running", None, START, None, None),
    ]


def test_a_finished_job_has_its_end_and_its_duration(store: Store, records: Records) -> None:
    store.write(
        "spans",
        records.job(
            "a",
            0,
            1.5,
            attributes={"forgesyte.plugin.name": "ocr", "forgesyte.device.name": "cuda:1"},
        ),
    )

    assert store.rows(ROW) == [("a", "ocr", "gpu", "done", 1500, START, after(1.5), None)]


def test_a_failed_job_has_the_message_of_its_span(store: Store, records: Records) -> None:
    store.write("spans", records.job("a", 0, 1, status_code="ERROR", status_message="no model"))

    assert store.row("SELECT status, error_message FROM job_metrics") == ("error", "no model")


@pytest.mark.parametrize("status", ["done", "error", "cancelled", "paused-by-operator"])
def test_a_stated_status_is_kept_as_it_is_even_an_unknown_one(
    store: Store, records: Records, status: str
) -> None:
    store.write("spans", records.job("a", 0, 1, attributes={"forgesyte.job.status": status}))

    assert store.row("SELECT status, duration_ms FROM job_metrics") == (status, 1000)


def test_a_job_without_a_plugin_name_is_called_after_its_span(
    store: Store, records: Records
) -> None:
    store.write("spans", records.job("a", 0, 1, name="job nightly"))

    assert store.row("SELECT plugin FROM job_metrics") == ("job nightly",)


def test_a_queued_job_has_not_ended_although_its_submission_has(
    store: Store, records: Records
) -> None:
    store.write("spans", records.job("a", 0, 0, attributes={"forgesyte.job.status": "queued"}))

    assert store.row("SELECT status, duration_ms, completed_at FROM job_metrics") == (
        "queued",
        None,
        None,
    )


def life(records: Records) -> list[Record]:
    """Submission, start and end of one job; start and end are the same span's."""
    ended = records.job("a", 5, 7)
    running = {**ended, "end_time_unix_nano": None, "stored": False}
    return [
        records.job("a", 0, 0, attributes={"forgesyte.job.status": "queued"}),
        running,
        ended,
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("batches", ["one batch", "a batch each"])
def test_a_start_never_overwrites_an_end_in_any_order(
    store: Store, records: Records, order: tuple[int, ...], batches: str
) -> None:
    lines = [life(records)[index] for index in order]
    write(store, lines, batches)

    assert store.rows(ROW) == [
        ("a", "work", "unspecified", "done", 2000, after(5), after(7), None),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("batches", ["one batch", "a batch each"])
def test_a_rerun_replaces_the_earlier_run_in_any_order(
    store: Store, records: Records, order: tuple[int, ...], batches: str
) -> None:
    runs = [*life(records)[1:], *rerun(records)]
    write(store, [runs[index] for index in order], batches)

    assert store.rows(ROW) == [
        ("a", "work", "unspecified", "error", 1000, after(20), after(21), "again"),
    ]


def rerun(records: Records) -> list[Record]:
    ended = records.job("a", 20, 21, status_code="ERROR", status_message="again")
    return [{**ended, "end_time_unix_nano": None, "stored": False}, ended]


def write(store: Store, lines: list[Record], batches: str) -> None:
    if batches == "one batch":
        store.write("spans", *lines)
        return
    for line in lines:
        store.write("spans", line)


def test_a_job_started_again_after_its_end_is_running_again(store: Store, records: Records) -> None:
    store.write("spans", records.job("a", 0, 1))
    store.write("spans", records.job("a", 10))

    assert store.rows(ROW) == [
        ("a", "work", "unspecified", "running", None, after(10), None, None),
    ]


def test_a_submission_noted_late_by_another_clock_does_not_reopen_a_finished_job(
    store: Store, records: Records
) -> None:
    store.write("spans", records.job("a", 5, 7))
    store.write("spans", records.job("a", 6, 6, attributes={"forgesyte.job.status": "queued"}))

    assert store.row("SELECT status FROM job_metrics") == ("done",)


def test_a_clock_set_back_during_a_job_gives_no_negative_duration_and_no_endless_job(
    store: Store, records: Records
) -> None:
    ended = records.job("a", 5, 3)
    store.write("spans", ended)
    store.write("spans", {**ended, "end_time_unix_nano": None, "stored": False})

    assert store.row("SELECT status, duration_ms FROM job_metrics") == ("done", 0)


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(0.0004, 0), (0.0006, 1), (1.4996, 1500), (40 * 86400, 2147483647)],
)
def test_a_duration_is_rounded_to_milliseconds_that_fit(
    store: Store, records: Records, seconds: float, milliseconds: int
) -> None:
    store.write("spans", records.job("a", 0, seconds))

    assert store.row("SELECT duration_ms FROM job_metrics") == (milliseconds,)


def test_the_same_segment_twice_leaves_the_same_one_row(store: Store, records: Records) -> None:
    segment = store.segment(life(records))
    store.write_file("spans", segment)
    before = store.rows("SELECT * FROM job_metrics")
    store.write_file("spans", segment)

    assert store.rows("SELECT * FROM job_metrics") == before
    assert len(before) == 1


def test_two_segments_of_one_batch_are_one_row_for_the_job_they_share(
    store: Store, records: Records
) -> None:
    _, running, ended = life(records)
    store.write_file("spans", store.segment([ended]), store.segment([running]))

    assert store.rows("SELECT status FROM job_metrics") == [("done",)]


def test_only_spans_that_say_so_are_jobs(store: Store, records: Records) -> None:
    store.write(
        "spans",
        records.span(0, 1, attributes={"forgesyte.job.id": "a"}),
        records.span(0, 1, attributes=None),
        records.job("a", 0, 1, attributes={"forgesyte.operation.name": "verification"}),
    )

    assert store.rows("SELECT * FROM job_metrics") == []


def test_a_projection_only_line_makes_a_row_and_no_span(store: Store, records: Records) -> None:
    store.write("spans", records.job("a", 0, 1, stored=False))

    assert store.row("SELECT count(*) FROM job_metrics") == (1,)
    assert store.row("SELECT count(*) FROM otel.spans") == (0,)


def test_many_jobs_over_many_batches_are_each_one_finished_row(
    store: Store, records: Records
) -> None:
    ended = [records.job(f"job-{number}", number, number + 1) for number in range(3000)]
    running: list[dict[str, Any]] = [
        {**line, "end_time_unix_nano": None, "stored": False} for line in ended
    ]
    store.write("spans", *running[:2000], *ended[:500])
    store.write("spans", *ended[500:], *running[2000:])

    assert store.row(
        "SELECT count(*), count(DISTINCT job_id), count(DISTINCT id),"
        " count(*) FILTER (WHERE status = 'done' AND duration_ms = 1000) FROM job_metrics"
    ) == (3000, 3000, 3000, 3000)
    assert store.row("SELECT count(*) FROM otel.job_keys") == (3000,)


def test_a_deleted_job_that_runs_again_has_a_row_again(store: Store, records: Records) -> None:
    store.write("spans", records.job("a", 0, 1))
    store.connection.execute("DELETE FROM job_metrics")
    store.write("spans", records.job("a", 10, 11))
    store.write("spans", records.job("a", 20))

    assert store.rows("SELECT status, created_at FROM job_metrics") == [("running", after(20))]


def test_two_jobs_whose_keys_collide_stay_two_rows(store: Store, records: Records) -> None:
    store.write("spans", records.job("a", 0, 1))
    # As if the hash of "b" were that of "a".
    store.connection.execute(
        "INSERT INTO otel.job_keys SELECT md5_number_lower('b'), id FROM job_metrics"
    )
    store.write("spans", records.job("b", 2, 3))

    assert store.rows("SELECT job_id, created_at FROM job_metrics ORDER BY ALL") == [
        ("a", START),
        ("b", after(2)),
    ]


@pytest.mark.parametrize("batches", [1, 2])
def test_a_span_that_ends_under_another_job_id_is_two_jobs(
    store: Store, records: Records, batches: int
) -> None:
    own: Record = {"trace_id": "1" * 32, "span_id": 7}
    lines = [records.job("A", 0, **own), records.job("B", 0, 1, **own)]
    for batch in [lines] if batches == 1 else [[line] for line in lines]:
        store.write("spans", *batch)

    assert store.rows("SELECT job_id, status FROM job_metrics ORDER BY job_id") == [
        ("A", "running"),
        ("B", "done"),
    ]
