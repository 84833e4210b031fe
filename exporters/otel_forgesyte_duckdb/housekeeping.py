"""What whoever drains does once an hour besides: let old rows go, and keep the ledger short."""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.ingesting import roll_back
from otel_forgesyte_duckdb.pruning import plan_of, prune_slice
from otel_forgesyte_duckdb.segments import list_segments
from otel_forgesyte_schema.retained import last_run, remember_run, settle_ledger

if TYPE_CHECKING:
    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

_EVERY = dt.timedelta(hours=1)
_AFTER_TROUBLE_S = 600.0
# A segment comes back only from a copy of its spool: nobody keeps one that long and puts it back.
_SETTLED_AFTER = dt.timedelta(days=7)
_logger = logging.getLogger(__name__)


class Housekeeper:
    """Keeps one database in order, a slice at a time, for the drainer that owns it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._retry_at = 0.0

    def is_due(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Tell whether nobody has done it for an hour (0.3 ms)."""
        if time.monotonic() < self._retry_at:
            return False
        last = last_run(connection)
        return last is None or last <= _now() - _EVERY

    def step(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Do one part, in about half a second; return True when nothing is left to do.

        Raises:
            duckdb.Error, OSError: this part was not done.
        """
        now = _now()
        if prune_slice(connection, self._settings, plan_of(self._settings, now)):
            return False
        connection.execute("BEGIN")
        try:
            if self._settings.lake is None:  # of a lake's spools most are on other machines
                spooled = [segment.stem for segment in list_segments(self._settings.spool)]
                settle_ledger(connection, now - _SETTLED_AFTER, spooled)
            remember_run(connection, now)
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
        return True

    def put_off(self, error: Exception) -> None:
        """After a failure: let draining go on, and try again in ten minutes."""
        self._retry_at = time.monotonic() + _AFTER_TROUBLE_S
        _logger.error("old rows could not be removed from %s: %s", self._settings.target, error)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
