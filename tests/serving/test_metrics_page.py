"""`otel-forgesyte serve --metrics-port`: what Prometheus gets from the serving process."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import DuckDBSpanExporter
from tests.pythons import clean_environment
from tests.serving.conftest import serve_command
from tests.serving.test_the_command import run
from tests.serving.test_the_same_rows import make_spans
from tests.waiting import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts `serve` with a metrics page, and returns its address."""
    started: list[subprocess.Popen[str]] = []

    def _start(*options: str, **environment: str) -> str:
        process = subprocess.Popen(
            serve_command(
                tmp_path / "served.duckdb", "--otlp-port", "0", "--metrics-port", "0", *options
            ),
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        assert lines[2].startswith("metrics at http")
        return lines[2].removeprefix("metrics at ")

    yield _start
    for process in started:
        process.kill()
        process.communicate(timeout=30)


def status(url: str, token: str = "") -> int:
    try:
        ask(url, **({"Authorization": f"Bearer {token}"} if token else {}))
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def ask(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as reply:  # noqa: S310
        return str(reply.read().decode())


def test_it_tells_of_its_spool_and_its_drains(start: Callable[..., str], tmp_path: Path) -> None:
    url = start(OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="0.1")
    exporter = DuckDBSpanExporter(database=tmp_path / "served.duckdb", drain="external")
    exporter.export(make_spans())
    exporter.shutdown()
    deadline = time.monotonic() + 20
    while "forgesyte_drain_duration_seconds_count" not in ask(url):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert 'service_name="otel-forgesyte-serve"' in ask(url)
    assert "forgesyte_spool_records{" in ask(f"{url}/spool")
    assert "forgesyte_drain_duration" not in ask(f"{url}/spool")


def test_the_token_that_lets_write_lets_scrape_and_nobody_comes_in_without(
    start: Callable[..., str],
) -> None:
    url = start(OTEL_EXPORTER_DUCKDB_TOKEN="s3cret-word")  # noqa: S106
    said = {"": 401, "another": 401, "s3cret-word": 200}
    assert {token: status(url, token) for token in said} == said


def test_its_own_token_file_is_asked_for_instead(start: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("only-for-scrapes")
    url = start(
        OTEL_EXPORTER_DUCKDB_TOKEN="s3cret-word",  # noqa: S106
        OTEL_EXPORTER_PROMETHEUS_TOKEN_FILE=str(tmp_path / "token"),
    )
    said = {"s3cret-word": 401, "only-for-scrapes": 200}
    assert {token: status(url, token) for token in said} == said


def test_what_cannot_be_served_is_one_line_and_an_exit_code(
    start: Callable[..., str], tmp_path: Path
) -> None:
    taken = start().rpartition(":")[2].partition("/")[0]
    other = tmp_path / "other.duckdb"
    ports = ("--otlp-port", "0", "--metrics-port")
    code, said = run(other, *ports, taken)
    assert code == 2
    assert said == (
        f"otel-forgesyte: cannot serve metrics on 127.0.0.1:{taken}: Address already in use; "
        "choose another port with --metrics-port, 0 takes a free one"
    )
    web = tmp_path / "web.yml"
    web.write_text("basic_auth_user: {}")
    code, said = run(other, *ports, "0", "--web-config", str(web))
    assert code == 2
    assert "the file has basic_auth_user, which is no part of it" in said


APPLICATION = """
import os, sys
from otel_forgesyte import configure, job
configure()
for number in range(int(sys.argv[1])):
    with job(job_id=f"{os.getpid()}-{number}", plugin="ocr"):
        pass
"""


def test_applications_that_have_ended_are_told_by_the_server_by_service(
    tmp_path: Path, start: Callable[..., str]
) -> None:
    url = start("--metrics-of-applications")
    ports = {"web shop": str(free_port()), "b": str(free_port())}
    for jobs, service in ((3, "web shop"), (4, "web shop"), (5, "b")):
        ask(url)  # from then on the server remembers who ends
        environment = clean_environment(
            OTEL_METRICS_EXPORTER="prometheus",
            OTEL_EXPORTER_PROMETHEUS_PORT=ports[service],
            OTEL_SERVICE_NAME=service,
            OTEL_EXPORTER_DUCKDB_DATABASE=str(tmp_path / "served.duckdb"),
        )
        program = [sys.executable, "-c", APPLICATION, str(jobs)]
        subprocess.run(program, env=environment, check=True, timeout=60)
    page = ask(url)
    counted = re.findall(
        r'^forgesyte_job_duration_seconds_count{.*service_name="([^"]+)".*} (\d+)$',
        page,
        re.MULTILINE,
    )
    assert sorted(counted) == [("b", "5"), ("web shop", "7")]
    assert 'service_name="otel-forgesyte-serve"' in page


def test_applications_cannot_be_told_without_a_page(tmp_path: Path) -> None:
    status, said = run(tmp_path / "served.duckdb", "--metrics-of-applications")
    assert status == 2
    assert "--metrics-of-applications needs --metrics-port" in " ".join(said.split())
