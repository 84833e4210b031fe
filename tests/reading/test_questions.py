"""The questions people ask first: exactly these columns, exactly these rows."""

# ruff: noqa: DTZ001 - every stored time is naive UTC

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte.reading import open_reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess


def test_job_summary_counts_jobs_by_plugin_and_status(database: Path) -> None:
    with open_reader(database) as reader:
        answer = reader.job_summary()

    assert answer.columns == ["plugin", "status", "jobs", "avg_duration_ms", "last_created_at"]
    assert [row[:4] for row in answer.fetchall()] == [
        ("faces", "done", 2, 800.0),
        ("faces", "error", 1, 30.0),
        ("text", "cancelled", 1, 7.0),
        ("text", "running", 2, None),
    ]
    assert answer.fetchall()[0][4] == datetime(2026, 1, 2, 3, 5)


def test_plugin_durations_have_an_average_and_percentiles_by_tool(database: Path) -> None:
    with open_reader(database) as reader:
        answer = reader.avg_plugin_duration()

    assert answer.columns == [
        "plugin", "tool", "runs", "failures", "avg_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms",
    ]  # fmt: skip
    rows = answer.fetchall()
    assert rows[0] == ("faces", "detect", 3, 1, 140.0, 100.0, 280.0, pytest.approx(296.0), 300)
    assert rows[1] == ("faces", "draw", 1, 0, 40.0, 40.0, 40.0, 40.0, 40)
    assert rows[2] == ("text", None, 1, 0, 5.0, 5.0, 5.0, 5.0, 5)
    assert len(rows) == 3


def test_overlay_performance_gives_the_frames_of_one_job_in_order(database: Path) -> None:
    with open_reader(database) as reader:
        answer = reader.overlay_performance("j1")

    assert answer.columns == [
        "frame_index", "render_time_ms", "dropped_frames", "fps", "created_at",
    ]  # fmt: skip
    assert answer.fetchall() == [
        (0, 0, 0, None, datetime(2026, 1, 2, 3, 4, 5, 700_000)),
        (1, 3, 2, 25.0, datetime(2026, 1, 2, 3, 4, 5, 740_000)),
    ]


def test_a_job_without_frames_has_no_rows_in_overlay_performance(database: Path) -> None:
    with open_reader(database) as reader:
        assert reader.overlay_performance("j2").fetchall() == []


def test_device_usage_compares_what_was_asked_for_with_what_ran(database: Path) -> None:
    with open_reader(database) as reader:
        answer = reader.device_usage_stats()

    assert answer.columns == [
        "device_requested", "device_used", "fallback", "decisions", "jobs", "rate",
        "fallback_rate", "last_reason",
    ]  # fmt: skip
    assert answer.fetchall() == [
        ("cpu", "cpu", False, 1, 1, 1.0, 0.0, None),
        ("gpu", "cpu", True, 1, 1, 0.5, 0.5, "no CUDA here"),
        ("gpu", "gpu", False, 1, 1, 0.5, 0.5, None),
    ]


def test_running_jobs_come_oldest_first_with_their_age(database: Path) -> None:
    with open_reader(database) as reader:
        answer = reader.running_jobs()

    assert answer.columns == ["job_id", "plugin", "device", "status", "created_at", "age_s"]
    stuck, fresh = answer.fetchall()
    assert stuck[:4] == ("stuck", "text", "unspecified", "running")
    assert fresh[0] == "fresh"
    assert 7200 <= stuck[5] < 7260
    assert 5 <= fresh[5] < 65


@pytest.mark.parametrize("older_than", [3600, 3600.0, timedelta(hours=1)])
def test_running_jobs_can_be_limited_to_old_ones_in_seconds_or_as_a_timedelta(
    database: Path, older_than: float | timedelta
) -> None:
    with open_reader(database) as reader:
        assert [row[0] for row in reader.running_jobs(older_than).fetchall()] == ["stuck"]


def test_recent_jobs_come_latest_first_and_can_be_of_one_status(database: Path) -> None:
    with open_reader(database) as reader:
        latest = reader.recent_jobs(3)
        failed = reader.recent_jobs(status="error")

    assert latest.columns == [
        "job_id", "plugin", "device", "status", "created_at", "duration_ms", "error_message",
    ]  # fmt: skip
    assert [row[0] for row in latest.fetchall()] == ["fresh", "stuck", "j4"]
    assert failed.fetchall() == [
        ("j3", "faces", "unspecified", "error", datetime(2026, 1, 2, 3, 6), 30,
         "no face in this picture"),
    ]  # fmt: skip


def test_times_and_ages_are_the_same_in_tokyo(
    database: Path, run_python: Callable[..., CompletedProcess[str]]
) -> None:
    finished = run_python(
        f"""
        from otel_forgesyte.reading import open_reader
        with open_reader({str(database)!r}, include_spool=True) as reader:
            print(reader.overlay_performance("j1").fetchall()[0][4])
            print(reader.job("j1").created_at)
            print([row[0] for row in reader.running_jobs(3600).fetchall()])
        """,
        TZ="Asia/Tokyo",
    )

    assert finished.stdout.splitlines() == [
        "2026-01-02 03:04:05.700000",
        "2026-01-02 03:04:05.250000",
        "['stuck']",
    ], finished.stderr


def test_the_database_is_the_exporters_setting_where_none_is_given(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_DATABASE", str(database))

    with open_reader() as reader:
        assert reader.database == database
        assert len(reader.job_summary().fetchall()) == 4
