"""Other processes at the same database: one drains, one holds it, one asks.

python -m tests.soak.neighbours drain|hold|read DATABASE JOURNALS STOP_FILE SEED
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from otel_forgesyte import open_reader
from otel_forgesyte_duckdb import DatabaseLocked, Settings, drain
from tests.soak.journal import observe

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.soak.journal import Journal

_FULL = ("No space left", "could not write", "Could not write", "out of space", "IO Error")


def drains(database: str, journal: Journal, chance: random.Random) -> None:
    """One drain; a held or full database is what the soak arranges, anything else is trouble."""
    try:
        drain(Settings(database=database), timeout_s=5.0)
    except (DatabaseLocked, OSError):
        time.sleep(0.2)
    except duckdb.Error as error:
        if not any(sign in str(error) for sign in _FULL):
            journal.tell("trouble", f"drain: {type(error).__name__}: {error}")
        time.sleep(0.2)
    time.sleep(chance.random())


def holds(database: str, journal: Journal, chance: random.Random) -> None:
    """Has the file open for a while, as a person at a DuckDB prompt does."""
    del journal
    with (
        contextlib.suppress(duckdb.Error),
        contextlib.closing(duckdb.connect(database)) as connection,
    ):
        connection.execute("SELECT 1")
        time.sleep(chance.uniform(0.5, 5.0))
    time.sleep(chance.uniform(1.0, 15.0))


def reads(database: str, journal: Journal, chance: random.Random) -> None:
    """One question; what was stored never becomes less."""
    global _most  # noqa: PLW0603 - the process is this one reader
    try:
        [(found,)] = open_reader(database).sql("SELECT count(*) FROM job_metrics").fetchall()
    except DatabaseLocked:
        return
    except duckdb.Error as error:
        if not any(sign in str(error) for sign in _FULL):
            journal.tell("trouble", f"read: {type(error).__name__}: {error}")
        return
    if found < _most:
        journal.tell("trouble", f"read {found} jobs after {_most}")
    _most = found
    time.sleep(chance.random())


_most = 0
_ROLES: dict[str, Callable[[str, Journal, random.Random], None]] = {
    "drain": drains,
    "hold": holds,
    "read": reads,
}


def main(role: str, database: str, folder: str, stop: Path, seed: str) -> None:
    journal = observe(Path(folder))
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    while not Path(database).exists() and not stop.exists():
        time.sleep(0.1)
    while not stop.exists():
        _ROLES[role](database, journal, chance)
    journal.tell("end")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5])
