"""One metrics page for many workers: whoever is asked tells the sums of all, ended or not."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.processes.servers import Server, gunicorn, uvicorn
from tests.prometheus.real import real_prometheus
from tests.waiting import free_port, wait_for

METERED = "tests.processes.metered"
REQUESTS = 40
JOBS = 120
ASKED = "jobs=3&flush=1"
SPANS_ACCEPTED = "forgesyte_records_accepted_total{[^}]*SpanExporter[^}]*}"


@pytest.fixture
def port() -> str:
    """A port that nobody listens on."""
    return str(free_port())


def _settings(port: str) -> dict[str, str]:
    return {
        "OTEL_METRICS_EXPORTER": "duckdb,prometheus",
        "OTEL_EXPORTER_PROMETHEUS_PORT": port,
        "OTEL_SERVICE_NAME": "vision",
    }


def _gunicorn(
    database: Path, settings: dict[str, str], *arguments: str, workers: int = 4
) -> AbstractContextManager[Server]:
    return gunicorn(database, *arguments, workers=workers, module=METERED, **settings)


def _sum(page: str, sample: str) -> int:
    """All series of a sample added up."""
    found = re.findall(rf"^{sample}(?:{{.*?}})? (\d+)(?: #.*)?$", page, re.MULTILINE)
    return sum(map(int, found))


def _jobs(page: str) -> int:
    return _sum(page, "forgesyte_job_duration_seconds_count")


def _agrees(page: str, jobs: int) -> bool:
    """Whether each histogram of jobs is whole: its last bucket is its count."""
    last = re.findall(
        r"^forgesyte_job_duration_seconds_bucket{.*le=\"\+Inf\"} (\d+)", page, re.MULTILINE
    )
    return _jobs(page) == jobs == sum(map(int, last))


def _serving(server: Server, port: str) -> bool:
    try:
        return bool(server.page(port=int(port)))
    except (OSError, AssertionError):  # nobody between two, or one at its end, who tells 503
        return False


@pytest.mark.slow
@pytest.mark.parametrize("preload", [(), ("--preload",)], ids=["no preload", "preload"])
def test_any_of_four_gunicorn_workers_tells_the_sum_of_all(
    database: Path, port: str, preload: tuple[str, ...]
) -> None:
    with _gunicorn(database, _settings(port), *preload) as server:
        answers = server.ask_often(REQUESTS, ASKED)
        assert len({answer["pid"] for answer in answers}) > 1
        for _ in range(8):  # of whichever worker takes the request
            assert _agrees(server.page(), JOBS)
        assert _agrees(server.page(port=int(port)), JOBS)  # of the one that has the port
        page = server.page()
        assert 'trace_id="' in page
        # A gauge has no sum: each process's is told apart.
        assert 'process_pid="' in page
        assert page.count("\ntarget_info{") == 1
        assert "service_instance_id" not in page
        assert server.stop() == 0
    assert "Traceback" not in server.said()
    assert port not in server.said()  # nobody complains that a sibling has it


@pytest.mark.slow
def test_what_a_master_counted_before_it_forked_is_told_once(database: Path, port: str) -> None:
    settings = _settings(port) | {"JOBS_AT_IMPORT": "7"}
    with _gunicorn(database, settings, "--preload") as server:
        server.ask_often(20, "flush=1")
        wait_for(lambda: _agrees(server.page(), 27))
        assert _agrees(server.page(), 27)
        # What the exporters count themselves, too: a job and a plugin run are two spans. The
        # master's own are exported when its batch processor next wakes.
        wait_for(lambda: _sum(server.page(), SPANS_ACCEPTED) >= 54)
        assert _sum(server.page(), SPANS_ACCEPTED) == 54


@pytest.mark.slow
def test_a_killed_worker_keeps_its_counts_and_loses_its_gauges_and_another_takes_its_port(
    database: Path, port: str
) -> None:
    with _gunicorn(database, _settings(port)) as server:
        server.ask_often(REQUESTS, ASKED)
        holder = _holder(database)
        assert holder in server.workers()
        assert f'process_pid="{holder}"' in server.page()
        os.kill(holder, signal.SIGKILL)
        wait_for(lambda: len(server.workers()) == 4 and holder not in server.workers())
        assert _agrees(server.page(), JOBS)
        assert f'process_pid="{holder}"' not in server.page()
        wait_for(lambda: _serving(server, port))
        assert _agrees(server.page(port=int(port)), JOBS)
        server.ask_often(10, "flush=1")
        assert _agrees(server.page(), JOBS + 10)
        assert _holder(database) != holder


@pytest.mark.slow
def test_recycled_workers_leave_one_file_and_every_count(database: Path, port: str) -> None:
    recycled = ("--max-requests", "15")
    with _gunicorn(database, _settings(port), *recycled) as server:
        answers = server.ask_often(240)
        assert len({answer["pid"] for answer in answers}) > 8
        # Those that live have a second to tell; those that have ended told at their end.
        wait_for(lambda: _serving(server, port) and _agrees(server.page(), 240))
        files = Counter(
            path.suffix for path in _group(database, port).iterdir() if path.name[0].isdigit()
        )
        assert files[".json"] <= 5
        assert files[".lock"] <= 5


@pytest.mark.slow
def test_no_page_tells_less_than_the_one_before_whichever_worker_is_asked(
    database: Path, port: str
) -> None:
    with _gunicorn(database, _settings(port)) as server, ThreadPoolExecutor(1) as beside:
        load = beside.submit(server.ask_often, 150, "jobs=2", 3)
        told = [0]
        while not load.done():
            told.append(_jobs(server.page()))
        load.result()
        wait_for(lambda: _agrees(server.page(), 300))
    assert told == sorted(told)
    assert len(set(told)) > 5


@pytest.mark.slow
def test_a_graceful_reload_hands_the_port_and_the_counts_on(database: Path, port: str) -> None:
    with _gunicorn(database, _settings(port), workers=2) as server:
        server.ask_often(40, "flush=1")
        before = server.workers()
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: before.isdisjoint(server.workers()))
        server.ask_often(40, "flush=1")
        wait_for(lambda: _serving(server, port))
        assert _agrees(server.page(port=int(port)), 80)


def test_each_worker_on_a_port_of_its_own_tells_its_own_numbers_and_where_it_is(
    database: Path,
) -> None:
    with _gunicorn(database, _settings("0"), "--preload") as server:
        server.ask_often(REQUESTS, ASKED)
        folder = Path(f"{database}.spool") / "metrics"
        wait_for(lambda: len(list(folder.glob("targets-*.json"))) == 5)  # and the master's
        pages = {target: _ask(target) for target in _targets(folder)}
        assert len(pages) == 5
        assert sum(map(_jobs, pages.values())) == JOBS
        assert server.stop() == 0
        assert list(folder.glob("targets-*")) == []


@pytest.mark.slow
def test_the_real_prometheus_finds_the_workers_and_has_nothing_to_say_about_the_page(
    database: Path, tmp_path: Path, port: str
) -> None:
    folder = Path(f"{database}.spool") / "metrics"
    found = [{"files": [str(folder / "targets-*.json")], "refresh_interval": "1s"}]
    configs = [{"job_name": "vision", "file_sd_configs": found}]
    settings = _settings("0")
    with (
        _gunicorn(database, settings, workers=2) as server,
        real_prometheus(tmp_path, configs) as prometheus,
    ):
        server.ask_often(REQUESTS, ASKED)
        total = "sum by (job) (forgesyte_job_duration_seconds_count)"
        wait_for(lambda: prometheus.values(total) == {"vision": JOBS}, "every job")
        assert prometheus.values("count by (job) (up == 1)") == {"vision": 2}
    with _gunicorn(database, _settings(port), workers=2) as server:
        server.ask_often(10, ASKED)
        checked = subprocess.run(
            ["promtool", "check", "metrics"],
            input=server.page(accept="text/plain"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.slow
def test_any_of_several_uvicorn_workers_tells_the_sum_of_all(database: Path, port: str) -> None:
    with uvicorn(database, 2, METERED, **_settings(port)) as server:
        server.ask_often(REQUESTS, ASKED)
        for _ in range(6):
            assert _agrees(server.page(), JOBS)
        assert _agrees(server.page(port=int(port)), JOBS)
        assert server.stop() == 0


def test_a_port_that_a_stranger_has_is_named_once_by_each_worker_and_records_go_on(
    database: Path,
) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = str(stranger.getsockname()[1])
        with _gunicorn(database, _settings(taken), workers=2) as server:
            server.ask_often(20, "flush=1")
            assert _agrees(server.page(), 20)  # mounted, the page needs no port
            assert server.stop() == 0
    said = [line for line in server.said().splitlines() if taken in line]
    assert 1 <= len(said) <= 2
    assert all("Address already in use" in line for line in said)
    assert "Traceback" not in server.said()


def _holder(database: Path) -> int:
    """The process that has the port, by the file that tells Prometheus where to look."""
    folder = Path(f"{database}.spool") / "metrics"
    [path] = wait_for(lambda: list(folder.glob("targets-*.json")))
    return int(path.stem.rpartition("-")[2])


def _group(database: Path, port: str) -> Path:
    return Path(f"{database}.spool") / "metrics" / f"vision@{port}"


def _targets(folder: Path) -> list[str]:
    """What Prometheus reads: one group of targets a file."""
    groups = [json.loads(path.read_text()) for path in folder.glob("targets-*.json")]
    assert all(len(group) == 1 for group in groups)
    assert all(group[0]["labels"]["__meta_otel_service_name"] == "vision" for group in groups)
    return [target for [group] in groups for target in group["targets"]]


def _ask(target: str) -> str:
    with urlopen(f"http://{target}/metrics", timeout=20) as answer:
        page: str = answer.read().decode()
        return page
