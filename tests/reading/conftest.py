"""The history as a fixture, and processes that hold or write a database."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.pythons import StartPython, clean_environment
from tests.reading.history import make_history

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
def start_exporting(start_python: StartPython) -> StartPython:
    """Starts a process that records so many jobs in a database through a real exporter."""
    return partial(start_python, EXPORTING.read_text(encoding="utf-8"))
