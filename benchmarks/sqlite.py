"""SQLite as somebody who knows it would set it up: what P8, P9 and P10 are compared with."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from benchmarks.statements import statement, statements

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

_FILLING = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -262144")
# The file is in the system's memory by then: mapped, its pages are read without a call for each.
_ASKING = ("PRAGMA query_only = ON", "PRAGMA cache_size = -262144", "PRAGMA mmap_size = 2147418112")


@contextlib.contextmanager
def opened(path: Path, *, filling: bool = False) -> Generator[sqlite3.Connection]:
    """A connection for asking, or for filling a file that nobody would miss."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in _FILLING if filling else _ASKING:
            connection.execute(pragma)
        yield connection
    finally:
        connection.close()


def fill(path: Path, tables: Mapping[str, int]) -> None:
    """Make these tables, with their indexes, each with so many rows."""
    with opened(path, filling=True) as connection:
        for table, rows in tables.items():
            connection.execute("BEGIN")
            for each in statements(f"sqlite_{table}"):
                connection.execute(each, {"rows": rows} if "$rows" in each else {})
            connection.execute("COMMIT")
        connection.execute("ANALYZE")


def ask(path: Path, question: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a question, from opening the file to letting go of it."""
    with opened(path) as connection:
        return connection.execute(statement(f"ask_{question}"), params).fetchall()
