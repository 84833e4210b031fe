"""Sending to a collector is configuration: a whole application, and `serve` as its collector."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import reading
from tests.pythons import clean_environment
from tests.serving.conftest import Database
from tests.serving.test_the_same_rows import rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.serving.conftest import Served

# No word of OTLP in it. It ends when its standard input does.
APPLICATION = textwrap.dedent(
    """
    import logging, sys, time
    from otel_forgesyte import configure, frame, job, plugin, report_device

    @plugin
    def faces(number):
        report_device(requested="gpu", used="cpu", reason="no driver")
        with frame(number):
            pass
        if number == 3:
            raise ValueError("no face")

    @job
    def analyse(job_id, number):
        faces(number)

    slowest = 0.0
    telemetry = configure()
    for number in range(int(sys.argv[1])):
        began = time.monotonic()
        try:
            analyse(f"job-{number}", number)
        except ValueError:
            pass
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(float(sys.argv[2]))
    sys.stdin.read()
    began = time.monotonic()
    telemetry.shutdown(float(sys.argv[3]))
    print(slowest, time.monotonic() - began)
    """
)
BOTH = {
    "OTEL_TRACES_EXPORTER": "otlp,duckdb",
    "OTEL_METRICS_EXPORTER": "otlp,duckdb",
    "OTEL_LOGS_EXPORTER": "otlp,duckdb",
    "OTEL_SERVICE_NAME": "shop",
    # What the DuckDB exporter asks for by itself.
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "DELTA",
}


def start(
    tmp_path: Path, endpoint: str, jobs: int = 5, pause_s: float = 0.0, end_ms: int = 20_000
) -> subprocess.Popen[str]:
    """Start the application, sending to the endpoint and storing beside it."""
    return subprocess.Popen(
        [sys.executable, "-c", APPLICATION, str(jobs), str(pause_s), str(end_ms)],
        cwd=tmp_path,
        env=clean_environment(**BOTH, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(application: subprocess.Popen[str]) -> tuple[float, float]:
    """Return the longest that a job and the end took, in seconds; it must not have failed."""
    out, err = application.communicate(timeout=60)
    assert application.returncode == 0, err
    assert "Traceback" not in err
    job_s, end_s = out.split()
    return float(job_s), float(end_s)


@pytest.mark.slow
def test_what_a_collector_gets_is_what_is_stored_here(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve()
    ended(start(tmp_path, f"http://127.0.0.1:{served.port}"))
    assert served.end() == 0
    here = Database(tmp_path / "telemetry.duckdb")
    # Python's OTLP exporter sends no flags of spans.
    for table, count, unsent in (
        ("otel.spans", 10, ("flags",)),
        ("otel.logs", 6, ()),
        ("otel.resources", 1, ()),
        ("job_metrics", 5, ()),
        ("plugin_metrics", 5, ()),
        ("device_usage", 5, ()),
    ):
        found = rows(served, table, without=unsent)
        assert found == rows(here, table, without=unsent), table
        assert len(found) == count, table
    # Each reader collects at a moment of its own; what was measured is the same. Not so what the
    # exporters tell of themselves at those moments.
    measured = (
        "SELECT name, unit, metric_type, aggregation_temporality, attributes::VARCHAR, sum(count),"
        " sum(sum), sum(int_value) FROM otel.metric_points WHERE regexp_matches(name,"
        r" '^forgesyte\.(job|plugin|device|frame|overlay)\.') GROUP BY ALL ORDER BY ALL"
    )
    assert served.query(measured) == here.query(measured)
    assert len(served.query(measured)) > 4
    frames = "SELECT * FROM overlay_metrics ORDER BY frame_index"
    assert served.query(frames) == here.query(frames)
    assert len(served.query(frames)) == 5


@pytest.mark.slow
def test_a_collector_that_is_down_costs_the_application_nothing(tmp_path: Path) -> None:
    job_s, end_s = ended(start(tmp_path, "http://127.0.0.1:9", end_ms=3_000))
    assert job_s < 1
    assert end_s < 5
    with reading(tmp_path / "telemetry.duckdb") as connection:
        assert connection.execute("SELECT count(*) FROM job_metrics").fetchall() == [(5,)]


@pytest.mark.slow
def test_a_collector_that_hangs_costs_the_application_nothing(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve()
    served.process.send_signal(signal.SIGSTOP)
    try:
        job_s, end_s = ended(start(tmp_path, f"http://127.0.0.1:{served.port}", end_ms=3_000))
    finally:
        served.process.send_signal(signal.SIGCONT)
    assert job_s < 1
    assert end_s < 5
    with reading(tmp_path / "telemetry.duckdb") as connection:
        assert connection.execute("SELECT count(*) FROM job_metrics").fetchall() == [(5,)]


@pytest.mark.slow
def test_a_collector_that_is_restarted_goes_on_where_it_was(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    first = serve()
    application = start(tmp_path, f"http://127.0.0.1:{first.port}", jobs=40, pause_s=0.1)
    deadline = time.monotonic() + 20
    while not list(first.settings.spool.glob("*-spans-*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert first.end() == 0
    second = serve(port=first.port)
    # A batch sent while it was down is tried again by the SDK, for ten seconds.
    while second.value("SELECT count(*) FROM job_metrics") < 40:
        assert time.monotonic() < deadline + 30
        time.sleep(0.2)
    job_s, _ = ended(application)
    assert second.end() == 0
    assert job_s < 1
    here = Database(tmp_path / "telemetry.duckdb")
    jobs = "SELECT job_id, status FROM job_metrics ORDER BY ALL"
    assert second.query(jobs) == here.query(jobs)
