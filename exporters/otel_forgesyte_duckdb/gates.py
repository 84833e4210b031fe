"""Who is inside DuckDB: one thread a database, and, over a fork, nobody, with nothing left open."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class KeptOpen(Protocol):
    """What stays open while its gate is free."""

    def end(self) -> None:
        """Close it; called by whoever has its gate."""
        ...


# One holder at a time in this process: DuckDB refuses a second opening with another configuration.
_gates: dict[str, threading.Lock] = {}
_gates_lock = threading.Lock()
_held_for_fork: list[threading.Lock] = []
_kept_open: weakref.WeakKeyDictionary[KeptOpen, threading.Lock] = weakref.WeakKeyDictionary()


def gate(target: Path | str) -> threading.Lock:
    """Return this process's lock for a database: a file, or another target by its name."""
    name = target if isinstance(target, str) else os.path.realpath(target)
    with _gates_lock:
        return _gates.setdefault(name, threading.Lock())


def hold_gates(timeout_s: float = 1.0) -> None:
    """Before a fork: wait until nobody is inside DuckDB, so its locks are free in the child."""
    deadline = time.monotonic() + timeout_s
    _held_for_fork.extend(
        lock
        for lock in list(_gates.values())
        if lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
    )
    # A child would end with a segmentation fault over what it inherits of a DuckDB, or end the
    # parent's session with PostgreSQL.
    for kept, lock in list(_kept_open.items()):
        if lock in _held_for_fork:
            kept.end()


def keep_open(kept: KeptOpen, lock: threading.Lock) -> None:
    """Have it end before a fork, once its gate is free."""
    _kept_open[kept] = lock


def let_go(kept: KeptOpen, lock: threading.Lock) -> None:
    """Have it end now, unless a thread is inside: that one keeps it for the next time."""
    if lock.acquire(blocking=False):
        try:
            kept.end()
        finally:
            lock.release()


def release_gates() -> None:
    """After a fork, in the parent: let everybody in again."""
    while _held_for_fork:
        _held_for_fork.pop().release()


def renew_gates() -> bool:
    """After a fork, in the child: fresh locks; False if somebody was inside DuckDB then."""
    global _gates_lock  # noqa: PLW0603 - another thread of the parent may have held it
    is_quiet = len(_held_for_fork) == len(_gates)
    _gates_lock = threading.Lock()
    _gates.clear()
    _held_for_fork.clear()
    return is_quiet
