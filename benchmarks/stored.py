"""A database of ours with as many rows as one likes, made inside DuckDB in seconds."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from benchmarks.statements import statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as the database has it
_MICROSECOND = dt.timedelta(microseconds=1)


def fill(path: Path, tables: Mapping[str, int]) -> None:
    """Make the database and fill these tables, each with so many rows."""
    import duckdb

    from otel_forgesyte_duckdb.database import writing
    from otel_forgesyte_schema import bring_up_to_date, prepare

    with writing(path) as connection:
        bring_up_to_date(connection, "benchmark")
        prepare(connection)
        # 10 M rows with their keys, in order, take more memory than an application would give.
        connection.execute("SET preserve_insertion_order = true")
        for table, rows in tables.items():
            sql = statement(f"fill_{table}")
            try:
                connection.execute(sql, {"rows": rows} if "$rows" in sql else {})
            except duckdb.Error as error:
                raise RuntimeError(f"{table} could not be filled: {error}") from error
        connection.execute("CHECKPOINT")


def plain(value: Any) -> Any:
    """A value of an answer as SQLite has it: times in whole microseconds, and floats rounded."""
    if isinstance(value, dt.datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, bool):
        return int(value)
    return round(value, 6) if isinstance(value, float) else value


def compared(question: str, ours: list[tuple[Any, ...]], theirs: list[tuple[Any, ...]]) -> None:
    """Nothing, if both databases gave the same answer.

    Raises:
        RuntimeError: they differ, so that comparing their speed would mean nothing.
    """
    mine, others = ([tuple(map(plain, row)) for row in rows] for rows in (ours, theirs))
    if mine != others:
        differing = next(
            (pair for pair in zip(mine, others) if pair[0] != pair[1]),  # noqa: B905
            (len(mine), len(others)),
        )
        raise RuntimeError(f"{question}: the answers differ: {differing[0]} and {differing[1]}")
