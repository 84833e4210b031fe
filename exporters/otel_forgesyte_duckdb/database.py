"""Opening the database file: briefly, alone, and with a clear word when somebody else has it.

DuckDB is imported here and only when it is used: an application that leaves draining to another
process never pays for it (80-170 ms and 28-40 MB).
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

_Opened = TypeVar("_Opened")
_RETRY_S = 0.02
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

# One holder at a time in this process: DuckDB refuses a second opening with another configuration.
_gates: dict[str, threading.Lock] = {}
_gates_lock = threading.Lock()
_held_for_fork: list[threading.Lock] = []
_kept_open: dict[threading.Lock, Callable[[], None]] = {}


def gate(target: Path | str) -> threading.Lock:
    """Return this process's lock for a database: a file, or another target by its name."""
    name = target if isinstance(target, str) else os.path.realpath(target)
    with _gates_lock:
        return _gates.setdefault(name, threading.Lock())


def hold_gates(timeout_s: float = 1.0) -> None:
    """Before a fork: wait until nobody is inside DuckDB, so its locks are free in the child."""
    deadline = time.monotonic() + timeout_s
    _held_for_fork.extend(
        lock
        for lock in list(_gates.values())
        if lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
    )
    # What is kept open between two uses: a child that let go of it would end the parent's session.
    for lock in _held_for_fork:
        if lock in _kept_open:
            _kept_open.pop(lock)()


def keep_open(lock: threading.Lock, let_go: Callable[[], None] | None) -> None:
    """Say how to let go of what stays open while its gate is free; None where nothing does."""
    if let_go is None:
        _kept_open.pop(lock, None)
    else:
        _kept_open[lock] = let_go


def release_gates() -> None:
    """After a fork, in the parent: let everybody in again."""
    while _held_for_fork:
        _held_for_fork.pop().release()


def renew_gates() -> bool:
    """After a fork, in the child: fresh locks; False if somebody was inside DuckDB then."""
    global _gates_lock  # noqa: PLW0603 - another thread of the parent may have held it
    is_quiet = len(_held_for_fork) == len(_gates)
    _gates_lock = threading.Lock()
    _gates.clear()
    _held_for_fork.clear()
    return is_quiet


@contextlib.contextmanager
def writing(
    path: str | os.PathLike[str], timeout_s: float = 10.0, settings: Settings | None = None
) -> Generator[duckdb.DuckDBPyConnection]:
    """Yield a read-write connection to the file, alone in this process and outside it.

    The file is created where it is missing. `settings` limits memory, threads and, for the
    connection's SQL, the files it may read to the spool.

    Raises:
        DatabaseLocked: another process held it for all of `timeout_s`; names the process.
    """
    path = Path(path).absolute()
    with _holding(path, timeout_s) as deadline:
        connection = retrying(path, deadline, lambda: _connect(path, settings))
        try:
            yield connection
        finally:
            connection.close()


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


def _connect(path: Path, settings: Settings | None) -> duckdb.DuckDBPyConnection:
    import duckdb

    is_new = not path.exists()
    try:
        connection = duckdb.connect(path, config=configuration(settings))
    except duckdb.Error as error:
        if is_new and not is_held(error):
            # On a full disk it is half a header, which the next opening would take for damage. Of a
            # link it is what the link points to: the link is its owner's.
            made = Path(os.path.realpath(path))
            if not made.is_symlink():  # one in a circle, which leads to no file
                made.unlink(missing_ok=True)
        raise
    # In a console, and under `python -c`, it would draw its progress into the application's output.
    connection.execute("SET enable_progress_bar = false")
    if is_new:  # later its mode is its owner's to choose, and may not be ours to change
        keep_private(path)
    if settings is not None:
        _confine(connection, settings)
    return connection


def keep_private(path: Path) -> None:
    """Let only its owner read and write the file and its write-ahead log."""
    # An umask would be the whole process's.
    for each in (path, path.with_name(f"{path.name}.wal")):
        with contextlib.suppress(PermissionError, FileNotFoundError):  # no log; no modes there
            each.chmod(0o600)


def _confine(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    # Projections come from other packages: what they may read is the spool, and, where rows are
    # archived, the archive.
    archives = archives_in_reach(connection, settings) if settings.archive_directory else []
    allow_folders(connection, [settings.spool, *archives])
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


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    # ATTACH and SET take no bound values; these are paths from the settings, not recorded data.
    return "'" + text.replace("'", "''") + "'"


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
