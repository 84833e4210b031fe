"""overlay_metrics: one row per rendered frame, from exemplars."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.schema.conftest import Records, Store

START = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - naive UTC is the contract
ROW = """
    SELECT job_id, frame_index, render_time_ms, dropped_frames, fps, created_at
    FROM overlay_metrics ORDER BY job_id, frame_index
"""


def test_every_exemplar_of_a_frame_is_a_row(store: Store, records: Records) -> None:
    details = {"forgesyte.frame.dropped": 2, "forgesyte.frame.rate": 29.5}
    store.write(
        "metric_points",
        records.frames(
            records.frame("a", 0, 0, 0.0166, **details),
            records.frame("a", 1, 1, 0.0004),
            records.frame("b", 0, 0, 2),
        ),
    )

    assert store.rows(ROW) == [
        ("a", 0, 17, 2, 29.5, START),
        ("a", 1, 0, 0, None, START + dt.timedelta(seconds=1)),
        ("b", 0, 2000, 0, None, START),
    ]


def test_the_exact_time_stays_in_the_measurement(store: Store, records: Records) -> None:
    store.write("metric_points", records.frames(records.frame("a", 0, 0, 0.0004)))

    assert store.rows("SELECT job_id, frame_index, render_time_ms FROM otel.frames") == [
        ("a", 0, 0.4)
    ]


def test_the_metric_may_have_any_name(store: Store, records: Records) -> None:
    point = {
        **records.frames(records.frame("a", 0, 0, 0.001)),
        "metric_name": "acme.overlay.draw",
        "metric_type": "exponential_histogram",
    }
    store.write("metric_points", point)

    assert store.row("SELECT count(*) FROM overlay_metrics") == (1,)


@pytest.mark.parametrize(
    "exemplar",
    [
        {"filtered_attributes": {"forgesyte.job.id": "a"}, "value": 1.0},
        {"filtered_attributes": {"forgesyte.frame.index": 1}, "value": 1.0},
        {
            "filtered_attributes": {"forgesyte.job.id": "a", "forgesyte.frame.index": "first"},
            "value": 1.0,
        },
        {"filtered_attributes": None, "value": 1.0},
        {"filtered_attributes": {"forgesyte.job.id": "a", "forgesyte.frame.index": 1}},
    ],
)
def test_an_exemplar_that_is_no_frame_makes_no_row_and_no_error(
    store: Store, records: Records, exemplar: dict[str, Any]
) -> None:
    store.write("metric_points", records.frames(exemplar), records.point(0))

    assert store.rows(ROW) == []
    assert store.row("SELECT count(*) FROM otel.metric_points") == (2,)


@pytest.mark.parametrize(
    ("value", "milliseconds"), [(-1, 0), ("Infinity", 0), ("NaN", 0), (1e9, 2147483647)]
)
def test_a_draw_time_that_cannot_be_is_a_row_that_fits(
    store: Store, records: Records, value: object, milliseconds: int
) -> None:
    store.write("metric_points", records.frames(records.frame("a", 0, 0, value)))

    assert store.row("SELECT render_time_ms FROM overlay_metrics") == (milliseconds,)


@pytest.mark.parametrize(
    ("attributes", "row"),
    [
        ({"forgesyte.frame.rate": "NaN"}, (0, None)),
        ({"forgesyte.frame.rate": "Infinity"}, (0, None)),
        ({"forgesyte.frame.rate": 1e300}, (0, None)),
        ({"forgesyte.frame.dropped": -3}, (0, None)),
    ],
)
def test_a_detail_that_cannot_be_is_left_out_of_row_and_view(
    store: Store, records: Records, attributes: dict[str, Any], row: tuple[object, ...]
) -> None:
    store.write("metric_points", records.frames(records.frame("a", 0, 0, 0.001, **attributes)))

    assert store.row("SELECT dropped_frames, fps FROM overlay_metrics") == row
    assert store.row("SELECT dropped_frames, fps FROM otel.frames") == row


def test_a_fraction_of_an_index_is_not_rounded_into_another_frame(
    store: Store, records: Records
) -> None:
    store.write(
        "metric_points",
        records.frames(*(records.frame("a", index, 0, 0.001) for index in (1.5, 2.0, 3, "4"))),
    )

    assert store.rows("SELECT frame_index FROM overlay_metrics ORDER BY ALL") == [(2,), (3,), (4,)]
    assert store.rows("SELECT frame_index FROM otel.frames ORDER BY ALL") == [
        (2,), (3,), (4,), (None,),
    ]  # fmt: skip


def test_a_frame_sent_again_with_a_later_export_is_the_same_frame(
    store: Store, records: Records
) -> None:
    frame = records.frame("a", 0, 0, 0.001)
    store.write("metric_points", records.frames(frame))
    store.write("metric_points", records.frames(frame, frame, records.frame("a", 1, 0, 0.001)))

    assert store.row("SELECT count(*) FROM overlay_metrics") == (2,)


def test_a_rerun_of_the_job_draws_its_frames_again(store: Store, records: Records) -> None:
    store.write("metric_points", records.frames(records.frame("a", 0, 0, 0.001)))
    store.write("metric_points", records.frames(records.frame("a", 0, 9, 0.001)))

    assert store.row("SELECT count(*) FROM overlay_metrics") == (2,)


def test_thousands_of_frames_of_one_point_are_thousands_of_rows(
    store: Store, records: Records
) -> None:
    store.write(
        "metric_points",
        records.frames(
            *(records.frame("a", index, index / 30, 0.002) for index in range(5000)),
        ),
    )

    assert store.row(
        "SELECT count(*), count(DISTINCT id), min(frame_index), max(frame_index)"
        " FROM overlay_metrics"
    ) == (5000, 5000, 0, 4999)
