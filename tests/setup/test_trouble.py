"""Set-up in trouble: nonsense, children, threads, exporters that fail or hang."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.setup.conftest import RunProgram
from tests.setup.stored import OF_THE_APPLICATION, phase8, rows
from tests.setup.test_three_ways import FILE

_IMPORT = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport json\n"


def _said(run_program: RunProgram, program: str, **environment: str) -> tuple[object, str]:
    finished = run_program("-W", "ignore", "-c", _IMPORT + program, **environment)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1]), finished.stderr


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("sampler=0.5", "an OpenTelemetry Sampler"),
        ("redact=5", "a function from record to record"),
        ("traces_exporter=5", "names, such as"),
        ("metrics_exporter=['duckdb', None]", "names, such as"),
        ("resource_attributes='x'", "a mapping"),
        ("prometheus_port=True", "give a port"),
        ("database='md:cloud'", "only a file path or a lake"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_at_once(
    argument: str, wanted: str, run_program: RunProgram
) -> None:
    program = f"""
from otel_forgesyte import configure
from otel_forgesyte.errors import ConfigError
try:
    configure({argument})
except ConfigError as error:
    print(json.dumps(str(error)))
"""
    message, _ = _said(run_program, program)
    assert wanted in str(message)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "-1"),
    ],
)
def test_nonsense_in_the_environment_costs_one_exporter(
    variable: str, value: str, run_program: RunProgram
) -> None:
    program = """
import application
from otel_forgesyte import configure
telemetry = configure()
application.main()
failed = [part.name for part in telemetry.status().parts if not part.works]
telemetry.shutdown()
print(json.dumps(len(failed)))
"""
    failed, _ = _said(run_program, program, **{variable: value})
    assert failed == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-5"), ("OTEL_METRICS_EXEMPLAR_FILTER", "sometimes")],
)
def test_nonsense_that_the_sdk_refuses_is_one_clear_error(
    variable: str, value: str, run_program: RunProgram
) -> None:
    program = """
from otel_forgesyte import configure
from otel_forgesyte.errors import ConfigError
try:
    configure(prometheus_port=0)
except ConfigError as error:
    print(json.dumps(str(error)))
"""
    message, _ = _said(run_program, program, **{variable: value})
    assert value in str(message)


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_children_of_multiprocessing_keep_what_they_recorded(
    method: str, run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "work.py").write_text(
        """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from otel_forgesyte import configure, frame, job

@job
def work(job_id):
    with frame(0):
        pass

def in_a_child(job_id):
    configure()
    work(job_id)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    telemetry = configure()
    process = context.Process(target=in_a_child, args=("process",))
    process.start()
    process.join()
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(in_a_child, [f"pool-{number}" for number in range(4)]))
    work("parent")
    telemetry.shutdown()
"""
    )
    finished = run_program("-W", "ignore", "work.py", method)
    assert finished.returncode == 0, finished.stderr
    run_program("-c", "from otel_forgesyte_duckdb import *; drain(Settings.resolve())")
    expected = [("parent",), *((f"pool-{number}",) for number in range(4)), ("process",)]
    database = tmp_path / "telemetry.duckdb"
    finished_jobs = "SELECT job_id FROM job_metrics WHERE status = 'done' ORDER BY job_id"
    assert rows(database, finished_jobs) == expected
    assert rows(database, "SELECT job_id FROM overlay_metrics ORDER BY job_id") == expected


def test_metrics_come_back_after_a_shutdown(run_program: RunProgram, tmp_path: Path) -> None:
    program = """
import application
from otel_forgesyte import configure
with configure(database="first.duckdb"):
    application.main()
with configure(database="second.duckdb") as telemetry:
    application.main()
print(json.dumps(telemetry.status().works))
"""
    _said(run_program, program)
    counted = rows(
        tmp_path / "second.duckdb",
        "SELECT sum(count) FROM otel.metric_points WHERE name = 'forgesyte.job.duration'",
    )
    assert counted == [(2,)]


def test_eight_threads_that_configure_get_one_set_up(run_program: RunProgram) -> None:
    program = """
