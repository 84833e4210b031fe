"""Who drains a spool: at most one process, told by a lock that ends with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.locks import file_lock, try_lock

if TYPE_CHECKING:
    from pathlib import Path

_LOCK = "drain.lock"
_PID = "drain.pid"  # for people to read; the lock is what counts
# Somebody may only look whether there is a drainer: an end that met one left its records undrained.
_LOOKING_S = 0.05


class Election:
    """This process's candidacy for one spool."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._lock = file_lock(spool / _LOCK)

    def win(self) -> bool:
        """Become the spool's drainer until `resign`; False when another process is."""
        if self._lock.is_locked:
            return True
        if not try_lock(self._lock, _LOOKING_S):
            return False
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(self._spool / _PID, flags, 0o600), "w") as file:
            file.write(str(os.getpid()))
        return True

    def resign(self) -> None:
        """Let another process drain."""
        self._lock.release()


def drainer_pid(spool: Path) -> int | None:
    """Return the process that drains a spool now, or None."""
    told = spool / _PID
    if not told.exists():
        return None
    probe = file_lock(spool / _LOCK)
    if not try_lock(probe):
        return int(told.read_text(encoding="ascii") or 0) or None
    probe.release()
    return None
