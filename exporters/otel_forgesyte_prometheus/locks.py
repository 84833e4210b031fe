"""File locks between processes, released by the operating system however a process ends.

filelock closes a lock's descriptor in a forked child, so a child never keeps its parent's lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from pathlib import Path


def file_lock(path: Path) -> FileLock:
    """A lock for this user alone. Two threads need two of them: each object is taken as often."""
    return FileLock(path, mode=0o600, thread_local=False)


def try_lock(lock: FileLock, timeout_s: float = 0.0) -> bool:
    """Take the lock if it is free, or becomes so in time."""
    try:
        lock.acquire(timeout=timeout_s)  # pyright: ignore[reportUnknownMemberType]
    except Timeout:
        return False
    return True
