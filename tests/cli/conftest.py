"""The command line as its users meet it: in process, as a process in a pipe, and on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pythons import clean_environment
from tests.reading.history import make_history

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = str(Path(sys.executable).with_name("otel-forgesyte"))
_START = "from otel_forgesyte.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make_history(tmp_path / "telemetry.duckdb")


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., Finished]:
    """Runs `otel-forgesyte` as a process whose output is a pipe."""

    def run(*arguments: str | Path, stdin: str = "", **environment: str) -> Finished:
        finished = subprocess.run(
            [sys.executable, "-c", _START, *map(str, arguments)],
            cwd=tmp_path,
            env={**clean_environment(), **environment},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Finished(finished.returncode, finished.stdout, finished.stderr)

    return run


@pytest.fixture
def terminal(tmp_path: Path) -> Callable[..., Finished]:
    """Runs `otel-forgesyte` on a terminal of 120 columns; both its outputs come as `out`."""

    def run(*arguments: str | Path, **environment: str) -> Finished:
        ours, theirs = pty.openpty()
        size = {"COLUMNS": "120", "LINES": "40", "TERM": "xterm-256color", "NO_COLOR": "1"}
        process = subprocess.Popen(
            [sys.executable, "-c", _START, *map(str, arguments)],
            cwd=tmp_path,
            env={**clean_environment(), **size, **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        said = _read_all(ours)
        return Finished(process.wait(60), said.replace("\r\n", "\n"), "")

    return run


def _read_all(descriptor: int) -> str:
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # how Linux tells that the other side was closed
            chunk = b""
        if not chunk:
            os.close(descriptor)
            return b"".join(chunks).decode("utf-8")
        chunks.append(chunk)
