"""The real Prometheus, started on loopback, scraping what a test serves."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

_STARTING_S = 20.0


class RealPrometheus:
    """One running Prometheus, and what it knows."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an API call."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self._url}/{path}?{query}", timeout=10) as reply:  # noqa: S310
            return json.load(reply)["data"]

    def values(self, expression: str) -> dict[str, float]:
        """The values that an expression has now, by the job that they were scraped for."""
        found = self.ask("query", query=expression)["result"]
        return {each["metric"].get("job", ""): float(each["value"][1]) for each in found}

    def targets(self) -> dict[str, tuple[str, str]]:
        """Health and last error of each job's target."""
        active = self.ask("targets")["activeTargets"]
        return {each["labels"]["job"]: (each["health"], each["lastError"]) for each in active}

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """The exemplars of the series that match."""
        now = time.time()
        span = {"start": str(now - 300), "end": str(now + 300)}
        found = self.ask("query_exemplars", query=expression, **span)
        return [exemplar for series in found for exemplar in series["exemplars"]]


@contextmanager
def real_prometheus(
    folder: Path, scrape_configs: Sequence[Mapping[str, Any]], *features: str
) -> Generator[RealPrometheus]:
    """A Prometheus that scrapes each second, from its readiness to the end of the block."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed")
    config = folder / "prometheus.yml"
    every = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    config.write_text(yaml.safe_dump({"global": every, "scrape_configs": list(scrape_configs)}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
                *(f"--enable-feature={feature}" for feature in features),
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            running = RealPrometheus(port)
            assert eventually(running.targets), (folder / "prometheus.log").read_text()
            yield running
        finally:
            process.kill()
            process.wait()


def eventually(is_so: Callable[[], Any], within_s: float = _STARTING_S) -> bool:
    """Whether it becomes so in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if is_so():
                return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def promtool(*arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    """Exit code and words of promtool."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()
