"""Pieces of Python in processes of their own beside the test, ended with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pythons import StartPython, started_pythons


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.duckdb"


@pytest.fixture
def start(database: Path, tmp_path: Path) -> Iterator[StartPython]:
    """Starts a piece of Python that records into `database`; its lines can be read and written."""
    settings = {"OTEL_EXPORTER_DUCKDB_DATABASE": str(database)}
    with started_pythons(tmp_path, **settings) as start:
        yield start
