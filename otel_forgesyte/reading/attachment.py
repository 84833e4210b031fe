"""The database file, attached read-only for as long as one question takes."""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING

from otel_forgesyte.reading.instance import Instance
from otel_forgesyte_schema.errors import DatabaseLocked, TelemetryError

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from otel_forgesyte_duckdb import Settings

__all__ = ["NoDatabase", "attached", "target_attached"]

_RETRY_S = 0.02
_HOLDER = re.compile(r"PID (\d+)")


class NoDatabase(TelemetryError):  # noqa: N818 - reads as the fact it states
    """There is no database file; the message says where it was looked for and what makes one."""


def target_attached(
    settings: Settings, timeout_s: float, instance: Instance | None = None
) -> AbstractContextManager[DuckDBPyConnection]:
    """Yield a connection as :func:`attached` does, with the file or the lake of the settings.

    Raises:
        NoDatabase: there is no file.
        ConfigError: there is no lake, or its extensions cannot be had.
        DatabaseLocked: it was held, or its server did not answer.
    """
    from otel_forgesyte_duckdb.lake import LakeDestination

    if settings.lake is None:
        return attached(settings.database_path, timeout_s, instance)
    return LakeDestination(settings, settings.lake).asking(timeout_s)


@contextlib.contextmanager
def attached(
    path: Path, timeout_s: float, instance: Instance | None = None
) -> Generator[DuckDBPyConnection]:
    """Yield an in-memory connection that has the file attached read-only as ``db``, and in use.

    It is one of the instance given, by default of a fresh one. At the end the file is let go, and
    the connection stays open with what was made in its ``memory`` catalog. The exporter's own
    ``reading()`` closes it, so nothing could outlive that.

    Raises:
        NoDatabase: there is no file.
        DatabaseLocked: it was held for all of ``timeout_s``; names the process.
    """
    from otel_forgesyte_duckdb.database import gate, see_archives

    deadline = time.monotonic() + timeout_s
    lock = gate(path)
    if not lock.acquire(timeout=max(timeout_s, 0)):
        raise DatabaseLocked(
            f"{path} was in use by another thread of this process ({os.getpid()}) for all of "
            f"{timeout_s:g} s; try again"
        )
    instance = instance or Instance()
    try:
        connection = instance.connection()
        try:
            _attach(connection, path, deadline, timeout_s)
            connection.execute("USE db")
            see_archives(connection)
            yield connection
        finally:
            _let_go(connection, instance)
    finally:
        lock.release()


def _let_go(connection: DuckDBPyConnection, instance: Instance) -> None:
    try:
        _detach(connection)
    except BaseException:  # an impatient Ctrl-C among them
        try:
            _detach(connection)
        except BaseException:  # noqa: BLE001 - the first one tells what happened
            # Earlier answers go with it, rather than that no writer gets at the file any more.
            instance.close()
        raise


def _detach(connection: DuckDBPyConnection) -> None:
    import duckdb

    with contextlib.suppress(duckdb.Error):  # a question seldom leaves a transaction open
        connection.execute("ROLLBACK")
    connection.execute("USE memory")
    connection.execute("DETACH DATABASE IF EXISTS db")


def _attach(connection: DuckDBPyConnection, path: Path, deadline: float, timeout_s: float) -> None:
    """Attach the file, waiting while a drain or another process has it."""
    import duckdb

    if not path.is_file():
        raise NoDatabase(
            f"there is no database at {path}: nothing has been recorded there yet; give another "
            "path, or make one with `otel-forgesyte demo` or `otel-forgesyte schema apply`"
        )

    from otel_forgesyte_duckdb.database import is_held

    while True:
        try:
            # ATTACH takes no parameters: the path is quoted as a string literal.
            connection.execute(f"ATTACH '{_quoted(path)}' AS db (READ_ONLY)")
        except duckdb.Error as error:  # noqa: PERF203 - a loop of retries
            if not is_held(error):
                raise
            if time.monotonic() >= deadline:
                raise DatabaseLocked(_locked(path, error, timeout_s)) from error
            time.sleep(_RETRY_S)
        else:
            return


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _locked(path: Path, error: Exception, timeout_s: float) -> str:
    found = _HOLDER.search(str(error))
    holder = f"process {found[1]}" if found else "another connection of this process"
    return (
        f"{path} was held by {holder} for all of {timeout_s:g} s; wait until it has finished, or "
        "stop it; if it is `otel-forgesyte serve`, ask the quack: address that it named"
    )
