"""The draining child process itself: it drains until its parent has ended, and then what is left.

It is told its settings in the first line of its standard input; each later byte there means that
somebody waits, and the end of it that the parent has closed the store or ended.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

from otel_forgesyte_duckdb.child_drainer import child_lock
from otel_forgesyte_duckdb.locks import try_lock
from otel_forgesyte_duckdb.patience import PatientDrainer
from otel_forgesyte_duckdb.segments import list_sealed, recover
from otel_forgesyte_duckdb.settings import Settings

_LOOK_S = 1.0  # at the parent, at least this often
_SLICE_S = 1.0
_SETTLING_S = 0.5  # a probe of somebody else may have the lock for an instant
_TRYING_S = 1.0  # at the end, to open a database that somebody else has
_POLL_S = 0.05
_READ_BYTES = 4096


class Parent:
    """Whether the process that started this one is there, and whether it waits."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._wake = threading.Event()
        self._pipe_is_closed = False
        threading.Thread(target=self._listen, name="otel-forgesyte-parent", daemon=True).start()

    def is_there(self) -> bool:
        """Tell whether it lives and has its store open."""
        # A child that it forked may hold the pipe open after its end: so the parent's id as well.
        return not self._pipe_is_closed and (os.name != "posix" or os.getppid() == self._pid)

    def waits(self, timeout_s: float) -> bool:
        """Return True as soon as it says that somebody waits, or ends; else False in time."""
        woken = self._wake.wait(timeout_s)
        self._wake.clear()
        return woken

    def _listen(self) -> None:
        # Not through `sys.stdin`: the interpreter cannot end while a thread is inside its buffer.
        while os.read(0, _READ_BYTES):
            self._wake.set()
        self._pipe_is_closed = True
        self._wake.set()


def main(settings: dict[str, Any], parent: int, path: object = None) -> int:
    """Drain, and return the exit status: 0 also where another process is the drainer."""
    del path
    # What ends this process is the end of its parent, whose shutdown still needs it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(name)s[%(process)d]: %(message)s"
    )
    own = Settings(**settings)
    alive = child_lock(own.spool)
    there = Parent(parent)
    while try_lock(alive, timeout_s=_SETTLING_S):
        did_all = _drain_for(there, own)
        alive.release()
        # Who ended while this process was alive has left its last segments to it.
        if not did_all or not list_sealed(own.spool):
            break
    return 0


def _drain_for(parent: Parent, settings: Settings) -> bool:
    """Drain until the parent has ended, then a last time; False when that could not be done."""
    drainer = PatientDrainer(settings)
    pause_s = min(settings.flush_interval_s, _LOOK_S)
    try:
        while parent.is_there():
            drainer.attend(time.monotonic() + _SLICE_S)
            if drainer.is_another_elected():
                return False
            if parent.waits(pause_s):
                drainer.hurry()
        return _finish(drainer, settings)
    finally:
        drainer.close(0.0)


def _finish(drainer: PatientDrainer, settings: Settings) -> bool:
    now = time.monotonic()
    with contextlib.suppress(OSError):  # a parent that was killed has sealed nothing at its end
        recover(settings.spool)
    # Somebody may be reading just now; somebody who holds the database for long is not waited for.
    while time.monotonic() < now + _TRYING_S:
        if drainer.finish(now + settings.shutdown_timeout_s):
            return True
        if drainer.is_another_elected():
            break
        time.sleep(_POLL_S)
    return False
