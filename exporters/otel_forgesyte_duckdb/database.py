"""Opening the database file: briefly, alone, and with a clear word when somebody else has it.

DuckDB is imported here and only when it is used: an application that leaves draining to another
process never pays for it (80-170 ms and 28-40 MB).
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from otel_forgesyte_duckdb.confinement import archives_in_reach, confine
from otel_forgesyte_duckdb.gates import gate, keep_open, let_go
from otel_forgesyte_duckdb.quoting import literal
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

_Opened = TypeVar("_Opened")
_RETRY_S = 0.02
_LONG_S = 0.2
_HOLDER = re.compile(r"PID (\d+)")
_HELD = (
    "Could not set lock on file",
    "being used by another process",  # the same on Windows
    # Somebody in this very process, not through this module, has the file open.
    "different configuration than existing connections",
    "Unique file handle conflict",
)
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    # Nothing here needs one, and a name such as `x.sqlite` would make DuckDB download it.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    # A missing table must be an error, not a look at the Python variables of whoever called.
    "python_enable_replacements": "false",
}


@contextlib.contextmanager
def writing(
    path: str | os.PathLike[str], timeout_s: float = 10.0, settings: Settings | None = None
) -> Generator[duckdb.DuckDBPyConnection]:
    """Yield a connection that has the file attached as `db` and in use, and is alone with it.

    Nobody else in this process or outside it has the file. It is created where it is missing.
    `settings` limits memory, threads and, for the connection's SQL, the files it may read to the
    spool. A cursor of the connection has to be told `USE db` itself.

    Raises:
        DatabaseLocked: another process held it for all of `timeout_s`; names the process.
    """
    writer = Writer(Path(path).absolute(), settings)
    try:
        with writer.writing(timeout_s) as connection:
            yield connection
    finally:
        writer.close()


class Writer:
    """Writes to a file through a DuckDB that stays from one short writing to the next.

    The file is attached, alone in this process and outside it, only while something is written: to
    attach it takes 3 ms where to start a DuckDB takes 28. That one ends after a long writing, whose
    memory it would keep, after every error, before a fork, and with this object. Used by one thread
    at a time.
    """

    def __init__(self, path: Path, settings: Settings | None = None) -> None:
        self._path = path
        self._settings = settings
        self._is_confined = settings is None
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextlib.contextmanager
    def writing(self, timeout_s: float) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a connection with the file in use, created where it is missing.

        Raises:
            DatabaseLocked: another process held it for all of `timeout_s`; names the process.
            duckdb.Error: it cannot be opened.
        """
        with _holding(self._path, timeout_s) as deadline:
            try:
                began = time.monotonic()
                root = self._opened()
                retrying(self._path, deadline, lambda: attach_file(root, self._path))
                # A cursor: its temporary tables, a whole batch, go with it.
                with root.cursor() as cursor:
                    cursor.execute("USE db")
                    # In a console, and under `python -c`, it would draw into the host's output.
                    cursor.execute("SET enable_progress_bar = false")
                    self._confine(cursor)
                    yield cursor
                root.execute("DETACH db")
            except BaseException:
                self.end()  # and the file is let go with it, whatever state it is in
                raise
            if time.monotonic() - began > _LONG_S:
                self.end()

    def close(self) -> None:
        """End its DuckDB, unless a thread is writing."""
        let_go(self, gate(self._path))

    def end(self) -> None:
        """End its DuckDB; called by whoever has the file's gate."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        if self._connection is None:
            config = configuration(self._settings)
            # DuckDB's own default, where it is a file that is opened.
            config.setdefault("temp_directory", f"{self._path}.tmp")
            self._connection = duckdb.connect(config=config)
            self._is_confined = self._settings is None
            keep_open(self, gate(self._path))
        return self._connection

    def _confine(self, cursor: duckdb.DuckDBPyConnection) -> None:
        if self._settings is None or self._is_confined:
            return
        # Projections come from other packages: what they may read is the spool, and, where rows are
        # archived, the archive.
        archives = []
        if self._settings.archive_directory:
            archives = archives_in_reach(cursor, self._settings)
        confine(cursor, self._path, [self._settings.spool, *archives])
        self._is_confined = True


@contextlib.contextmanager
def reading(
    path: str | os.PathLike[str],
    timeout_s: float = 10.0,
    *,
    include_spool: bool = False,
) -> Generator[duckdb.DuckDBPyConnection]:
    """Yield an in-memory connection that has the file attached read-only as `db`, and in use.

    The file is let go and the connection closed when the block ends. `include_spool` first brings
    what waits in the file's default spool into the database.

    Raises:
        ConfigError: there is no database there.
        DatabaseLocked: another process held it for all of `timeout_s`; names the process.
    """
    import duckdb

    path = Path(path).absolute()
    if include_spool:
        _drain_first(path, timeout_s)
    with _holding(path, timeout_s) as deadline:
        if not path.exists():
            raise ConfigError(
                f"there is no database at {path}: nothing has been recorded there yet"
            )
        connection = duckdb.connect(config=_CLOSED)
        try:
            attach = f"ATTACH {literal(str(path))} AS db (READ_ONLY)"
            retrying(path, deadline, lambda: connection.execute(attach))
            connection.execute("USE db")
            see_archives(connection)
            yield connection
        finally:
            connection.close()


def see_archives(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the connection find archived rows where they were moved together with the database."""
    import duckdb

    from otel_forgesyte_schema.archives import find_moved_archives

    with contextlib.suppress(duckdb.CatalogException):  # older, or not ours: there are none
        find_moved_archives(connection)


