"""The demo from its first job to what the database and `/metrics` say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from otel_forgesyte import open_reader
from otel_forgesyte.demo import DemoReport, DemoUnavailable, run, run_demo

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("skimage", reason="the demo's own requirements are not installed")
pytest.importorskip("PIL", reason="the demo's own requirements are not installed")

Progress = list[tuple[int, int, str]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoReport, Path, Progress]:
    """One run for all tests: set-up is once a process, and the pictures take seconds."""
    database = tmp_path_factory.mktemp("demo") / "demo.duckdb"
    progress: Progress = []

    def told(done: int, total: int, label: str) -> None:
        progress.append((done, total, label))

    report = run_demo(database, 0, told)
    return report, database, progress


def test_the_four_tables_all_have_rows(recorded: tuple[DemoReport, Path, Progress]) -> None:
    report, database, _ = recorded

    with open_reader(database) as reader:
        stored = reader.sql(
            "SELECT (SELECT count(*) FROM job_metrics), (SELECT count(*) FROM plugin_metrics), "
            "(SELECT count(*) FROM overlay_metrics), (SELECT count(*) FROM device_usage)"
        ).fetchall()

    assert stored == [(14, 34, 114, 16)]
    assert report.rows == {
        "job_metrics": 14,
        "plugin_metrics": 34,
        "overlay_metrics": 114,
        "device_usage": 16,
    }


def test_a_job_of_a_half_uploaded_file_ends_in_error_and_says_why(
    recorded: tuple[DemoReport, Path, Progress],
) -> None:
    report, _, _ = recorded
    (broken,) = [job for job in report.jobs if "half" in job.job_id]

    assert broken.status == "error"
    assert broken.error_message is not None
    assert "image file is truncated" in broken.error_message
    assert [(p.plugin, p.success) for p in broken.plugins] == [("decoder", False)]
    assert report.statuses == {"done": 11, "error": 3}


def test_a_result_that_reports_failure_is_a_soft_error(
    recorded: tuple[DemoReport, Path, Progress],
) -> None:
    report, database, _ = recorded

    with open_reader(database) as reader:
        soft = reader.sql(
            "SELECT plugin, tool, success FROM plugin_metrics "
            "WHERE plugin = 'print' AND NOT success"
        ).fetchall()

    assert soft == [("print", "lines", False)] * 2
    assert "no line of print in this picture" in report.errors


def test_a_gpu_that_is_not_there_leaves_a_fallback_with_its_true_reason(
    recorded: tuple[DemoReport, Path, Progress],
) -> None:
    report, _, _ = recorded
    if not report.fallback_reasons:
        pytest.skip("this machine has a GPU that CuPy can use")

    (hubble,) = [job for job in report.jobs if job.job_id.startswith("photo-hubble")]
    decisions = [(d.device_requested, d.device_used, d.fallback) for d in hubble.devices]

    assert sorted(decisions) == [("cpu", "cpu", False), ("gpu", "cpu", True)]
    assert any("cupy" in reason.lower() for reason in report.fallback_reasons)


def test_every_frame_shown_has_its_row_with_rate_and_drops(
    recorded: tuple[DemoReport, Path, Progress],
) -> None:
    report, _, _ = recorded
    (live,) = [job for job in report.jobs if job.job_id.startswith("live-")]
    (film,) = [job for job in report.jobs if job.job_id.startswith("film-")]

    assert [f.frame_index for f in live.frames] == list(range(90))
    assert all(f.fps is not None and f.fps > 0 for f in live.frames[1:])
    assert all(f.dropped_frames is not None and f.dropped_frames >= 0 for f in live.frames)
    assert [f.frame_index for f in film.frames] == list(range(24))


def test_metrics_were_served_while_it_ran(
    recorded: tuple[DemoReport, Path, Progress],
) -> None:
    report, _, _ = recorded

    assert report.scrape_url is not None
    assert report.scrape_url.startswith("http://127.0.0.1:")
    assert {
        "forgesyte_job_duration_seconds",
        "forgesyte_job_queue_duration_seconds",
        "forgesyte_plugin_execution_duration_seconds",
        "forgesyte_overlay_render_duration_seconds",
    } <= set(report.metric_families)


def test_progress_counts_every_job_once(recorded: tuple[DemoReport, Path, Progress]) -> None:
    _, _, progress = recorded

    assert [done for done, _, _ in progress] == list(range(15))
    assert {total for _, total, _ in progress} == {14}
    assert any("OSError: image file is truncated" in label for _, _, label in progress)


def test_the_next_commands_name_a_failed_job_and_this_database(
    recorded: tuple[DemoReport, Path, Progress],
) -> None:
    report, database, _ = recorded
    failed = next(job.job_id for job in report.jobs if job.status == "error")

    assert f"otel-forgesyte job {failed} --database {database}" in report.next_commands


def test_without_the_extra_the_demo_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spec(name: str) -> None:
        del name

    monkeypatch.setattr(run, "find_spec", find_spec)

    with pytest.raises(DemoUnavailable, match=r"pip install 'otel-forgesyte\[demo\]'"):
        run_demo(tmp_path / "demo.duckdb")

    assert not list(tmp_path.iterdir())
