"""A database file without the room that deleted rows left: a copy of it, put in its place.

    new file beside, counted and synced  ->  nobody wrote meanwhile?  ->  rename over the old one

Killed before the rename, the old file stands and a part beside it is removed next time; after it,
the new one does. DuckDB's own lock keeps drainers out meanwhile; records wait in the spool.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.database import gate, writing
from otel_forgesyte_duckdb.destinations import is_checkpointed
from otel_forgesyte_schema import check_version, live_version
from otel_forgesyte_schema.backup import copy_to
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked
from otel_forgesyte_schema.retained import used_bytes

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from otel_forgesyte_duckdb.settings import Settings

_SUFFIX = ".compacting"
_TRIES = 5


class _WrittenMeanwhile(DatabaseLocked):
    """Somebody wrote to the old file between its copy and the swap: the copy lacks that."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """Bytes of the file before and after."""

    bytes_before: int
    bytes_after: int


def compact(settings: Settings, timeout_s: float = 10.0) -> Compacted:
    """Write the database anew without unused room, and put it in the place of the old file.

    Needs as much free disk as is in use of the file, and holds the database meanwhile.

    Raises:
        ConfigError: there is no database.
        DatabaseLocked: somebody held it for all of `timeout_s`, or wrote to it at each swap.
        SchemaMismatch: the database is of another version.
        duckdb.Error, OSError: the copy could not be made; the old file stands.
    """
    path = settings.database_path
    if not path.is_file():
        raise ConfigError(f"there is no database at {path}: nothing to compact")
    path = path.resolve()  # a link to it stays a link
    before = path.stat().st_size
    new = path.with_name(path.name + _SUFFIX)
    # Not under the drainers' lock: a running application never lets go of that one.
    for tries_left in reversed(range(_TRIES)):
        try:
            _write_anew(path, new, timeout_s)
            break
        except _WrittenMeanwhile:
            if not tries_left:
                raise
    return Compacted(before, path.stat().st_size)


def _write_anew(path: Path, new: Path, timeout_s: float) -> None:
    try:
        with writing(path, timeout_s) as connection:
            check_version(live_version(connection) or 0)
            _remove(new)  # of one that was killed; another one would hold the database
            connection.execute("CHECKPOINT")
            _require_room(path, used_bytes(connection))
            copy_to(connection, new)
            # While it is ours: once it is let go, a drainer that waits for it is in at once.
            copied = path.stat()
            new.chmod(copied.st_mode & 0o777)
        _swap(path, new, copied)
    finally:
        _remove(new)


def _require_room(path: Path, needed: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        what = f"the copy needs {needed} bytes, and {free} are free: make room for it"
        raise OSError(errno.ENOSPC, what, str(path.parent))


def _swap(path: Path, new: Path, copied: os.stat_result) -> None:
    # DuckDB has let go of the file: if closed later, it would remove the new file's log by name. In
    # this moment another program may write to the old one. What it changed shows in size and time,
    # and once the old file is locked here, nobody else can begin.
    lock = gate(path)
    if not lock.acquire(timeout=1.0):
        raise DatabaseLocked(f"{path} is in use by another thread of this process")
    try:
        with _locked(path):
            if _traces(path.stat()) != _traces(copied) or not is_checkpointed(path):
                raise _WrittenMeanwhile(f"{path} was written to meanwhile: try again")
            new.replace(path)
            _sync_folder(path)
    finally:
        lock.release()


def _traces(file: os.stat_result) -> tuple[int, int, int, int]:
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    """Keep writers out as DuckDB does, with a POSIX lock on the file; readers may go on."""
    if os.name == "nt":
        yield
        return
    import fcntl

    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise _WrittenMeanwhile(f"{path} was opened by another program: try again") from error
        yield
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    if os.name != "nt":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(new: Path) -> None:
    for left in (new, new.with_name(f"{new.name}.wal")):
        left.unlink(missing_ok=True)
