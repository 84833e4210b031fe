"""Real servers in processes of their own, and clients that remember what they were told."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from otel_forgesyte_duckdb import Settings, reading
from tests.pythons import clean_environment
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
MODULE = "tests.processes.application"
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
OPENMETRICS = "application/openmetrics-text"


@dataclass
class Server:
    """A server with workers, listening on a free port of this machine."""

    database: Path
    log: Path
    process: subprocess.Popen[bytes]
    told: Counter[str] = field(default_factory=Counter[str])
    broken_off: int = 0

    @property
    def port(self) -> int:
        return int(wait_for(lambda: _ADDRESS.findall(self.said()))[-1])

    @property
    def settings(self) -> Settings:
        return Settings(database=str(self.database))

    def said(self) -> str:
        return self.log.read_text()

    def ask(self, query: str = "", timeout_s: float = 60.0) -> dict[str, Any]:
        """Send one request and remember the jobs that its answer names."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request("GET", f"/?{query}")
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        self.told.update(answer["jobs"])
        return answer

    def ask_or_not(self, query: str = "") -> dict[str, Any] | None:
        """Send one request to a worker that may end before it answers."""
        try:
            return self.ask(query)
        except (OSError, HTTPException, JSONDecodeError):  # cut off, or an error's page
            self.broken_off += 1
            return None

    def ask_often(self, times: int, query: str = "", at_once: int = 8) -> list[dict[str, Any]]:
        """Send requests, several at once; every one must be answered."""
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(self.ask, [query] * times))

    def page(
        self, path: str = "/metrics", port: int | None = None, accept: str = OPENMETRICS
    ) -> str:
        """Scrape what is mounted, or what is served on a port of its own, as OpenMetrics."""
        connection = HTTPConnection("127.0.0.1", port or self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Accept": accept})
            answer = connection.getresponse()
            assert answer.status == HTTPStatus.OK
            return answer.read().decode()
        finally:
            connection.close()

    def workers(self) -> set[int]:
        """Return the processes that answer, of which some may be new ones."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(map(int, children.read_text().split()))

    def stop(self) -> int:
        """End it as an init system does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def gunicorn(
    database: Path, *arguments: str, workers: int = 4, module: str = MODULE, **settings: str
) -> Generator[Server]:
    # Its control socket would be one for all that run at once on this machine.
    command = [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:0", "--no-control-socket"]
    command += ["-w", str(workers)]
    with _running([*command, *arguments, f"{module}:wsgi"], database, settings) as server:
        # One that is told to end before it listens to signals keeps gunicorn waiting for 30 s.
        wait_for(lambda: server.said().count("Booting worker") >= workers, "the workers")
        yield server


@contextmanager
def uvicorn(
    database: Path, workers: int = 2, module: str = MODULE, **settings: str
) -> Generator[Server]:
    command = [sys.executable, "-m", "uvicorn", "--port", "0", "--workers", str(workers)]
    with _running([*command, f"{module}:asgi"], database, settings) as server:
        yield server


@contextmanager
def _running(command: list[str], database: Path, settings: dict[str, str]) -> Generator[Server]:
    log = database.with_name("server.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(database, **settings), stdout=output, stderr=output
        )
    try:
        server = Server(database, log, process)
        wait_for(lambda: server.ask_or_not("jobs=0"), "an answer")
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


def environment(database: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a process that records into that database and nowhere else."""
    return clean_environment(OTEL_EXPORTER_DUCKDB_DATABASE=str(database)) | settings


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with reading(database) as connection:
        return connection.execute(sql).fetchall()


def stored(database: Path, table: str = "job_metrics") -> Counter[str]:
    """Return how often each job is in a table: once, if all is well."""
    return Counter(dict(rows(database, f"SELECT job_id, count(*) FROM {table} GROUP BY job_id")))
