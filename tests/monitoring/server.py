"""The service that Prometheus scrapes, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Service:
    """A process of `tests.monitoring.service`."""

    process: subprocess.Popen[str]
    target: str
    database: Path

    def scraped(self) -> dict[str, Any]:
        """A scrape configuration for it."""
        return {"job_name": "studio", "static_configs": [{"targets": [self.target]}]}

    def end(self) -> None:
        """Close its standard input, at which it ends by itself; harmless when repeated."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(_PATIENCE_S)

    def tell(self, word: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@contextmanager
def service(database: Path, *work: str, **environment: str) -> Generator[Service]:
    """One that works, until the end of the block."""
    module = "tests.monitoring.service"
    command = [sys.executable, "-W", "error", "-m", module, str(database), *work]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "OTEL_METRIC_EXPORT_INTERVAL": "1000", **environment},
    ) as process:
        assert process.stdout is not None
        target = process.stdout.readline().split("/")[2]
        assert target
        running = Service(process, target, database)
        try:
            yield running
            running.end()
        finally:
            process.kill()  # nothing to one that has ended
    assert process.returncode == 0


def write_texts(folder: Path, texts: Iterable[tuple[str, str]]) -> Path:
    """The folder, with these files in it."""
    for name, text in texts:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
