"""A small disk of its own, whose space can be taken away and given back."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_PAGE = 4_096


class SmallDisk:
    """A file system in memory; making it as small as its content is what fills it."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._size = size

    def fill(self, spare: int = 0, timeout_s: float = 10.0) -> None:
        """Leave room for `spare` bytes only."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = os.statvfs(self.path)
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            if self._resize(max(_PAGE, used + spare)):
                return
            if time.monotonic() >= deadline:  # it grows faster than it is measured
                raise TimeoutError(f"{self.path} cannot be made full")

    def free(self) -> None:
        """Give all of its room back."""
        if not self._resize(self._size):
            raise OSError(f"{self.path} cannot be made larger")

    def _resize(self, size: int) -> bool:
        options = f"remount,size={size}"
        return _run("mount", "-o", options, str(self.path))


@contextlib.contextmanager
def small_disk(path: Path, size: int) -> Generator[SmallDisk | None]:
    """Mount one at an existing directory; yield None where this user may not mount."""
    if not _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(path)):
        yield None
        return
    try:
        yield SmallDisk(path, size)
    finally:
        _run("umount", "--lazy", str(path))


def _run(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0
