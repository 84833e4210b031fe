"""From segment files to rows: what the drainer calls inside its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte_schema import order
from otel_forgesyte_schema.sqlfiles import sql_file, sql_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_forgesyte_schema.connection import Connection


@dataclass(frozen=True, slots=True)
class Projection:
    """SQL that turns one signal's segment rows into rows of another table.

    It reads the temporary table `segment_<signal>`, takes no parameters, and may hold several
    statements. It must leave the same rows when the same segment is ingested again.
    """

    name: str
    signal: str
    sql: str


def prepare(connection: Connection) -> None:
    """Define the temporary macros that ingestion and projections use on this connection.

    Needed once per connection, before `ingest`; nothing is written to the database.
    """
    connection.execute("".join(file.sql for file in sql_files("macros", order.MACROS)))


def ingest(connection: Connection, signal: str, files: Sequence[str]) -> int:
    """Store the lines of some segment files of one signal; return how many lines were read.

    Leaves the lines in the temporary table `segment_<signal>` for the projections, until the next
    call for that signal. Runs in the caller's transaction and needs `prepare`.

    Raises:
        ValueError: an unknown signal, or no files.
        duckdb.Error: a file that cannot be read or a line that is not what it should be. Nothing of
            the batch may be kept then: roll back.
    """
    if signal not in order.SIGNALS:
        raise ValueError(f"unknown signal {signal!r}; known are {', '.join(order.SIGNALS)}")
    if not files:
        raise ValueError(f"no segment files of signal {signal!r} to ingest")
    read = sql_file("ingest", f"segment_{signal}")
    lines = connection.execute(read.sql, {"files": list(files)}).fetchone()
    connection.execute(sql_file("ingest", signal).sql)
    return 0 if lines is None else int(lines[0])


def phase8_projections() -> tuple[Projection, ...]:
    """Return the projections that fill the four Phase 8 tables.

    The exporter finds them through the entry point group `otel_forgesyte_duckdb_projections`.
    """
    return tuple(
        Projection(name, signal, sql_file("projections", name).sql)
        for name, signal in order.PROJECTIONS
    )
