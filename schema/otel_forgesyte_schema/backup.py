"""A copy of a database beside its file, taken before it is changed."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_schema.shape import quoted

if TYPE_CHECKING:
    from otel_forgesyte_schema.connection import Connection

_BACKUP = "otel_forgesyte_backup"
_TABLES = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?"


def back_up(connection: Connection, version: int) -> str | None:
    """Copy the current database to a new file beside it; return its path, or None without a file.

    DuckDB does the copying. Opening the file here to copy its bytes would drop this process's POSIX
    lock on closing it, and another process could then write to the database at the same time.

    Raises:
        OSError, duckdb.Error: the copy could not be written; no part of it is left. (After a kill
            a part is: its name ends in `.partial`, so nobody takes it for a backup, and the next
            copy removes it.)
    """
    database, path = connection.execute(
        "SELECT database_name, path FROM duckdb_databases()"
        " WHERE database_name = current_database()"
    ).fetchall()[0]
    if not path or not Path(path).is_file():
        return None
    _remove_parts(Path(path))
    backup = _free_path(f"{path}.v{version}.{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}")
    partial = backup.with_suffix(".partial")
    try:
        _copy(connection, database, partial)
        _sync(partial)
        partial.replace(backup)
    except BaseException:
        for left in (partial, _log_of(partial)):
            left.unlink(missing_ok=True)
        raise
    return str(backup)


def copy_to(connection: Connection, destination: Path) -> None:
    """Copy the current database into a new file and compare what both hold; the file is synced.

    Raises:
        OSError, duckdb.Error: the copy could not be written; a part of it may be left.
    """
    rows = connection.execute("SELECT current_database()").fetchall()
    database = str(rows[0][0])
    _copy(connection, database, destination)
    _sync(destination)


def _remove_parts(database: Path) -> None:
    # Whoever may write to the database is alone with it: parts beside it are from killed processes.
    # One of this very second has the name of the next, and its tables would be in the way.
    for part in database.parent.iterdir():
        if part.name.startswith(f"{database.name}.v") and ".partial" in part.suffixes[-2:]:
            part.unlink()


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def _free_path(stem: str) -> Path:
    path, taken = Path(f"{stem}.backup"), 1
    while path.exists():
        path, taken = Path(f"{stem}-{taken}.backup"), taken + 1
    return path


def _copy(connection: Connection, database: str, partial: Path) -> None:
    literal = str(partial).replace("'", "''")
    connection.execute(f"ATTACH '{literal}' AS {_BACKUP} (STORAGE_VERSION 'v1.5.0')")
    try:
        # DuckDB creates files for everyone to read; telemetry is for its owner. The write-ahead log
        # is not there yet, and DuckDB appends to the one it finds.
        partial.chmod(0o600)
        _log_of(partial).touch(mode=0o600)
        connection.execute(f"COPY FROM DATABASE {quoted(database)} TO {_BACKUP}")
        connection.execute(f"CHECKPOINT {_BACKUP}")
        _compare(connection, database)
    finally:
        connection.execute(f"DETACH {_BACKUP}")
    _log_of(partial).unlink(missing_ok=True)  # nothing is in it; a log belongs to a name


def _compare(connection: Connection, database: str) -> None:
    for schema, table in connection.execute(_TABLES, [database]).fetchall():
        name = f"{quoted(schema)}.{quoted(table)}"
        counts = [
            connection.execute(f"SELECT count(*) FROM {quoted(each)}.{name}").fetchall()  # noqa: S608
            for each in (database, _BACKUP)
        ]
        if counts[0] != counts[1]:
            raise OSError(f"the copy of {schema}.{table} holds {counts[1]} rows, not {counts[0]}")


def _sync(file: Path) -> None:
    # Else a power failure after the migration's commit could leave the name without the contents.
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
