"""What could not be kept, counted by signal and reason until it can be written down."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
import time
from collections import Counter

import orjson

_logger = logging.getLogger(__name__)
_SAME_WORD = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",  # RLIMIT_FSIZE
    errno.EMFILE: "too_many_open_files",
    errno.ENFILE: "too_many_open_files",
}


# Records that a writer had taken in, and counted, before they were lost. All other reasons are told
# of records that were turned away at the door.
SEGMENT_DAMAGED = "segment_damaged"
SEGMENT_VANISHED = "segment_vanished"
DISCARDED = "discarded"
AFTER_INTAKE = frozenset({SEGMENT_DAMAGED, SEGMENT_VANISHED, DISCARDED})

# Records that never reached an exporter: what stands before it had no room for them, or had ended.
QUEUE_FULL = "queue_full"
QUEUE_ENDED = "already_shutdown"
BUFFER_FULL = "buffer_full"
EXPORT_TIMEOUT = "export_timeout"
BEFORE_EXPORT = frozenset({QUEUE_FULL, QUEUE_ENDED, BUFFER_FULL, EXPORT_TIMEOUT})


def reason_of(error: OSError) -> str:
    """Return a short fixed phrase for a failed write, to be grouped by."""
    number = error.errno or 0
    return _SAME_WORD.get(number) or f"write_failed_{errno.errorcode.get(number, 'unknown')}"


class Losses:
    """Counts by (signal, reason): bounded, however much is lost. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may lose something in the middle of `add`
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._told: set[tuple[str, str]] = set()
        self.total: Counter[tuple[str, str]] = Counter()

    def add(self, signal: str, reason: str, count: int) -> None:
        """Count records lost; the first of its kind is logged, a flood of them would not help."""
        with self._lock:
            self._waiting[signal, reason] += count
            self.total[signal, reason] += count
            first = (signal, reason) not in self._told
            self._told.add((signal, reason))
        if first:
            _logger.error("dropping %s: %s; counted from here on without a word", signal, reason)

    def totals(self) -> dict[tuple[str, str], int]:
        """Return everything lost so far, by signal and reason."""
        with self._lock:
            return dict(self.total)

    def waiting(self) -> dict[tuple[str, str], int]:
        """Return what is not yet written down."""
        with self._lock:
            return dict(self._waiting)

    def take(self) -> dict[tuple[str, str], int]:
        """Hand over what is not yet written down: to one caller only, who writes it down."""
        with self._lock:
            taken, self._waiting = self._waiting, Counter()
            return dict(taken)

    def give_back(self, counts: dict[tuple[str, str], int]) -> None:
        """Let counts that could not be written down wait again."""
        with self._lock:
            self._waiting.update(counts)


def this_process() -> str:
    """Return who lost something, as the loss ledger names it."""
    return f"{os.getpid()}@{socket.gethostname()}"


def loss_lines(counts: dict[tuple[str, str], int]) -> bytes:
    """Return the lines of a `losses` segment for these counts."""
    process = this_process()
    now = time.time_ns()
    return b"".join(
        orjson.dumps(
            {
                "time_unix_nano": now,
                "signal": signal,
                "reason": reason,
                "count": count,
                "process": process,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for (signal, reason), count in counts.items()
    )
