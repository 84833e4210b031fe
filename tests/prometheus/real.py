"""The real Prometheus and its Alertmanager, started on loopback, scraping what a test serves."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import yaml

from tests.tools import tool
from tests.waiting import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path


class RealPrometheus:
    """One running Prometheus, and what it knows."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an API call.

        Raises:
            AssertionError: Prometheus refuses it, or warns.
        """
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self._url}/{path}?{query}", timeout=10) as reply:  # noqa: S310
                answer = json.load(reply)
        except HTTPError as error:
            with error:
                answer = json.load(error)
        assert answer["status"] == "success", (parameters, answer)
        assert not answer.get("warnings"), (parameters, answer)
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression now."""
        data = self.ask("query", query=expression)
        # A scalar is no list of series, and no dashboard asks for one.
        assert data["resultType"] == "vector", expression
        series: list[dict[str, Any]] = data["result"]
        return series

    def values(self, expression: str) -> dict[str, float]:
        """The values that an expression has now, by the job that they were scraped for."""
        found = self.query(expression)
        return {each["metric"].get("job", ""): float(each["value"][1]) for each in found}

    def targets(self) -> dict[str, tuple[str, str]]:
        """Health and last error of each job's target."""
        active = self.ask("targets")["activeTargets"]
        return {each["labels"]["job"]: (each["health"], each["lastError"]) for each in active}

    def alerts(self) -> dict[str, str]:
        """The state of each alert, `pending` or `firing`, by its name."""
        found = self.ask("alerts")["alerts"]
        return {one["labels"]["alertname"]: one["state"] for one in found}

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """The exemplars of the series that match."""
        now = time.time()
        span = {"start": str(now - 300), "end": str(now + 300)}
        found = self.ask("query_exemplars", query=expression, **span)
        return [exemplar for series in found for exemplar in series["exemplars"]]


@contextmanager
def real_prometheus(
    folder: Path,
    scrape_configs: Sequence[Mapping[str, Any]],
    *features: str,
    rules: Path | None = None,
    alertmanager: int | None = None,
) -> Generator[RealPrometheus]:
    """A Prometheus that scrapes each second, from its readiness to the end of the block."""
    program, port = tool("prometheus", "prometheus"), free_port()
    config = folder / "prometheus.yml"
    said: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": list(scrape_configs),
    }
    if rules is not None:
        said["rule_files"] = [f"{rules}/*.yml"]
    if alertmanager is not None:
        told = {"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}
        said["alerting"] = {"alertmanagers": [told]}
    config.write_text(yaml.safe_dump(said))
    command = [
        program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *(f"--enable-feature={feature}" for feature in features),
    ]  # fmt: skip
    running = RealPrometheus(port)
    with _server(command, folder / "prometheus.log", f"http://127.0.0.1:{port}/-/ready"):
        yield running


@contextmanager
def real_alertmanager(folder: Path, webhook: str) -> Generator[int]:
    """The port of an Alertmanager that tells this address at once of what fires and what ends."""
    program, port = tool("prometheus-alertmanager", "prometheus-alertmanager"), free_port()
    config = folder / "alertmanager.yml"
    soon = {"group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
    told = {"name": "webhook", "webhook_configs": [{"url": webhook, "send_resolved": True}]}
    config.write_text(
        yaml.safe_dump({"route": {"receiver": "webhook", **soon}, "receivers": [told]})
    )
    command = [
        program, f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    with _server(command, folder / "alertmanager.log", f"http://127.0.0.1:{port}/-/ready"):
        yield port


@contextmanager
def _server(command: Sequence[str], log: Path, ready: str) -> Generator[None]:
    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(ready, timeout=1) as answer:  # noqa: S310 - our own server
                return bool(answer.status == 200)
        except HTTPError as error:  # 503 while it reads its files; a socket left open is a warning
            error.close()
            return False

    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            wait_for(is_ready, f"{command[0]} to be ready")
            yield
        finally:
            process.kill()


def promtool(*arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    """Exit code and words of promtool."""
    command = [tool("promtool", "prometheus"), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()
