"""What earlier releases left behind, unpacked; and the present release's command line upon it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from otel_forgesyte.cli.application import app
from otel_forgesyte_schema import SCHEMA_VERSION

HERE = Path(__file__).parent
APPLICATION = HERE / "application.py"
_NAME = re.compile(r"schema-(\d+)-release-(.+)-duckdb-(.+)\.tar\.gz")
_TABLES = """
SELECT schema_name || '.' || table_name FROM duckdb_tables()
WHERE database_name = current_database() ORDER BY ALL
"""
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Archive:
    """One stored database: which schema, which release and which DuckDB wrote it."""

    path: Path
    schema: int
    release: str
    duckdb: str

    def __str__(self) -> str:
        return f"schema {self.schema} by DuckDB {self.duckdb}"


@dataclass(frozen=True, slots=True)
class Stored:
    """An archive unpacked into a directory of its own."""

    archive: Archive
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "telemetry.duckdb"

    @property
    def spool(self) -> Path:
        return self.folder / "telemetry.duckdb.spool"

    @property
    def answers(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads((self.folder / "answers.json").read_text("utf-8"))
        return said

    def backups(self) -> list[Path]:
        return sorted(self.folder.glob(f"telemetry.duckdb.v{self.archive.schema}.*.backup"))


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Finished]


def archives() -> list[Archive]:
    found = [(path, _NAME.fullmatch(path.name)) for path in sorted(HERE.glob("stored/*.tar.gz"))]
    return [Archive(path, int(name[1]), name[2], name[3]) for path, name in found if name]


ARCHIVES = archives()
OLDER = [archive for archive in ARCHIVES if archive.schema < SCHEMA_VERSION]


@cache
def _contents(archive: Archive) -> dict[str, bytes]:
    with tarfile.open(archive.path) as tar:
        files = [(member.name, tar.extractfile(member)) for member in tar if member.isfile()]
        return {name: file.read() for name, file in files if file is not None}


def unpack(archive: Archive, folder: Path) -> Stored:
    for name, contents in _contents(archive).items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(contents)
        path.chmod(0o600)
    return Stored(archive, folder)


@pytest.fixture(params=OLDER, ids=str)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Stored:
    """Each database of an earlier schema in turn."""
    return unpack(request.param, tmp_path)


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in [key for key in os.environ if key.startswith("OTEL_EXPORTER_")]:
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command of this release upon telemetry.duckdb, without a process for each."""

    def command(*arguments: str) -> Finished:
        code = app(list(arguments), prog_name="otel-forgesyte", standalone_mode=False)
        said = capsys.readouterr()
        return Finished(int(code), said.out, said.err)

    return command


def finished(command: list[str], folder: Path) -> Finished:
    ended = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def rows_of(database: Path, like: Rows | None = None) -> Rows:
    """Every row of every table, by plain DuckDB; `like` keeps to the tables and columns of another.

    The first row of each is the names of its columns.
    """
    with duckdb.connect(database, read_only=True) as connection:
        tables = like or [name for (name,) in connection.execute(_TABLES).fetchall()]
        return {table: _rows(connection, table, like) for table in tables}


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, like: Rows | None
) -> list[tuple[Any, ...]]:
    columns = like[table][0] if like else tuple(connection.table(table).columns)
    selected = ", ".join(columns)
    found = connection.execute(f"SELECT {selected} FROM {table} ORDER BY ALL").fetchall()
    return [columns, *found]


def without_stamp(rows: Rows) -> Rows:
    """The rows without the version table, which is what a migration adds to."""
    return {table: found for table, found in rows.items() if table != "otel.schema_version"}
