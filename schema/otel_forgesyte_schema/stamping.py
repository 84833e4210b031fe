"""The version a database is stamped with: read it, and record a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte_schema.sqlfiles import sql_file

if TYPE_CHECKING:
    from otel_forgesyte_schema.connection import Connection


def live_version(connection: Connection) -> int | None:
    """Return the version the current database is stamped with, or None where it has no stamp."""
    if connection.execute(sql_file("catalog", "stamped").sql).fetchall() == [(False,)]:
        return None
    rows = connection.execute(sql_file("catalog", "version").sql).fetchall()
    version: int | None = rows[0][0]
    return version


def stamp(connection: Connection, version: int, package_version: str) -> None:
    """Record that this package brought the current database to a version."""
    connection.execute(sql_file("catalog", "stamp").sql, [version, package_version])
