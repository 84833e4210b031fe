"""A drainer that lives with trouble: told once, tried again later, and left to others meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import logging
import re
import time
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb import timing
from otel_forgesyte_duckdb.components import DRAINER, component
from otel_forgesyte_duckdb.draining import Drainer
from otel_forgesyte_duckdb.election import drainer_pid
from otel_forgesyte_duckdb.segments import list_sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte_duckdb.destinations import Destination
    from otel_forgesyte_duckdb.segments import SegmentFile
    from otel_forgesyte_duckdb.settings import Settings

LONGEST_PAUSE_S = 30.0
# A lake's files have a new one at each attempt.
_FILE_NAMES = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_numbers = itertools.count()
_logger = logging.getLogger(__name__)


class PatientDrainer:
    """Drains in this process. Not safe for use by two threads at once, but for `interrupt`."""

    def __init__(self, settings: Settings, destination: Destination | None = None) -> None:
        self._settings = settings
        self._drainer = Drainer(settings, destination)
        self._retry_at = 0.0
        self._pause_s = 0.0
        self._complaint = ""
        self._is_beaten = False
        self._number = next(_numbers)

    def attend(self, deadline: float) -> None:
        """Drain what is sealed, unless that has just failed."""
        if time.monotonic() >= self._retry_at:
            self.drain(deadline)

    def drain(self, deadline: float) -> bool:
        """Drain what is sealed; False when another process does, or it failed and is told."""
        try:
            if not list_sealed(self._settings.spool):
                return True
            self._is_beaten = not self._drainer.elect()
            if self._is_beaten:
                return False
            with timing.timed(timing.DRAIN, component(DRAINER, self._number)):
                self._drainer.drain(deadline)
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever DuckDB raises
            self._back_off(error)
            return False
        self._retry_at = self._pause_s = 0.0
        self._complaint = ""
        return True

    def is_another_elected(self) -> bool:
        """Tell whether the last drain was left to another process, which is still there."""
        # The election may also have been lost to somebody who only looked whether it was free.
        return self._is_beaten and drainer_pid(self._settings.spool) is not None

    def hurry(self) -> None:
        """Try again at the next `attend`, however often it has failed."""
        self._retry_at = 0.0

    def finish(self, deadline: float, is_done: Callable[[], bool] | None = None) -> bool:
        """Drain a last time and resign; until it is too late, also what others sealed meanwhile.

        Others that end at the same moment find this process elected and leave their segments to
        it: so it looks again after it has resigned. False when it could not drain.
        """
        del is_done  # what other processes have left is drained too
        before: list[SegmentFile] | None = None
        while time.monotonic() < deadline:
            if not self.drain(deadline):
                return False
            self._drainer.resign()
            left = self._sealed()
            if not left or left == before:  # stored, but not to be removed yet
                break
            before = left
        return True

    def interrupt(self) -> None:
        """Make a drain under way roll back and return; there is none after it."""
        self._drainer.interrupt()

    def close(self, deadline: float) -> None:
        """Let another process be elected."""
        del deadline
        self._drainer.resign()

    def abandon(self) -> None:
        """Nothing: a lock file is closed by filelock in every forked child."""

    def is_nobodys(self) -> bool:
        """Never: it is ours, or whoever is elected has it."""
        return False

    def _sealed(self) -> list[SegmentFile]:
        with contextlib.suppress(OSError):
            return list_sealed(self._settings.spool)
        return []

    def _back_off(self, error: Exception) -> None:
        # Whoever holds the database open for good is the one that can drain: while this process
        # stayed elected, both would wait for each other for ever.
        self._drainer.resign()
        doubled = max(self._settings.flush_interval_s, 2 * self._pause_s)
        self._pause_s = min(doubled, LONGEST_PAUSE_S)
        self._retry_at = time.monotonic() + self._pause_s
        # One line, whatever DuckDB makes of its message.
        complaint = " ".join(f"{type(error).__name__}: {error}".split())
        trouble = _FILE_NAMES.sub("", complaint)
        if trouble != self._complaint:  # the same trouble is told once, not every second
            self._complaint = trouble
            spool = self._settings.spool
            _logger.error("cannot drain %s, records wait there: %s", spool, complaint)