def is_held(error: Exception) -> bool:
    """Tell whether a DuckDB error means that somebody else has the file open."""
    return any(sign in str(error) for sign in _HELD)


def configuration(settings: Settings | None) -> dict[str, str | bool | int | float | list[str]]:
    """Return what a DuckDB that writes to a file is started with."""
    config = _CLOSED | {
        # So that DuckDB 1.5 can read what 2.x created; nothing here needs the newer format.
        "storage_compatibility_version": "v1.5.0",
        # Checkpoint in COMMIT: DuckDB then skips the write-ahead log, a fifth of a drain's cost.
        "wal_autocheckpoint": "0B",
    }
    if settings is not None:
        config |= {
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            # What does not fit in memory is telemetry too: keep it in the private directory.
            "temp_directory": str(settings.spool / "tmp"),
        }
    return config


def attach_file(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach a file as `db`; one that is made by it is its owner's alone.

    Raises:
        duckdb.Error: somebody has it (`is_held`), it is damaged, or it cannot be made.
    """
    import duckdb

    is_new = not path.exists()
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS db (TYPE duckdb)")
    except duckdb.Error as error:
        if is_new and not is_held(error):
            # On a full disk it is half a header, which the next opening would take for damage.
            path.unlink(missing_ok=True)
        raise
    if is_new:  # later its mode is its owner's to choose, and may not be ours to change
        keep_private(path)


def keep_private(path: Path) -> None:
    """Let only its owner read and write the file and its write-ahead log."""
    # An umask would be the whole process's.
    for each in (path, path.with_name(f"{path.name}.wal")):
        with contextlib.suppress(PermissionError, FileNotFoundError):  # no log; no modes there
            each.chmod(0o600)


@contextlib.contextmanager
def _holding(path: Path, timeout_s: float) -> Generator[float]:
    deadline = time.monotonic() + timeout_s
    lock = gate(path)
    if not lock.acquire(timeout=max(0.0, timeout_s)):
        raise DatabaseLocked(f"{path} is in use by another thread of this process ({os.getpid()})")
    try:
        yield deadline
    finally:
        lock.release()


def retrying(path: Path, deadline: float, opening: Callable[[], _Opened]) -> _Opened:
    """Return what the opening returns, tried again while somebody else has the file.

    Raises:
        DatabaseLocked: somebody had it until the deadline (`time.monotonic`); names the process.
    """
    import duckdb

    while True:
        try:
            return opening()
        except duckdb.Error as error:
            if not is_held(error):
                raise
            if time.monotonic() >= deadline:
                raise DatabaseLocked(_who_holds(path, error)) from error
        time.sleep(_RETRY_S)


def _who_holds(path: Path, error: Exception) -> str:
    holder = _HOLDER.search(str(error))
    who = f"process {holder[1]}" if holder else "something else in this process"
    return f"{path} is held open by {who}; close it there, or try again"


def _drain_first(path: Path, timeout_s: float) -> None:
    from otel_forgesyte_duckdb.draining import drain
    from otel_forgesyte_duckdb.settings import Settings

    drain(Settings(database=str(path)), timeout_s=timeout_s)
