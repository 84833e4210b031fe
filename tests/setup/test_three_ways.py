"""The same set-up by a call, by the environment alone, and by a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.setup.conftest import RunProgram
from tests.setup.stored import OF_THE_APPLICATION, phase8, rows

ZERO_CODE = {
    "OTEL_TRACES_EXPORTER": "duckdb",
    "OTEL_METRICS_EXPORTER": "duckdb",
    "OTEL_LOGS_EXPORTER": "duckdb",
}
FILE = """\
file_format: "1.0"
resource:
  attributes:
    - name: service.name
      value: from-a-file
tracer_provider:
  processors:
    - batch:
        exporter:
          duckdb: {}
meter_provider:
  readers:
    - periodic:
        exporter:
          duckdb: {}
logger_provider:
  processors:
    - batch:
        exporter:
          duckdb: {}
"""


def test_a_call_stores_every_job_plugin_frame_and_device(
    run_application: RunProgram, tmp_path: Path
) -> None:
    run_application()
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_the_environment_alone_gives_the_same(run_application: RunProgram, tmp_path: Path) -> None:
    run_application(instrumented=True, **ZERO_CODE)
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_a_file_gives_the_same(run_application: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(FILE)
    run_application(instrumented=True, OTEL_CONFIG_FILE="otel.yaml")
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


@pytest.mark.parametrize("way", ["call", "environment", "file"])
def test_every_way_names_the_service_and_its_instance(
    way: str, run_application: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "otel.yaml").write_text(FILE)
    environment = {"OTEL_CONFIG_FILE": "otel.yaml"} if way == "file" else {}
    run_application(instrumented=way != "call", OTEL_SERVICE_NAME="a-service", **environment)
    found = rows(
        tmp_path / "telemetry.duckdb",
        """SELECT attributes->>'$."service.name"', length(attributes->>'$."service.instance.id"')
           FROM otel.resources""",
    )
    assert found == [("from-a-file" if way == "file" else "a-service", 36)]


def test_a_span_of_a_third_party_carries_the_job_id(
    run_application: RunProgram, tmp_path: Path
) -> None:
    run_application()
    assert rows(
        tmp_path / "telemetry.duckdb", "SELECT job_id FROM otel.spans WHERE name = 'query'"
    ) == [("job-good",)]


def test_console_instead_of_duckdb_needs_no_change_of_code(
    run_application: RunProgram, tmp_path: Path
) -> None:
    finished = run_application(
        OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="none", OTEL_LOGS_EXPORTER="none"
    )
    assert '"name": "job good"' in finished.stdout
    assert not (tmp_path / "telemetry.duckdb").exists()


def test_spans_elsewhere_leave_no_job_running_for_ever(
    run_application: RunProgram, tmp_path: Path
) -> None:
    run_application(OTEL_TRACES_EXPORTER="console")
    stored = phase8(tmp_path / "telemetry.duckdb")
    assert stored["jobs"] == []
    assert stored["devices"] == OF_THE_APPLICATION["devices"]
    assert stored["overlays"] == OF_THE_APPLICATION["overlays"]


class _Receiver(BaseHTTPRequestHandler):
    paths: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str]]]:
    paths: list[str] = []
    handler = type("Receiver", (_Receiver,), {"paths": paths})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_otlp_beside_duckdb_needs_no_change_of_code(
    run_application: RunProgram, tmp_path: Path, receiver: tuple[str, list[str]]
) -> None:
    endpoint, paths = receiver
    names = "duckdb,otlp"
    run_application(
        OTEL_TRACES_EXPORTER=names,
        OTEL_METRICS_EXPORTER=names,
        OTEL_LOGS_EXPORTER=names,
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
    )
    assert {"/v1/traces", "/v1/metrics", "/v1/logs"} == set(paths)
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_a_job_that_is_sampled_out_keeps_all_its_rows(
    run_application: RunProgram, tmp_path: Path
) -> None:
    run_application(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0")
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION
    assert rows(tmp_path / "telemetry.duckdb", "SELECT count(*) FROM otel.spans") == [(0,)]


def test_the_sampler_by_its_entry_point_keeps_them_too(
    run_application: RunProgram, tmp_path: Path
) -> None:
    run_application(OTEL_TRACES_SAMPLER="otel_forgesyte", OTEL_TRACES_SAMPLER_ARG="0")
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_the_time_zone_of_the_machine_changes_nothing(
    run_application: RunProgram, tmp_path: Path
) -> None:
    run_application(TZ="Asia/Tokyo")
    offset_s = rows(
        tmp_path / "telemetry.duckdb",
        "SELECT max(abs(epoch(created_at) - epoch(now()::TIMESTAMPTZ AT TIME ZONE 'UTC')))"
        " FROM job_metrics",
    )[0][0]
    assert offset_s < 600


def test_a_disabled_sdk_records_nothing(run_application: RunProgram, tmp_path: Path) -> None:
    run_application(OTEL_SDK_DISABLED="true")
    assert not (tmp_path / "telemetry.duckdb").exists()


def test_an_unknown_exporter_costs_its_signal_and_one_line(
    run_application: RunProgram, tmp_path: Path
) -> None:
    finished = run_application(OTEL_LOGS_EXPORTER="loki")
    assert "logs: loki is not set up: no installed package offers" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert phase8(tmp_path / "telemetry.duckdb")["jobs"] == OF_THE_APPLICATION["jobs"]


def test_a_file_that_cannot_be_read_costs_one_line(
    run_application: RunProgram, tmp_path: Path
) -> None:
    finished = run_application(instrumented=True, OTEL_CONFIG_FILE="absent.yaml")
    assert "declarative configuration is not set up" in finished.stderr
    assert "absent.yaml" in finished.stderr
    assert finished.stderr.count("is not set up") == 1
    assert phase8(tmp_path / "telemetry.duckdb") == OF_THE_APPLICATION


def test_a_file_can_ask_for_the_scrape_endpoint(run_program: RunProgram, tmp_path: Path) -> None:
    pull = "    - pull:\n        exporter:\n          otel_forgesyte:\n            port: 0\n"
    (tmp_path / "otel.yaml").write_text(FILE.replace("  readers:\n", f"  readers:\n{pull}"))
    program = """
import gc, urllib.request
from otel_forgesyte import configure, job
from otel_forgesyte_prometheus import ServingPrometheusReader
with configure(config_file="otel.yaml"):
    with job(job_id="j", plugin="p"):
        pass
    (reader,) = (one for one in gc.get_objects() if isinstance(one, ServingPrometheusReader))
    print(urllib.request.urlopen(reader.server.url).read().decode())
"""
    finished = run_program("-W", "ignore", "-c", program)
    assert finished.returncode == 0, finished.stderr
    assert 'forgesyte_job_duration_seconds_count{forgesyte_job_status="done"' in finished.stdout
