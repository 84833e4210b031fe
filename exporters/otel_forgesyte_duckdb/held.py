"""A database file that this process keeps open, so that readers can ask it through this process.

An embedded file admits one process. While somebody serves it, that is the process that drains, and
readers come to it. They see views: what a reader's session has in use is a catalog in memory that
holds nothing else, so that nothing can be appended there, by whatever way a client tries.
"""

from __future__ import annotations

import contextlib
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.damage import set_aside_if_damaged
from otel_forgesyte_duckdb.database import (
    allow_folders,
    archives_in_reach,
    configuration,
    gate,
    keep_private,
    literal,
    retrying,
)
from otel_forgesyte_duckdb.destinations import identity, is_checkpointed
from otel_forgesyte_duckdb.extensions import load_extension
from otel_forgesyte_schema import apply
from otel_forgesyte_schema.archives import recorded_archives, show_archives
from otel_forgesyte_schema.errors import DatabaseLocked

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

_MOST_SPILLED = "SET max_temp_directory_size = '1GB'"
_OBJECTS = """
SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'db'
UNION ALL
SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = 'db' AND NOT internal
"""


class HeldDestination:
    """A DuckDB file, open from the start until `close`; `connection` is the instance that has it.

    Drains use cursors of that instance. Readers' transactions do not stand in the way: DuckDB 1.5.5
    and 2.0 checkpoint beside them, and a checkpoint that is refused leaves the segments in place.

    Raises:
        DatabaseLocked: somebody else had the file for all of `timeout_s`.
        SchemaMismatch: the database is of another version.
        ConfigError: an extension cannot be had.
        duckdb.Error: the file cannot be opened.
    """

    def __init__(
        self, settings: Settings, extensions: Sequence[str] = (), timeout_s: float = 10.0
    ) -> None:
        import duckdb

        self._path = settings.database_path
        self._gate = gate(self._path)
        if not self._gate.acquire(timeout=timeout_s):
            raise DatabaseLocked(f"{self._path} is in use by another thread of this process")
        self._has_kept = False
        self._is_dead = False
        self.connection = duckdb.connect(config=configuration(settings))
        try:
            for name in extensions:
                load_extension(self.connection, name)
            self._attach(time.monotonic() + timeout_s)
            self._opened = identity(self._path)
            self._apply()
            _show(self.connection)
            with self.reading() as cursor:
                folders = archives_in_reach(cursor, settings)
            _limit(self.connection, self._path, [settings.spool, *folders])
        except BaseException:
            self.close()
            raise

    @property
    def has_kept(self) -> bool:
        """Whether a checkpoint has moved everything out of the write-ahead log."""
        return self._has_kept

    @property
    def is_lost(self) -> bool:
        """Whether only closing and opening helps: DuckDB gave up, or the file was replaced."""
        try:
            return self._is_dead or identity(self._path) != self._opened
        except OSError:
            return True

    @contextlib.contextmanager
    def writing(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a cursor that has the file in use."""
        import duckdb

        self._has_kept = False
        try:
            with self.reading() as cursor:
                yield cursor
                with contextlib.suppress(duckdb.TransactionException):  # somebody writes just now
                    cursor.execute("CHECKPOINT db")
        except (duckdb.FatalException, duckdb.InternalException):
            self._is_dead = True
            raise
        self._has_kept = is_checkpointed(self._path) and not self.is_lost

    @contextlib.contextmanager
    def reading(self, timeout_s: float = 0.0) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a cursor that has the file in use; waits for nobody."""
        del timeout_s
        with self.connection.cursor() as cursor:
            cursor.execute("USE db")
            yield cursor

    def can_begin_anew(self, error: Exception) -> bool:
        """Never while it is open: damage is looked for at the opening."""
        del error
        return False

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
        self._gate.release()

    def _attach(self, deadline: float) -> None:
        import duckdb

        is_new = not self._path.exists()
        attach = f"ATTACH {literal(str(self._path))} AS db"
        try:
            retrying(self._path, deadline, lambda: self.connection.execute(attach))
        except duckdb.Error as error:
            if not set_aside_if_damaged(self._path, error):
                raise
            is_new = True
            self.connection.execute(attach)
        if is_new:
            keep_private(self._path)

    def _apply(self) -> None:
        with self.reading() as cursor:
            apply(cursor, version("otel-forgesyte"))
            if recorded_archives(cursor):  # they may have been moved with the file since
                show_archives(cursor)


def _show(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the catalog in memory a view of each table and view, by the same name."""
    connection.execute("CREATE SCHEMA otel")
    for schema, name in connection.execute(_OBJECTS).fetchall():
        # Names of the schema package's own objects, and of what users created beside them.
        target = f"{_quoted(schema)}.{_quoted(name)}"
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
        connection.execute(f"CREATE VIEW {target} AS FROM db.{target}")


def _limit(connection: duckdb.DuckDBPyConnection, path: Path, folders: Sequence[Path]) -> None:
    """Let no SQL reach another file than the database, its spool and its archives, nor the net."""
    files = ", ".join(literal(f"{path}{ending}") for ending in ("", ".wal"))
    connection.execute(_MOST_SPILLED)
    allow_folders(connection, folders)
    connection.execute(f"SET allowed_paths = [{files}]")
    connection.execute("SET enable_external_access = false")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
