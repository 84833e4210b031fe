"""A lake as target: DuckLake, with its catalog in PostgreSQL or a file and its rows in Parquet.

Many machines write to one lake. Each drains its own spool by the same SQL as into a file, inside
one transaction of the catalog. What a lake lacks and how that is made up for:

- no keys: two machines could each add the first row of the same thing, as neither sees the other's
  before both have committed. So they take turns: a drain holds an advisory lock of PostgreSQL's,
  which ends with its connection, whatever ends that. Nor do two transactions conflict, then.
- no file of its own to let go of: DuckDB stays loaded and attached from drain to drain (loading the
  extensions costs 0.4 s), and is closed before a fork and after every error.
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.database import configuration, gate, is_held, keep_open
from otel_forgesyte_duckdb.lake_attaching import attach
from otel_forgesyte_schema.errors import DatabaseLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings
    from otel_forgesyte_duckdb.targets import LakeTarget

_PATIENCE_S = 2.0
# Each is over a moment later: two transactions at once, or two machines that create one lake.
_CONFLICT = (
    "Failed to initialize DuckLake",
    "Transaction conflict",
    "Failed to commit DuckLake transaction",
    "write-write conflict",
)
# Any constant that no other program takes for its own lock in this database.
_TURN = 7_204_911_382_640_117
# The server ends a session that holds its turn and says nothing for so long: a machine that sleeps
# must not keep all others waiting.
_LIMITS = "SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '120s'"
_ON_CATALOG = "{}('__ducklake_metadata_db', ?)"
_RETRY_S = 0.02
_TAKE_TURN = f"SELECT 1 AS taken FROM (SELECT pg_advisory_xact_lock({_TURN})) AS turn"  # noqa: S608


class LakeDestination:
    """A lake, attached while it is drained into. Used by one thread at a time."""

    def __init__(self, settings: Settings, lake: LakeTarget) -> None:
        self._settings = settings.anchored()
        self._lake = lake.anchored()
        self._gate = gate(self._settings.target)
        self._connection: duckdb.DuckDBPyConnection | None = None

    @property
    def has_kept(self) -> bool:
        """Always: what PostgreSQL has committed is on its disk."""
        return True

    @contextlib.contextmanager
    def writing(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a connection with the lake in use, while no other machine writes to it.

        Raises:
            DatabaseLocked: another machine did, for two seconds.
            ConfigError: the lake cannot be made like this; says what to set.
            duckdb.Error: the catalog or the data path cannot be reached.
        """
        with self._inside(_PATIENCE_S):
            try:
                instance = self._opened()
                # A cursor: its temporary tables, a whole batch, go with it.
                with instance.cursor() as cursor, self._turn(instance):
                    cursor.execute("USE db")
                    yield cursor
            except BaseException:
                self._close()
                raise
            if not self._lake.is_served:  # others of this machine could not open the catalog
                self._close()

    @contextlib.contextmanager
    def reading(self, timeout_s: float) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a connection that has the lake attached read-only, and in use."""
        with self.asking(timeout_s) as connection:
            yield connection
        connection.close()

    @contextlib.contextmanager
    def asking(self, timeout_s: float) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a connection as `reading` does, and leave it open, without the lake, at the end."""
        import duckdb

        with self._inside(timeout_s) as deadline:
            connection = duckdb.connect(config=configuration(None))
            try:
                self._retrying(deadline, lambda: attach(connection, self._settings, read_only=True))
                yield connection
                with contextlib.suppress(duckdb.Error):  # a question may leave a transaction open
                    connection.execute("ROLLBACK")
                connection.execute("USE memory")
                connection.execute("DETACH db")
            except BaseException:
                connection.close()
                raise

    def can_begin_anew(self, error: Exception) -> bool:
        """Tell whether another machine's transaction was in the way; a moment later it is not."""
        if not any(sign in str(error) for sign in _CONFLICT):
            return False
        time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 - so that two do not meet again
        return True

    def _opened(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        if self._connection is None:
            connection = duckdb.connect(config=configuration(self._settings))
            self._connection = connection
            keep_open(self._gate, self._close)
            deadline = time.monotonic() + _PATIENCE_S
            self._retrying(deadline, lambda: attach(connection, self._settings))
        return self._connection

    def _close(self) -> None:
        keep_open(self._gate, None)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _turn(self, instance: duckdb.DuckDBPyConnection) -> Generator[None]:
        """Be the only machine that writes; a file's catalog is open to one process anyway."""
        import duckdb

        if not self._lake.is_served:
            yield
            return
        # A transaction of its own: it must outlast the drain's COMMIT.
        with instance.cursor() as turn:
            turn.execute("BEGIN")
            turn.execute(_ON_CATALOG.format("CALL postgres_execute"), [_LIMITS])
            try:
                turn.execute(_ON_CATALOG.format("FROM postgres_query"), [_TAKE_TURN])
            except duckdb.Error as error:
                if "lock timeout" not in str(error):
                    raise
                raise DatabaseLocked(
                    f"{self._settings.target} is being written to by another machine"
                ) from error
            try:
                yield
            finally:
                # It holds no data, so how it ends does not matter; but an end it must have: left
                # to the cursor's destructor, an error there (the server is gone) ends the process.
                with contextlib.suppress(duckdb.Error):
                    turn.execute("ROLLBACK")

    @contextlib.contextmanager
    def _inside(self, timeout_s: float) -> Generator[float]:
        deadline = time.monotonic() + timeout_s
        if not self._gate.acquire(timeout=max(0.0, timeout_s)):
            raise DatabaseLocked(f"{self._settings.target} is in use by a thread of this process")
        try:
            yield deadline
        finally:
            self._gate.release()

    def _retrying(self, deadline: float, attaching: Callable[[], None]) -> None:
        """Attach, waiting while another process has a catalog that is a file."""
        import duckdb

        while True:
            try:
                attaching()
            except duckdb.Error as error:  # noqa: PERF203 - a loop of retries
                if not is_held(error):
                    raise
                if time.monotonic() >= deadline:
                    told = f"{self._settings.target} is held open by another process"
                    raise DatabaseLocked(f"{told}; close it there, or try again") from error
                time.sleep(_RETRY_S)
            else:
                return
