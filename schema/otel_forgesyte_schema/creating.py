"""Run the canonical files: what a fresh database gets."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from otel_forgesyte_schema import order
from otel_forgesyte_schema.archives import show_archives
from otel_forgesyte_schema.sqlfiles import sql_file, sql_files

if TYPE_CHECKING:
    from collections.abc import Generator

    from otel_forgesyte_schema.connection import Connection


_KEY = (" PRIMARY KEY", " NOT NULL")
"""As the table files write it, after the column it is of, and what says as much as can be without.

No key here has two columns; the projections add no row twice by themselves.
"""
_ZSTANDARD = (" USING COMPRESSION zstd", "")

Replacements = tuple[tuple[str, str], ...]


def lacking(connection: Connection) -> Replacements:
    """Return what of the table files the database in use cannot do, and what it is told instead."""
    ((keys, zstandard),) = connection.execute(sql_file("catalog", "lacking").sql).fetchall()
    return ((_KEY,) if keys else ()) + ((_ZSTANDARD,) if zstandard else ())


def create_objects(connection: Connection, replacements: Replacements) -> None:
    """Create schemas, tables and views that are missing, in the stated order; replace the views.

    Views show archived rows again afterwards, if there are any. `replacements` are what the
    database is `lacking`.
    """
    for schema in order.SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for file in (
        *sql_files("tables", order.TABLES),
        *sql_files("repairs", order.REPAIRS),
        *sql_files("views", order.VIEWS),
    ):
        sql = file.sql
        for each, instead in replacements:
            sql = sql.replace(each, instead)
        connection.execute(sql)
    show_archives(connection)


@contextmanager
def transaction(connection: Connection) -> Generator[None, None, None]:
    """Commit what the block did, or nothing of it."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # DuckDB 1.5 would carry on after a failed statement and commit the part before it. After a
        # failed COMMIT there is no transaction any more, and that error is not the one to tell.
        with suppress(Exception):
            connection.execute("ROLLBACK")
        raise
