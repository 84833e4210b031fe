"""One segment while it is being written: lines go in whole or not at all, and then it is sealed."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
_sync = getattr(os, "fdatasync", os.fsync)  # not everywhere; without it the file's times go too
_CLOSED = -1


class OpenSegment:
    """One file being appended to by this process alone; the caller holds the writer's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self.size = 0
        self.opened_at = time.monotonic()
        self.has_failed = False
        self._torn = False
        self._descriptor = os.open(path, _FLAGS, 0o600)

    def append(self, data: bytes, lines: int) -> None:
        """Write the data whole or not at all.

        Raises:
            OSError: it could not be written; the file is as it was before.
        """
        if self._torn:
            self._cut_back()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self._torn = True
            with contextlib.suppress(OSError):  # tried again before the next write and at the seal
                self._cut_back()
            raise
        self.size += len(data)
        self.lines += lines

    def seal(self) -> Path:
        """Make it durable and give it its final name, which is returned.

        Raises:
            FileNotFoundError: it vanished.
            OSError: it cannot be synced or renamed now; may be tried again.
        """
        if self._descriptor != _CLOSED:
            if self._torn:
                self._cut_back()
            _sync(self._descriptor)
            self.close()
        return self.path.rename(f"{str(self.path).removesuffix('.open')}-{self.lines}.seg")

    def close(self) -> None:
        """Let go of the file as it is."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)

    def _cut_back(self) -> None:
        os.ftruncate(self._descriptor, self.size)
        self._torn = False
