"""`configure()` in a process that has a life of its own: its providers, its ports, its forks."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.setup.conftest import RunProgram
from tests.setup.stored import OF_THE_APPLICATION, phase8, rows

# Prepended to each program below: the application of this folder, importable.
_IMPORT = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"

_HOST = (
    _IMPORT
    + """
import json
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans, logs, reader = InMemorySpanExporter(), InMemoryLogRecordExporter(), InMemoryMetricReader()
traces, records, meters = TracerProvider(), LoggerProvider(), MeterProvider([reader])
traces.add_span_processor(SimpleSpanProcessor(spans))
records.add_log_record_processor(SimpleLogRecordProcessor(logs))
trace.set_tracer_provider(traces)
set_logger_provider(records)
metrics.set_meter_provider(meters)

import application
from otel_forgesyte import configure
telemetry = configure()
application.main()
telemetry.shutdown()
application.main()
names = sorted(
    metric.name
    for resource in reader.get_metrics_data().resource_metrics
    for scope in resource.scope_metrics
    for metric in scope.metrics
)
print(json.dumps({
    "works": telemetry.status().works,
    "still the host's": trace.get_tracer_provider() is traces
        and metrics.get_meter_provider() is meters and get_logger_provider() is records,
    "spans": sorted(span.name for span in spans.get_finished_spans()),
    "events": sorted(log.log_record.event_name or "" for log in logs.get_finished_logs()),
    "metrics": names,
}))
"""
)


def _run(run_program: RunProgram, program: str, **environment: str) -> dict[str, object]:
    finished = run_program("-W", "error::DeprecationWarning", "-c", program, **environment)
    assert finished.returncode == 0, finished.stderr
    result: dict[str, object] = json.loads(finished.stdout.splitlines()[-1])
    return result


def test_a_hosts_providers_keep_what_they_had_and_the_database_fills(
    run_program: RunProgram, tmp_path: Path
) -> None:
    seen = _run(run_program, _HOST)
    assert seen["works"] is True
    assert seen["still the host's"] is True
    # Once while we were set up, and once more after our shutdown: the host's own go on.
    twice = ["job bad", "job good", "plugin faces", "plugin soft", "query"] * 2
    assert seen["spans"] == sorted(
        name.replace("plugin faces", "plugin faces.faces") for name in twice
    )
    # Each run: an attempt on the GPU that failed and a job that did; two decisions on a device.
    assert seen["events"] == ["exception"] * 4 + ["forgesyte.device.selected"] * 4
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION
    assert "forgesyte.overlay.render.duration" in str(seen["metrics"])
    assert "forgesyte.overlay.frame.duration" not in str(seen["metrics"])


def test_configured_twice_it_is_configured_once(run_program: RunProgram, tmp_path: Path) -> None:
    program = (
        _IMPORT
        + """
import application, json
from otel_forgesyte import configure
first, second = configure(), configure()
application.main()
third = configure(service_name="another")
print(json.dumps({"same": first is second is third, "flushed": second.shutdown()}))
"""
    )
    finished = run_program("-c", program)
    assert json.loads(finished.stdout) == {"same": True, "flushed": True}
    assert "set up already; shut it down to change it" in finished.stderr
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_shut_down_and_configured_again_it_records_again(
    run_program: RunProgram, tmp_path: Path
) -> None:
    program = (
        _IMPORT
        + """
import application, json
from otel_forgesyte import configure
with configure(database="first.duckdb"):
    application.main()
application.main()
with configure(database="second.duckdb") as telemetry:
    application.main()
    print(json.dumps(telemetry.status().works))
"""
    )
    finished = run_program("-c", program)
    assert finished.stdout == "true\n", finished.stderr
    assert phase8(tmp_path / "first.duckdb") == OF_THE_APPLICATION
    assert phase8(tmp_path / "second.duckdb") == OF_THE_APPLICATION


def test_a_running_job_is_in_the_database_before_it_ends(run_program: RunProgram) -> None:
    program = """
import json, threading, time
from otel_forgesyte import configure, job, open_reader
telemetry = configure(database="running.duckdb")
end = threading.Event()

