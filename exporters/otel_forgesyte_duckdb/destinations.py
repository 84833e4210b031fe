"""Where drained records go: what the drainer asks of a target, and an embedded file as target."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from otel_forgesyte_duckdb.damage import set_aside_if_damaged
from otel_forgesyte_duckdb.database import reading, writing
from otel_forgesyte_duckdb.lake import LakeDestination

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

_PATIENCE_S = 0.2
_Identity = tuple[int, int]


class Destination(Protocol):
    """One database, opened for one batch at a time. Used by one thread at a time."""

    @property
    def has_kept(self) -> bool:
        """Whether what the last opening committed outlives any crash: its segments may go then."""
        ...

    def writing(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Yield a connection whose database in use is this one; let go of it at the end.

        Raises:
            DatabaseLocked: somebody else has it.
            duckdb.Error: it cannot be opened.
        """
        ...

    def reading(self, timeout_s: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Yield a connection that may only ask.

        Raises:
            ConfigError: there is no database yet.
            DatabaseLocked: somebody else had it for all of `timeout_s`.
        """
        ...

    def can_begin_anew(self, error: Exception) -> bool:
        """Tell whether this error was the database's own damage, and a fresh one can follow."""
        ...


class FileDestination:
    """A DuckDB file, open only while something is done: in between, readers and others have it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.database_path
        self._has_kept = False

    @property
    def has_kept(self) -> bool:
        """Whether a checkpoint has moved everything out of the write-ahead log.

        A damaged log can drop committed rows without a word, and a file that was deleted or
        replaced under our hands has taken everything without one.
        """
        return self._has_kept

    @contextlib.contextmanager
    def writing(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield the only connection to the file, created where it is missing."""
        self._has_kept = False
        # Before too: what is looked at once it is open may have taken its place meanwhile.
        before = identity(self._path) if self._path.exists() else None
        with writing(self._path, timeout_s=_PATIENCE_S, settings=self._settings) as connection:
            opened = identity(self._path)
            yield connection
            connection.execute("CHECKPOINT")
        is_the_same = {before or opened, opened} == {identity(self._path)}
        self._has_kept = is_the_same and is_checkpointed(self._path)

    def reading(self, timeout_s: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Yield a connection that has the file attached read-only, and in use."""
        return reading(self._path, timeout_s)

    def can_begin_anew(self, error: Exception) -> bool:
        """Tell whether the file was damaged; then it has been moved aside, loudly."""
        return set_aside_if_damaged(self._path, error)


def destination_of(settings: Settings) -> Destination:
    """Return the destination that the settings name."""
    lake = settings.lake
    return FileDestination(settings) if lake is None else LakeDestination(settings, lake)


def identity(path: Path) -> _Identity:
    """Return what tells a file from another one put in its place."""
    found = path.stat()
    return found.st_dev, found.st_ino


def is_checkpointed(database: Path) -> bool:
    """Tell whether nothing is left in the write-ahead log."""
    log = database.with_name(f"{database.name}.wal")
    return not log.exists() or log.stat().st_size == 0