import threading
from concurrent.futures import ThreadPoolExecutor
from otel_forgesyte import configure
with ThreadPoolExecutor(8) as pool:
    handles = list(pool.map(lambda _: configure(), range(8)))
workers = [one.name for one in threading.enumerate() if one.name == "otel-forgesyte"]
print(json.dumps([len(set(map(id, handles))), len(workers)]))
"""
    assert _said(run_program, program)[0] == [1, 1]


def test_a_set_up_begun_during_a_shutdown_outlives_it(
    run_program: RunProgram, tmp_path: Path
) -> None:
    program = """
import threading, time
import application
from otel_forgesyte import configure
first = configure(database="first.duckdb")
application.main()
ending = threading.Thread(target=first.shutdown)
ending.start()
while not first.is_shut_down:
    time.sleep(0.001)
second = configure(database="second.duckdb")
ending.join()
application.main()
print(json.dumps(second.shutdown()))
"""
    assert _said(run_program, program)[0] is True
    assert phase8(tmp_path / "second.duckdb") == OF_THE_APPLICATION


def test_entered_twice_the_inner_exit_leaves_it_running(run_program: RunProgram) -> None:
    program = """
from otel_forgesyte import configure
with configure() as outer:
    with configure():
        pass
    print(json.dumps(outer.is_shut_down))
"""
    assert _said(run_program, program)[0] is False


def test_an_endpoint_that_never_answers_delays_neither_exit_nor_storage(
    run_program: RunProgram, tmp_path: Path
) -> None:
    program = """
import socket, time
import application
from otel_forgesyte import configure, open_reader
from otel_forgesyte.errors import TelemetryError
def ended_jobs():
    try:
        return open_reader().sql("SELECT count(completed_at) FROM job_metrics").fetchall()[0][0]
    except TelemetryError:  # no database yet
        return 0
listener = socket.create_server(("127.0.0.1", 0))
import os
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
telemetry = configure(traces_exporter="otlp,duckdb", metrics_exporter="otlp,duckdb")
application.main()
while ended_jobs() < 2:
    time.sleep(0.05)
began = time.monotonic()
telemetry.shutdown(3_000)
print(json.dumps(time.monotonic() - began))
os._exit(0)
"""
    took_s, _ = _said(run_program, program)
    assert isinstance(took_s, float)
    assert took_s < 5
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_a_frame_exporter_that_raises_costs_the_others_nothing(
    run_program: RunProgram, tmp_path: Path
) -> None:
    program = """
import application
from otel_forgesyte import configure
telemetry = configure()
class Broken:
    def export(self, metrics_data): raise OSError("gone")
    def force_flush(self, timeout_millis): return True
    def shutdown(self): pass
frames = telemetry._machinery.frames
frames.exporters = (Broken(), *frames.exporters)
application.main()
telemetry.shutdown()
print(json.dumps(telemetry.status().failures))
"""
    failures, _ = _said(run_program, program)
    assert failures == {"frame export": 1}
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


_PLANTED = """
import application
from otel_forgesyte import configure
def redact(record):
    text = json.dumps(record, default=str).replace("job-good", "[REDACTED]")
    return json.loads(text)
with configure({argument}redact=redact) as telemetry:
    application.main()
print(json.dumps([part.detail for part in telemetry.status().parts if not part.works]))
"""


@pytest.mark.parametrize("argument", ["", "config_file='otel.yaml', "])
def test_what_is_redacted_reaches_no_file(
    argument: str, run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "otel.yaml").write_text(FILE)
    failed, _ = _said(run_program, _PLANTED.replace("{argument}", argument))
    assert failed == []
    jobs = rows(tmp_path / "telemetry.duckdb", "SELECT job_id FROM job_metrics ORDER BY job_id")
    assert jobs == [("[REDACTED]",), ("job-bad",)]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"job-good" not in path.read_bytes()


def test_arguments_that_a_file_decides_are_named(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(FILE)
    program = """
