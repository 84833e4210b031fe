"""SQLite as somebody who knows it would set it up: what P8, P9 and P10 are compared with."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from benchmarks.rows import Figure, Row
from benchmarks.statements import statement, statements

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from pathlib import Path

    Asked = tuple[str, str, str, float | None, float | None]

_FILLING = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -262144")
# The file is in the system's memory by then: mapped, its pages are read without a call for each.
_ASKING = ("PRAGMA query_only = ON", "PRAGMA cache_size = -262144", "PRAGMA mmap_size = 2147418112")


def rows(target: str, module: str, baseline: str, asked: Iterable[Asked]) -> tuple[Row, ...]:
    """A row for each question to both, of a module whose cases are `make`, `ours` and `theirs`.

    Args:
        target: what the rows belong to, e.g. `P8`; it begins their keys.
        module: of this package.
        baseline: how SQLite answers, in words.
        asked: the rest of the key, the question in words, the figure of both sides in
            milliseconds, and how many times faster ours must be, and is hoped to be.
    """
    return tuple(
        Row(
            key=f"{target} {key}",
            what=what,
            baseline_what=baseline,
            candidate=Figure(f"{module}:ours", figure),
            baseline=Figure(f"{module}:theirs", figure),
            unit="ms",
            comparison="speedup",
            must=must,
            aim=aim,
            needs=(f"{module}:make",),
        )
        for key, what, figure, must, aim in asked
    )


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


def ask(
    connection: sqlite3.Connection, question: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """The rows of a question."""
    return connection.execute(statement(f"ask_{question}"), params).fetchall()
