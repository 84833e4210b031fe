"""What a job leaves behind: more rows or series than before cost everybody who stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.guard_process import Counts

_DATABASE = "guard.duckdb"
_JOBS = 10
_MEASURED = """
FROM otel.metric_points
WHERE scope_name = 'otel_forgesyte' AND (metric_type = 'histogram' OR is_monotonic)
"""
_QUESTIONS = {
    "spans": "SELECT count(*) FROM otel.spans",
    "log records": "SELECT count(*) FROM otel.logs",
    "measurements": f"SELECT sum(coalesce(count, int_value)) {_MEASURED}",
    "series": f"SELECT count(DISTINCT (name, attributes::VARCHAR)) {_MEASURED}",
    "rows of jobs": "SELECT count(*) FROM job_metrics",
    "rows of plugins": "SELECT count(*) FROM plugin_metrics",
    "rows of devices": "SELECT count(*) FROM device_usage",
    "rows of frames": "SELECT count(*) FROM overlay_metrics",
}


def recorded() -> Counts:
    """Ten jobs of two plugins, one of them a soft error, a device report and three frames."""
    from otel_forgesyte import configure
    from otel_forgesyte_duckdb import reading

    with configure(database=_DATABASE, prometheus_port=0):
        for _ in range(_JOBS):
            _job()
    with reading(_DATABASE) as connection:
        return {
            f"{_JOBS} jobs: {what}": connection.execute(question).fetchall()[0][0]
            for what, question in _QUESTIONS.items()
        }


def _job() -> None:
    from otel_forgesyte import frame, job, plugin, report_device

    with job(plugin="photo"):
        with plugin(plugin="faces", tool="run"):
            report_device(requested="gpu", used="cpu", reason="no GPU here")
        with plugin(plugin="edges") as edges:
            edges.set_soft_error("no edges")
        for number in range(3):
            with frame(number):
                pass
