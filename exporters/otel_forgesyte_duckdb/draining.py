"""The drainer: one per spool, elected by a lock; it moves sealed segments into the database.

    open  ->  BEGIN, rows, projections, ledger, COMMIT, CHECKPOINT  ->  close
          ->  has the destination kept it?  ->  remove the segments

It may be killed at any point. Before COMMIT nothing has happened; after it the ledger row says so,
and the next drainer only removes the file. The file is removed last, once a checkpoint has put its
rows into the database file: a damaged write-ahead log can drop committed rows without a word.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.batches import DrainReport, next_batch, store_batch
from otel_forgesyte_duckdb.dead_letters import forget_letters
from otel_forgesyte_duckdb.destinations import destination_of
from otel_forgesyte_duckdb.election import Election
from otel_forgesyte_duckdb.housekeeping import Housekeeper
from otel_forgesyte_duckdb.ingesting import already_stored
from otel_forgesyte_duckdb.segments import SegmentFile, list_sealed, recover
from otel_forgesyte_duckdb.sifting import PATIENCE_S, DrainStopped
from otel_forgesyte_duckdb.tallies import ended_tallies, keep_tallies
from otel_forgesyte_schema import SCHEMA_VERSION, bring_up_to_date, prepare
from otel_forgesyte_schema.errors import DatabaseLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import duckdb

    from otel_forgesyte_duckdb.destinations import Destination
    from otel_forgesyte_duckdb.settings import Settings

_BREATH_S = 0.05  # between openings, so that readers get the file
_logger = logging.getLogger(__name__)


class Drainer:
    """Drains one spool. Not safe for use by two threads at once; the lock is per process."""

    def __init__(self, settings: Settings, destination: Destination | None = None) -> None:
        self._settings = settings
        self._destination = destination or destination_of(settings)
        self._election = Election(settings.spool)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._connection_lock = threading.Lock()
        self._stopping = threading.Event()
        self._housekeeper = Housekeeper(settings)
        self._is_untidy = False

    def elect(self) -> bool:
        """Become the spool's drainer until `resign`; False when another process is."""
        return self._election.win()

    def resign(self) -> None:
        """Let another process drain."""
        self._election.resign()

    def interrupt(self) -> None:
        """Make a drain in another thread roll back and return, and later ones return at once.

        Call it until that thread is out: between two statements there is nothing to interrupt.
        """
        import duckdb

        self._stopping.set()
        with self._connection_lock, contextlib.suppress(duckdb.Error):
            if self._connection is not None:
                self._connection.interrupt()

    def drain(
        self, deadline: float, on_progress: Callable[[DrainReport], None] | None = None
    ) -> DrainReport:
        """Drain until nothing is sealed or the deadline (`time.monotonic`) has passed.

        However late it is, one batch is taken: only `interrupt` prevents that.

        Raises:
            DatabaseLocked: another process holds the database.
            SchemaMismatch: the database is of another version.
            duckdb.Error: the database cannot be written to.
            OSError: nor can the spool.
        """
        total = DrainReport()
        is_late = False
        while not (is_late or self._stopping.is_set()):
            recover(self._settings.spool)
            waiting = list_sealed(self._settings.spool)
            batch = next_batch(waiting)
            if not batch:
                break
            report = self._drain_unless_stopped(batch)
            total += report
            if on_progress is not None:
                on_progress(total)
            if not report.segments and all(segment.path.exists() for segment in batch):
                break  # stored before, and not to be removed yet: the next pass would do the same
            if len(batch) < len(waiting):
                time.sleep(_BREATH_S)
            is_late = time.monotonic() >= deadline
        if self._is_untidy and not (is_late or self._stopping.is_set()):
            self._tidy()
        return total

    def _tidy(self) -> None:
        """Do one part of the housekeeping, so that segments sealed meanwhile wait half a second."""
        try:
            with self._opened() as connection:
                self._is_untidy = not self._housekeeper.step(connection)
        except DatabaseLocked:
            pass  # next time
        except Exception as error:  # noqa: BLE001 - records go on into the database all the same
            self._is_untidy = False
            if not self._stopping.is_set():
                self._housekeeper.put_off(error)

    def _drain_unless_stopped(self, batch: list[SegmentFile]) -> DrainReport:
        import duckdb

        try:
            return self._drain_or_set_aside(batch)
        except (DrainStopped, duckdb.InterruptException):
            if not self._stopping.is_set():
                raise
            _logger.warning("told to stop: %d segments wait in the spool", len(batch))
            return DrainReport()

    def _drain_or_set_aside(self, batch: list[SegmentFile]) -> DrainReport:
        import duckdb

        try:
            return self._open_drain_close(batch)
        except duckdb.Error as error:
            if not self._destination.can_begin_anew(error):
                raise
        return self._open_drain_close(batch)

    def _open_drain_close(self, batch: list[SegmentFile]) -> DrainReport:
        with self._opened() as connection:
            known = already_stored(connection, batch)
            new = [segment for segment in batch if segment.stem not in known]
            for segment in new:  # set aside by a drainer that was killed; it may be stored now
                forget_letters(self._settings.spool, segment.stem)
            until = time.monotonic() + PATIENCE_S
            report = store_batch(connection, self._settings.spool, new, self._stopping, until)
            known = already_stored(connection, batch)
            ended = ended_tallies(self._settings.spool)
            keep_tallies(connection, ended)
            self._is_untidy = self._housekeeper.is_due(connection)
        if self._destination.has_kept:
            stored = (segment.path for segment in batch if segment.stem in known)
            for path in [*stored, *ended]:
                path.unlink(missing_ok=True)
        return report

    @contextlib.contextmanager
    def _opened(self) -> Generator[duckdb.DuckDBPyConnection]:
        with self._destination.writing() as connection:
            with self._connection_lock:
                self._connection = connection
            try:
                # Asked each time: the file may be another one by now, even under its inode number.
                if not _is_current(connection):
                    bring_up_to_date(connection, _package_version())
                prepare(connection)
                yield connection
            finally:
                with self._connection_lock:
                    self._connection = None


def drain(
    settings: Settings,
    on_progress: Callable[[DrainReport], None] | None = None,
    timeout_s: float = 60.0,
) -> DrainReport:
    """Drain a spool once; where another process is its drainer, wait for that one to do it.

    Raises:
        DatabaseLocked: another process holds the database.
        SchemaMismatch: the database is of another version.
        duckdb.Error: the database cannot be written to.
    """
    if not settings.spool.is_dir():
        return DrainReport()
    drainer = Drainer(settings)
    deadline = time.monotonic() + timeout_s
    while not drainer.elect():
        if not list_sealed(settings.spool) or time.monotonic() >= deadline:
            return DrainReport()
        time.sleep(_BREATH_S)
    try:
        return drainer.drain(deadline, on_progress)
    finally:
        drainer.resign()


def _is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether there is nothing to apply: 1 ms, where looking through the catalog takes 10."""
    import duckdb

    try:
        row = connection.execute("SELECT max(version) FROM otel.schema_version").fetchone()
    except duckdb.CatalogException:
        return False
    return row == (SCHEMA_VERSION,)


def _package_version() -> str:
    try:
        return version("otel-forgesyte")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "unknown"
