"""The history as a fixture, and processes that hold or write a database."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reading.history import clean_environment, make_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXPORTING = Path(__file__).with_name("exporting.py")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make_history(tmp_path / "telemetry.duckdb")


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a piece of Python in a process of its own and returns it when it has ended."""

    def run(source: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(source)],
            cwd=tmp_path,
            env={**clean_environment(), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def start_exporting(tmp_path: Path) -> Iterator[Callable[[Path, int], subprocess.Popen[str]]]:
    """Starts a process that records jobs through a real exporter; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(database: Path, jobs: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(EXPORTING), str(database), str(jobs)],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a piece of Python beside the test; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(source: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source)],
            cwd=tmp_path,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
