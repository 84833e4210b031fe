"""Where processes are scraped, as files for Prometheus' ``file_sd_configs``."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from otel_forgesyte_prometheus.locks import file_lock, try_lock

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import FileLock

    from otel_forgesyte_prometheus.notices import Notices
    from otel_forgesyte_prometheus.server import Server

_FILES: Final = "targets-*.json"


class TargetFile:
    """One process's file among ``targets-*.json``, there for as long as it serves.

    What a killed process leaves is taken away by the next that serves. Until then Prometheus sees a
    target that is down, as it should.
    """

    def __init__(self, directory: Path, service: str, notices: Notices) -> None:
        self._directory = directory
        self._service = service
        self._notices = notices
        self._path: Path | None = None
        self._lock: FileLock | None = None

    def tell(self, server: Server) -> None:
        """Say where this process is scraped; a directory that cannot be written to is noted."""
        url = urlsplit(server.url)
        labels = {"__scheme__": url.scheme, "__meta_otel_service_name": self._service}
        content = json.dumps([{"targets": [url.netloc], "labels": labels}])
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            path = self._directory / f"targets-{time.time_ns():016x}-{os.getpid()}.json"
            self._lock = file_lock(path.with_suffix(".lock"))
            try_lock(self._lock)
            new = path.with_suffix(".new")
            new.write_text(content)
            new.replace(path)
            self._path = path
        except OSError as error:
            self._notices.once(
                ("targets", str(self._directory)),
                "Prometheus: no file tells it to look at %s: %s", server.url, error,
            )  # fmt: skip

    def remove(self) -> None:
        """Say that this process is scraped no more."""
        if self._path is not None and self._lock is not None:
            _take_away(self._path)
            self._lock.release()
            self.forget()

    def forget(self) -> None:
        """Leave the file to the parent: this is a forked child."""
        self._path = self._lock = None

    def _sweep(self) -> None:
        for path in self._directory.glob(_FILES):
            lock = file_lock(path.with_suffix(".lock"))
            if try_lock(lock):
                _take_away(path)
                lock.release()


def _take_away(path: Path) -> None:
    for suffix in (".json", ".new", ".lock"):
        with suppress(OSError):
            path.with_suffix(suffix).unlink()
