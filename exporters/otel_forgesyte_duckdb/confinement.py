"""Which files SQL may reach: the database's own, its spool and its archives, and nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

# What DuckDB keeps beside a database file while it writes there.
_OF_A_DATABASE = ("", ".wal", ".wal.checkpoint", ".wal.recovery")


def confine(connection: duckdb.DuckDBPyConnection, database: Path, folders: Sequence[Path]) -> None:
    """Let no SQL reach another file than the database and those in these folders, nor the net.

    It holds for all of the connection's DuckDB, and for good.
    """
    files = ", ".join(literal(f"{database}{ending}") for ending in _OF_A_DATABASE)
    allow_folders(connection, folders)
    connection.execute(f"SET allowed_paths = [{files}]")
    connection.execute("SET enable_external_access = false")


def archives_in_reach(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Path]:
    """Return the folders where archived rows of the database in use may lie, or will."""
    import duckdb

    from otel_forgesyte_schema.archives import archive_folders

    given = settings.archive_directory
    folders = [Path(given).absolute()] if given else []
    with contextlib.suppress(duckdb.CatalogException):  # yet to be made, or of an older version
        folders += archive_folders(connection)
    return folders


def allow_folders(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path]) -> None:
    """Let SQL read and write in these folders once external access is off."""
    from otel_forgesyte_schema.archives import pattern

    # DuckDB compares text: it wants a slash at the end, and a file asked for by its pattern, as
    # archived ones are, must begin like one of these too.
    spellings = {f"{each}/": None for path in folders for each in (path, pattern(path))}
    allowed = ", ".join(literal(each) for each in spellings)
    connection.execute(f"SET allowed_directories = [{allowed}]")
