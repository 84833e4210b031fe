"""A receiver in the test's own process, one as users start it, and what they stored."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from otel_forgesyte.serving import Access, Limits
from otel_forgesyte.serving.otlp_http import OtlpHttp
from otel_forgesyte_duckdb import Settings, StoreStatus, drain, reading, store_status, stores
from tests.pythons import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START = "from otel_forgesyte.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


def send(
    port: int,
    path: str,
    body: bytes = b"",
    *,
    method: str = "POST",
    content_type: str = "application/x-protobuf",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send one request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": content_type} | (headers or {}))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


def send_json(port: int, path: str, content: Any, headers: dict[str, str] | None = None) -> Answer:
    """Send one request in JSON."""
    return send(port, path, orjson.dumps(content), content_type="application/json", headers=headers)


@dataclass
class Database:
    """A database file, and what is asked of it once its writers have ended."""

    path: Path

    @property
    def settings(self) -> Settings:
        return Settings.resolve(database=self.path)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        drain(self.settings)
        with reading(self.path) as connection:
            return connection.execute(sql, list(values)).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        [[value]] = self.query(sql, *values)
        return value

    def status(self) -> StoreStatus:
        return store_status(self.settings)


class Receiver(Database):
    """A receiver in this process; `end` stops it and drains what it took."""

    def __init__(
        self, path: Path, *, access: Access, limits: Limits, cors: tuple[str, ...], **settings: Any
    ) -> None:
        super().__init__(path)
        self.part = OtlpHttp(access, 0, limits, cors)
        self.store = stores.acquire(Settings.resolve(database=path, **settings))
        self.line = self.part.start(self.store)
        self.port = int(self.line.rpartition(":")[2])
        self._is_running = True

    def end(self) -> None:
        if self._is_running:
            self._is_running = False
            self.part.stop()
            stores.release(self.store)


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def receive(tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """Starts receivers that end with the test."""
    started: list[Receiver] = []

    def start(
        name: str = "received",
        *,
        access: Access | None = None,
        limits: Limits | None = None,
        cors: tuple[str, ...] = (),
        **settings: Any,
    ) -> Receiver:
        receiver = Receiver(
            tmp_path / f"{name}.duckdb",
            access=access or Access(),
            limits=limits or Limits(),
            cors=cors,
            **settings,
        )
        started.append(receiver)
        return receiver

    yield start
    for receiver in started:
        receiver.end()


@dataclass
class Served(Database):
    """`otel-forgesyte serve` in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    lines: list[str] = field(default_factory=list[str])

    def end(self) -> int:
        """Tell it to end, and return its exit code."""
        self.process.terminate()
        rest, _ = self.process.communicate(timeout=30)
        self.lines += rest.splitlines()
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


def serve_command(path: Path, *options: str) -> list[str]:
    """Return the command line that serves a database, and leaves its file to the tests."""
    start = [sys.executable, "-c", START, "serve", "--database", str(path)]
    return [*start, "--quack", "off", *options]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts `otel-forgesyte serve` processes that end with the test."""
    started: list[Served] = []

    def start(name: str = "served", *, port: int = 0, **environment: str) -> Served:
        path = tmp_path / f"{name}.duckdb"
        process = subprocess.Popen(
            serve_command(path, "--otlp-port", str(port)),
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = [process.stdout.readline().strip() for _ in range(2)] if process.stdout else []
        served = Served(path, process, int(lines[1].rpartition(":")[2]), lines)
        started.append(served)
        return served

    yield start
    for served in started:
        served.kill()
