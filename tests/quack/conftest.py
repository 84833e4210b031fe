"""`otel-forgesyte serve` with quack in a process as users start it, and any DuckDB client."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from otel_forgesyte_duckdb.extensions import load_extension
from otel_forgesyte_schema.errors import ConfigError
from tests.waiting import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "a-token-of-tests"  # noqa: S105
START = "from otel_forgesyte.cli import main; main()"
ASK = "FROM quack_query($uri, $sql, token = $token)"


@pytest.fixture(scope="session")
def quack() -> None:
    """Skips where DuckDB has no quack, and fails where it must have."""
    try:
        client().close()
    except ConfigError as error:
        if os.environ.get("OTEL_FORGESYTE_REQUIRE_EXTENSIONS") == "1":
            raise
        pytest.skip(str(error))


def client() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB client as anybody has one, with the extension."""
    connection = duckdb.connect()
    try:
        for name in ("quack", "httpfs"):
            load_extension(connection, name)
    except ConfigError:
        connection.close()
        raise
    return connection


@cache
def one_client() -> duckdb.DuckDBPyConnection:
    """Return a client that is kept: loading quack takes half a second."""
    return client()


@dataclass
class Server:
    """A server, and what was started with it."""

    path: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list[str])

    @property
    def uri(self) -> str:
        return f"quack:127.0.0.1:{self.port}"

    @property
    def holder(self) -> int:
        """The process that holds the file."""
        listed = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return int(listed.stdout.split()[0])

    def ask(self, sql: str, token: str = TOKEN) -> list[tuple[Any, ...]]:
        values = {"uri": self.uri, "sql": sql, "token": token}
        with one_client().cursor() as cursor:
            return cursor.execute(ASK, values).fetchall()

    def end(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=30)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


def serve_command(path: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-c", START, "serve", "--database", str(path)),
        *("--otlp-port", "0", *options),
    ]


@pytest.fixture(autouse=True)
def settings_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_") and name != "OTEL_FORGESYTE_REQUIRE_EXTENSIONS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_TOKEN", TOKEN)
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL", "0.1")


@pytest.fixture
def serve(quack: None, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test."""
    del quack
    started: list[Server] = []

    def start(*options: str, port: int | None = None, name: str = "telemetry") -> Server:
        port = port or free_port()
        path = tmp_path / f"{name}.duckdb"
        command = serve_command(path, "--quack", f"127.0.0.1:{port}", *options)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        server = Server(path, port, process)
        started.append(server)
        for line in process.stdout or ():
            server.lines.append(line.strip())
            if line.startswith("SQL at "):
                return server
        raise AssertionError(server.lines)

    yield start
    for server in started:
        server.kill()
