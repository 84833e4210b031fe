"""Four gunicorn workers on one metrics page, one killed and replaced: what is scraped is what was.

An answer is sent once its jobs are flushed: what an answer has told is what was acknowledged. Jobs
are asked for without a flush too, to show what a kill can cost then.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from tests.processes.servers import Server, gunicorn
from tests.waiting import free_port, wait_for

_WORKERS = 4
_JOBS = 25
_REQUESTS = 40
_MODULE = "tests.processes.metered"
_SAMPLE = "forgesyte_job_duration_seconds"


def run() -> int:
    """Return 0 where what is scraped is what was acknowledged."""
    return max(_killed_when_answered(), _killed_under_load(), _killed_before_a_flush())


def _killed_when_answered() -> int:
    with _server() as server:
        _load(server, _REQUESTS)
        victim = _kill_who_serves(server)
        _load(server, _REQUESTS)
        true, scraped, last = len(server.told), *_scraped(server)
    equal = true == scraped == last
    _say(f"{_WORKERS} gunicorn workers, {victim} (it served the page) killed and replaced")
    _say(
        f"  true total {true}, scraped total {scraped}, in the +Inf buckets {last}", equal, "equal"
    )
    return 0 if equal else 1


def _killed_under_load() -> int:
    with _server() as server:
        killer = threading.Timer(0.5, _kill_who_serves, [server])
        killer.start()
        _load(server, 2 * _REQUESTS)
        killer.join()
        true, scraped, last = len(server.told), *_scraped(server)
    most = true + server.broken_off * _JOBS
    fits = true <= scraped == last <= most
    _say(f"the same under load: {server.broken_off} requests of {_JOBS} jobs never answered")
    _say(f"  acknowledged {true}, at most {most}, scraped {scraped}", fits, "in between")
    return 0 if fits else 1


def _killed_before_a_flush() -> int:
    with _server() as server:
        _load(server, _REQUESTS)
        flushed = len(server.told)
        victim = server.ask(f"jobs={_JOBS}")
        os.kill(victim["pid"], signal.SIGKILL)
        time.sleep(2.5)  # the living tell theirs within a second or two
        scraped, _ = _scraped(server)
    fits = flushed <= scraped <= flushed + _JOBS
    lost = flushed + _JOBS - scraped
    _say("killed at once after an answer that waited for no flush")
    _say(f"  {lost} of the {_JOBS} jobs of its last seconds lost", fits, "none before")
    return 0 if fits else 1


@contextmanager
def _server() -> Generator[Server]:
    settings = {
        "OTEL_METRICS_EXPORTER": "duckdb,prometheus",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
        "OTEL_SERVICE_NAME": "vision",
        "OTEL_EXPORTER_DUCKDB_DRAIN": "child",
    }
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "telemetry.duckdb"
        with gunicorn(database, workers=_WORKERS, module=_MODULE, **settings) as server:
            yield server
            server.stop()


def _load(server: Server, answers: int) -> None:
    """Send requests, as many at once as there are workers, until so many have been answered."""

    def ask() -> None:
        left = answers // _WORKERS
        while left:
            left -= server.ask_or_not(f"jobs={_JOBS}&flush=1") is not None

    clients = [threading.Thread(target=ask) for _ in range(_WORKERS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def _kill_who_serves(server: Server) -> int:
    """Kill the worker that has the port of the page, and wait for its successors in both roles."""
    victim = wait_for(lambda: _who_serves(server))
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in server.workers() and len(server.workers()) == _WORKERS)
    wait_for(lambda: _who_serves(server) not in {None, victim})
    return int(victim)


def _who_serves(server: Server) -> int | None:
    folder = server.settings.spool / "metrics"
    pids = [int(path.stem.rpartition("-")[2]) for path in folder.glob("targets-*.json")]
    return next((pid for pid in pids if pid in server.workers()), None)


def _port_of_the_page(server: Server) -> int:
    path = max((server.settings.spool / "metrics").glob("targets-*.json"))
    [told] = json.loads(path.read_text())
    return int(told["targets"][0].rpartition(":")[2])


def _scraped(server: Server) -> tuple[int, int]:
    """The count of jobs on the page, and what its last buckets say."""

    def page() -> str | None:
        try:
            return server.page(port=_port_of_the_page(server))
        except (OSError, HTTPException, ValueError):  # between two that serve
            return None

    text = wait_for(page)
    return _sum(text, "count{.*"), _sum(text, r'bucket{.*le="\+Inf"')


def _sum(text: str, sample: str) -> int:
    found = re.findall(rf"^{_SAMPLE}_{sample}}} (\d+)(?: #.*)?$", text, re.MULTILINE)
    return sum(map(int, found))


def _say(line: str, agrees: object = None, verdict: str = "") -> None:
    told = f": {'' if agrees else 'NOT '}{verdict}" if verdict else ""
    sys.stdout.write(f"{line}{told}\n")
    sys.stdout.flush()
