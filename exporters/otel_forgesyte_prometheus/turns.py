"""Serving one after another: of the processes that want one port, one has it at a time."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.locks import file_lock, try_lock
from otel_forgesyte_prometheus.server import start_server

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import FileLock

    from otel_forgesyte_prometheus.reader import PrometheusReader
    from otel_forgesyte_prometheus.server import Server
    from otel_forgesyte_prometheus.targets import TargetFile

_LOGGER: Final = logging.getLogger("otel_forgesyte_prometheus")


class Turn:
    """Serves a reader unless another process of its group does, and takes over when that one ends.

    Not by ``SO_REUSEPORT``: the kernel would also hand connections to a process that is stopped, or
    to another application that was given the same port.

    Args:
        lock: held by who serves; None where each process has a port of its own.
        targets: told where this process serves.
    """

    def __init__(
        self, reader: PrometheusReader, host: str, port: int, lock: Path | None, targets: TargetFile
    ) -> None:
        self._reader = reader
        self._where = host, port
        self._path = lock
        self._lock: FileLock | None = None
        self._targets = targets
        self._has_failed = False
        self._is_ended = False
        self.server: Server | None = None
        self._taking = Lock()

    def take(self) -> bool:
        """Serve from now on if nobody else of the group does; whether this process serves.

        Raises:
            ConfigError, OSError, ValueError: as for `start_server`.
        """
        with self._taking:
            if self.server is None and not self._is_ended:
                self._try()
            return self.server is not None

    def _try(self) -> None:
        lock = None if self._path is None else file_lock(self._path)
        if lock is not None and not try_lock(lock):
            return
        try:
            self.server = start_server(self._reader, *self._where)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        self._lock = lock
        self._targets.tell(self.server)

    def round(self) -> None:
        """`take`, which may fail now and succeed in a second; that is said once."""
        try:
            if self.take() and self._has_failed:
                self._has_failed = False
                _LOGGER.info("Prometheus: metrics are served here now")
        except OSError as error:
            if not self._has_failed:
                _LOGGER.warning("%s. Tried again every second.", error.strerror or error)
            self._has_failed = True

    def note_failure(self) -> None:
        """What made the first `take` fail is said by who called it."""
        self._has_failed = True

    def shutdown(self) -> None:
        """Serve no more; another may."""
        with self._taking:
            self._is_ended = True
            if self.server is not None:
                self.server.shutdown()
                self._targets.remove()
            if self._lock is not None:
                self._lock.release()

    def after_fork_in_child(self) -> None:
        """The parent serves, and has the lock; this process waits for its turn, or has its own."""
        self._taking = Lock()
        self.server = None
        self._lock = None
        self._targets.forget()
