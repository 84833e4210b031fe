"""A copy of the database that was compared with it, made while applications record."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.database import reading
from otel_forgesyte_schema import live_version
from otel_forgesyte_schema.applying import refuse_newer
from otel_forgesyte_schema.backup import copy_to
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from otel_forgesyte_duckdb.settings import Settings


def back_up(
    settings: Settings, destination: Path, *, overwrite: bool = False, timeout_s: float = 10.0
) -> int:
    """Copy the database to `destination`, for its owner alone; return the copy's bytes.

    The file is held read-only meanwhile: readers go on, and records wait in the spool. Killed, it
    leaves a `.partial` and never half a backup.

    Raises:
        ConfigError: there is no database, or a file at `destination` that may not be replaced.
        DatabaseLocked: somebody held the database for all of `timeout_s`.
        SchemaTooNew: a newer release wrote the database, and knows what a copy of it needs.
        duckdb.Error, OSError: the copy could not be made.
    """
    destination = destination.absolute()
    if destination.exists() and destination.samefile(settings.database_path):
        raise ConfigError(f"{destination} is the database itself: give another name")
    _refuse(destination, overwrite=overwrite)
    partial = destination.with_name(f"{destination.name}.{os.getpid()}.partial")
    try:
        with reading(settings.database_path, timeout_s) as connection:
            refuse_newer(live_version(connection) or 0)
            copy_to(connection, partial)
        _refuse(destination, overwrite=overwrite)  # made meanwhile
        partial.replace(destination)
    finally:
        for left in (partial, partial.with_name(f"{partial.name}.wal")):
            left.unlink(missing_ok=True)
    return destination.stat().st_size


def _refuse(destination: Path, *, overwrite: bool) -> None:
    if destination.exists() and not overwrite:
        raise ConfigError(f"{destination} is there already: give another name, or --overwrite")
