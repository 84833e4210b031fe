"""A lake of its own for each test, on one PostgreSQL for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from otel_forgesyte.reading import open_reader
from otel_forgesyte_duckdb import Settings
from tests.targets.postgres import PostgresServer

_numbers = count(1)


@dataclass(frozen=True)
class Lake:
    """A lake and a place for spools: each stands for the one of a machine."""

    server: PostgresServer
    name: str
    folder: Path
    files: str = ""

    @property
    def data_path(self) -> str:
        return self.files or str(self.folder / "data")

    @property
    def database(self) -> str:
        return self.server.target(self.name)

    def environment(self, machine: str = "one") -> dict[str, str]:
        return {
            "OTEL_EXPORTER_DUCKDB_DATABASE": self.database,
            "OTEL_EXPORTER_DUCKDB_DATA_PATH": self.data_path,
            "OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY": str(self.folder / f"{machine}.spool"),
            "OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL": "0.2",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        }

    def settings(self, machine: str = "one") -> Settings:
        return Settings.resolve(
            database=self.database,
            data_path=self.data_path,
            spool_directory=str(self.folder / f"{machine}.spool"),
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return open_reader(self.database).sql(sql).fetchall()


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_EXPORTER_", "AWS_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def lake(postgres: PostgresServer, tmp_path: Path) -> Lake:
    name = f"lake{next(_numbers)}"
    postgres.create(name)
    return Lake(postgres, name, tmp_path)
