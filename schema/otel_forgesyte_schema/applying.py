"""Bring a database to this package's schema, or say plainly why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte_schema import order
from otel_forgesyte_schema.errors import SchemaMismatch, SchemaTooNew
from otel_forgesyte_schema.sqlfiles import sql_files

if TYPE_CHECKING:
    from otel_forgesyte_schema.connection import Connection

_STAMP = "INSERT INTO otel.schema_version VALUES (?, now() AT TIME ZONE 'UTC', ?)"


def live_version(connection: Connection) -> int | None:
    """Return the version the current database is stamped with, or None where it has no stamp."""
    stamped = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database()"
        " AND schema_name = 'otel' AND table_name = 'schema_version'"
    ).fetchone()
    if stamped is None or stamped[0] == 0:
        return None
    row = connection.execute("SELECT max(version) FROM otel.schema_version").fetchone()
    return None if row is None else row[0]


def apply(connection: Connection, package_version: str) -> None:
    """Create what the current database lacks and stamp its version; existing data stays.

    Cheap when there is nothing to do (two small queries), so it may run at every start. Call it
    outside a transaction: it opens its own, so a crash leaves everything or nothing.

    Raises:
        SchemaTooNew: a newer package wrote the database.
        SchemaMismatch: an older package did, and it has not been migrated.
    """
    version = live_version(connection)
    if version is None:
        _create(connection, package_version)
    else:
        check_version(version)


def check_version(version: int) -> None:
    """Raise unless a database of this version can be written to.

    Raises:
        SchemaTooNew: a newer package wrote it.
        SchemaMismatch: an older package did.
    """
    if version > order.SCHEMA_VERSION:
        raise SchemaTooNew(
            f"the database has schema version {version}, this otel-forgesyte knows up to"
            f" {order.SCHEMA_VERSION}: install an otel-forgesyte with schema version {version}"
            " or newer"
        )
    if version < order.SCHEMA_VERSION:
        raise SchemaMismatch(
            f"the database has schema version {version}, this otel-forgesyte needs"
            f" {order.SCHEMA_VERSION}: run `otel-forgesyte schema migrate DATABASE`, which keeps a"
            " backup copy beside the file"
        )


def create_objects(connection: Connection) -> None:
    """Create schemas, tables and views that are missing, in the stated order; replace the views."""
    for schema in order.SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for file in sql_files("tables", order.TABLES) + sql_files("views", order.VIEWS):
        connection.execute(file.sql)


def _create(connection: Connection, package_version: str) -> None:
    connection.execute("BEGIN")
    try:
        create_objects(connection)
        connection.execute(_STAMP, [order.SCHEMA_VERSION, package_version])
        connection.execute("COMMIT")
    except BaseException:
        # DuckDB 1.5 would carry on after a failed statement and commit the part before it.
        connection.execute("ROLLBACK")
        raise
