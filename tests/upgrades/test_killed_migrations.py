"""A migration killed at any step: the old database or the new one, and the next run finishes it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import duckdb
import pytest

from otel_forgesyte_duckdb import writing
from otel_forgesyte_schema import SCHEMA_VERSION, live_version, migrate
from tests.upgrades.conftest import (
    HERE,
    OLDER,
    Archive,
    Stored,
    rows_of,
    unpack,
    without_stamp,
)

KILLED = "-9"
# Which DuckDB wrote a file matters to what is read from it, and the other tests read both.
ONE_OF_EACH_SCHEMA = list({archive.schema: archive for archive in OLDER}.values())


@pytest.fixture
def killer() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(HERE / "killing.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


def _migrated_until(step: int, stored: Stored, killer: subprocess.Popen[str]) -> list[str]:
    """How the process ended, and the steps it took if it was not killed."""
    assert killer.stdin is not None
    assert killer.stdout is not None
    killer.stdin.write(f"{step} {stored.database}\n")
    killer.stdin.flush()
    return killer.stdout.readline().split()


@pytest.mark.slow
@pytest.mark.parametrize("archive", ONE_OF_EACH_SCHEMA, ids=str)
def test_a_migration_killed_at_any_step_leaves_one_version_whole_and_is_finished_by_the_next(
    archive: Archive, tmp_path: Path, killer: subprocess.Popen[str]
) -> None:
    versions: list[int | None] = []
    steps: list[str] = []
    before = rows_of(unpack(archive, tmp_path / "untouched").database)
    for step in count():
        stored = unpack(archive, tmp_path / str(step))
        ended, *steps = _migrated_until(step, stored, killer)
        if ended == "0":
            break
        assert (ended, steps) == (KILLED, [])
        versions.append(_found(stored))
        _finish(stored)

        after = rows_of(stored.database, like=before)
        assert without_stamp(after) == without_stamp(before)
        assert {rows_of(backup) == before for backup in stored.backups()} == {True}
        assert list(stored.folder.glob("*.partial*")) == []

    turns = ["COPY", "fsync", "rename", "BEGIN", "COMMIT", "close"]
    assert [step for step in steps if step in turns] == turns
    assert versions == [archive.schema] * (len(steps) - 1) + [SCHEMA_VERSION]


def _found(stored: Stored) -> int | None:
    with duckdb.connect(stored.database, read_only=True) as connection:
        return live_version(connection)


def _finish(stored: Stored) -> None:
    with writing(stored.database) as connection:
        report = migrate(connection, "0.2.0")
        assert report.to_version == SCHEMA_VERSION
