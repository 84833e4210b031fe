"""The history as a fixture, and processes that hold or write a database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pythons import clean_environment
from tests.reading.history import make_history

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
