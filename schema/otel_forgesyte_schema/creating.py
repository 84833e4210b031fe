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


_OF_A_FILE_ONLY = ((" PRIMARY KEY", " NOT NULL"), (" USING COMPRESSION zstd", ""))
"""As the table files write it, after the column it is of; and what a lake gets instead.

No key here has two columns, and Parquet compresses by itself.
"""


def has_keys(connection: Connection) -> bool:
    """Tell whether the database in use can have primary keys: a lake cannot."""
    return connection.execute(sql_file("catalog", "keyless").sql).fetchall() == [(False,)]


def create_objects(connection: Connection, *, keys: bool) -> None:
    """Create schemas, tables and views that are missing, in the stated order; replace the views.

    Views show archived rows again afterwards, if there are any. Without `keys` their columns are
    NOT NULL and no more: the projections add no row twice by themselves.
    """
    for schema in order.SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for file in (
        *sql_files("tables", order.TABLES),
        *sql_files("repairs", order.REPAIRS),
        *sql_files("views", order.VIEWS),
    ):
        connection.execute(file.sql if keys else _for_a_lake(file.sql))
    show_archives(connection)


def _for_a_lake(sql: str) -> str:
    for of_a_file, of_a_lake in _OF_A_FILE_ONLY:
        sql = sql.replace(of_a_file, of_a_lake)
    return sql


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
