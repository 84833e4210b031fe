"""Run the canonical files: what a fresh database gets."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from otel_forgesyte_schema import order
from otel_forgesyte_schema.archives import show_archives
from otel_forgesyte_schema.sqlfiles import sql_files

if TYPE_CHECKING:
    from collections.abc import Generator

    from otel_forgesyte_schema.connection import Connection


def create_objects(connection: Connection) -> None:
    """Create schemas, tables and views that are missing, in the stated order; replace the views.

    Views show archived rows again afterwards, if there are any.
    """
    for schema in order.SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for file in (
        *sql_files("tables", order.TABLES),
        *sql_files("repairs", order.REPAIRS),
        *sql_files("views", order.VIEWS),
    ):
        connection.execute(file.sql)
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