import application, urllib.request
from otel_forgesyte import configure
with configure(config_file="otel.yaml", database="other.duckdb", prometheus_port=0) as telemetry:
    application.main()
    page = urllib.request.urlopen(telemetry.status().prometheus_url).read().decode()
print(json.dumps("forgesyte_job_duration_seconds_count" in page))
"""
    served, said = _said(run_program, program)
    assert served is True
    assert "otel.yaml decides these, so they are not used: database" in said
    assert not (tmp_path / "other.duckdb").exists()


def test_a_file_beside_a_hosts_provider_adds_to_it(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(FILE)
    program = """
import application
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
from otel_forgesyte import configure
with configure(config_file="otel.yaml") as telemetry:
    application.main()
application.main()
print(json.dumps(len(spans.get_finished_spans())))
"""
    seen, said = _said(run_program, program)
    assert seen == 10
    assert "this process has its own for traces" in said
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_a_file_that_is_wrong_in_part_is_used_in_part(
    run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "otel.yaml").write_text(
        FILE.replace(
            "    - periodic:\n        exporter:\n          duckdb: {}",
            "    - periodic:\n        exporter:\n          absent: {}",
        )
    )
    program = """
import application
from otel_forgesyte import configure
with configure(config_file="otel.yaml"):
    application.main()
print(json.dumps(True))
"""
    _, said = _said(run_program, program)
    assert "is applied in part" in said
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION
    assert rows(tmp_path / "telemetry.duckdb", "SELECT count(*) FROM otel.spans") == [(5,)]


def test_one_directory_that_cannot_be_written_costs_one_line(
    run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("not a directory")
    program = """
import application
from otel_forgesyte import configure
configure(database="a-file/telemetry.duckdb")
application.main()
print(json.dumps(True))
"""
    _, said = _said(run_program, program)
    assert len([line for line in said.splitlines() if "is not set up" in line]) == 1


def test_a_disk_that_stays_full_is_told_with_its_count(run_program: RunProgram) -> None:
    program = """
import resource
import application
from otel_forgesyte import configure
telemetry = configure()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
application.main()
flushed = telemetry.shutdown(2_000)
# Whatever else the process writes as it ends (coverage, say) is not what is tested.
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(json.dumps(flushed))
"""
    _, said = _said(run_program, program)
    assert "dropped, and not in the loss ledger either: " in said
    assert "5 spans (" in said
    assert "Traceback" not in said


BACKLOG = """
from opentelemetry import trace
from otel_forgesyte import configure
with configure() as telemetry:
    tracer = trace.get_tracer("t")
    for _ in range(30_000):
        tracer.start_span("s").end()
"""
HURRIED = """
import sys, time
from otel_forgesyte import configure
telemetry = configure()
telemetry.shutdown(float(sys.argv[1]))
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.slow
def test_an_end_in_the_middle_of_a_drain_is_no_crash(run_program: RunProgram) -> None:
    """A daemon thread that is inside DuckDB when the interpreter ends aborts the process."""
    for limit_millis, afterwards_s in [(100, 0.0), (300, 0.2), (600, 0.1), (900, 0.0), (900, 0.3)]:
        stored = run_program(
            "-c",
            BACKLOG,
            OTEL_EXPORTER_DUCKDB_DRAIN="external",
            OTEL_EXPORTER_DUCKDB_SEGMENT_BYTES="200000",
            OTEL_BSP_MAX_QUEUE_SIZE="30000",
        )
        assert stored.returncode == 0, stored.stderr
        ended = run_program("-c", HURRIED, str(limit_millis), str(afterwards_s))
        assert (ended.returncode, "FATAL" in ended.stderr) == (0, False), ended.stderr