@job
def long(job_id):
    end.wait(60)

thread = threading.Thread(target=long, args=("job-long",))
thread.start()
reader = open_reader("running.duckdb")
deadline = time.monotonic() + 30
found = []
while not found and time.monotonic() < deadline:
    time.sleep(0.2)
    try:
        found = reader.sql("SELECT job_id, status, duration_ms FROM job_metrics").fetchall()
    except Exception as error:
        last = error
end.set()
thread.join()
telemetry.shutdown()
after = reader.sql("SELECT job_id, status, duration_ms > 0 FROM job_metrics").fetchall()
print(json.dumps({"during": found, "after": after}))
"""
    assert _run(run_program, program) == {
        "during": [["job-long", "running", None]],
        "after": [["job-long", "done", True]],
    }


def test_a_taken_port_costs_the_scrape_and_nothing_else(
    run_program: RunProgram, tmp_path: Path
) -> None:
    program = (
        _IMPORT
        + """
import application, json
from otel_forgesyte import configure
with configure() as telemetry:
    application.main()
    parts = {part.name: part.works for part in telemetry.status().parts}
print(json.dumps(parts))
"""
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        finished = run_program(
            "-c",
            program,
            OTEL_METRICS_EXPORTER="duckdb,prometheus",
            OTEL_EXPORTER_PROMETHEUS_PORT=port,
        )
    parts = json.loads(finished.stdout)
    assert parts["metrics: prometheus"] is False
    assert [name for name, works in parts.items() if not works] == ["metrics: prometheus"]
    assert port in finished.stderr
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION
    metrics = rows(tmp_path / "telemetry.duckdb", "SELECT count(*) > 0 FROM otel.metric_points")
    assert metrics == [(True,)]


def test_a_directory_that_cannot_be_written_costs_the_record_and_not_the_work(
    run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("not a directory")
    program = (
        _IMPORT
        + """
import application, json
from otel_forgesyte import configure
telemetry = configure(database="a-file/telemetry.duckdb")
application.main()
print(json.dumps({"works": telemetry.status().works}))
"""
    )
    finished = run_program("-c", program)
    assert json.loads(finished.stdout) == {"works": False}, finished.stderr
    assert "a-file" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="the platform cannot fork")
def test_a_forked_child_records_its_own_jobs_once(run_program: RunProgram, tmp_path: Path) -> None:
    program = """
import os
from otel_forgesyte import configure, frame, job

@job
def work(job_id):
    with frame(0):
        pass

telemetry = configure()
work("parent-before")
child = os.fork()
if child == 0:
    work("child")
    telemetry.shutdown()
    os._exit(0)
os.waitpid(child, 0)
work("parent-after")
telemetry.shutdown()
"""
    finished = run_program("-W", "ignore", "-c", program)
    assert finished.returncode == 0, finished.stderr
    ids = [("child",), ("parent-after",), ("parent-before",)]
    database = tmp_path / "telemetry.duckdb"
    assert rows(database, "SELECT job_id FROM job_metrics ORDER BY ALL") == ids
    assert rows(database, "SELECT job_id FROM otel.spans ORDER BY ALL") == ids
    assert rows(database, "SELECT job_id FROM overlay_metrics ORDER BY ALL") == ids


def test_no_identity_ever_becomes_a_label(run_program: RunProgram, tmp_path: Path) -> None:
    program = (
        _IMPORT
        + """
import application, json, urllib.request
from otel_forgesyte import configure
with configure(prometheus_port=0) as telemetry:
    application.main()
    application.good("job-42/path")
    url = telemetry.status().prometheus_url
    print(json.dumps(urllib.request.urlopen(url).read().decode()))
"""
    )
    finished = run_program("-c", program)
    assert finished.returncode == 0, finished.stderr
    page: str = json.loads(finished.stdout)
    assert "forgesyte_job_duration_seconds_count{" in page
    assert "forgesyte_overlay_render_duration_seconds_count{" in page
    for identity in ("job_id", "job-good", "job-42", "frame_index", "photograph", str(tmp_path)):
        assert identity not in page
