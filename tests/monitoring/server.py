"""A real Prometheus on loopback, and the service that it scrapes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 30.0
_CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}/*.yml"]
scrape_configs:
  - job_name: studio
    static_configs: [{{targets: ["{target}"]}}]
"""


def tool(name: str) -> str:
    """The path of `prometheus` or `promtool`; without it, the test is skipped."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("OTEL_FORGESYTE_REQUIRE_PROMETHEUS"):
            raise AssertionError(f"{name} has to be installed: apt-get install prometheus")
        pytest.skip(f"{name} is not installed")
    return found


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression now.

        Raises:
            AssertionError: Prometheus refuses the expression.
        """
        answer = self._asked(f"/api/v1/query?{urlencode({'query': expression})}")
        assert answer["status"] == "success", (expression, answer)
        assert not answer.get("warnings"), (expression, answer)
        result = answer["data"]["result"]
        # A scalar is no list of series, and no dashboard asks for one.
        assert answer["data"]["resultType"] == "vector", expression
        series: list[dict[str, Any]] = result
        return series

    def alerts(self) -> set[str]:
        """The names of the alerts that fire or will."""
        found = self._asked("/api/v1/alerts")["data"]["alerts"]
        return {one["labels"]["alertname"] for one in found}

    def _asked(self, path: str) -> dict[str, Any]:
        try:
            with urlopen(self.url + path, timeout=10) as answer:  # noqa: S310 - our own server
                body: dict[str, Any] = json.load(answer)
        except URLError as error:
            read = getattr(error, "read", None)
            if read is None:
                raise
            body = json.loads(read())
        return body

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with urlopen(f"{self.url}/-/ready", timeout=1):  # noqa: S310 - our own server
                return True
        except OSError:
            return False


@dataclass(frozen=True)
class Service:
    """A process of `tests.monitoring.service`."""

    process: subprocess.Popen[str]
    target: str
    database: Path

    def end(self) -> None:
        """Close its standard input, at which it ends by itself; harmless when repeated."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(_PATIENCE_S)

    def tell(self, word: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@contextmanager
def service(database: Path, **environment: str) -> Generator[Service]:
    """One that works, until the end of the block."""
    command = [sys.executable, "-W", "error", "-m", "tests.monitoring.service", str(database)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "OTEL_METRIC_EXPORT_INTERVAL": "1000", **environment},
    ) as process:
        assert process.stdout is not None
        target = process.stdout.readline().split("/")[2]
        assert target
        running = Service(process, target, database)
        try:
            yield running
            running.end()
        finally:
            process.kill()  # nothing to one that has ended
    assert process.returncode == 0


@contextmanager
def prometheus(folder: Path, target: str, rules: Path) -> Generator[Prometheus]:
    """One that scrapes the target each second, with these rules, until the end of the block."""
    program, port = tool("prometheus"), free_port()
    configuration = folder / "prometheus.yml"
    configuration.write_text(_CONFIGURATION.format(rules=rules, target=target), encoding="utf-8")
    command = [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            running = Prometheus(f"http://127.0.0.1:{port}")
            wait_for(running.is_ready, "Prometheus to be ready")
            yield running
        finally:
            process.terminate()


def wait_for(condition: Callable[[], object], what: str, patience_s: float = _PATIENCE_S) -> None:
    """Return once the condition holds; fail with what was waited for."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience_s} s for {what}"
        time.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_texts(folder: Path, texts: Iterable[tuple[str, str]]) -> Path:
    """The folder, with these files in it."""
    for name, text in texts:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
