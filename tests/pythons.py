"""Pieces of Python in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

RunPython = Callable[..., "subprocess.CompletedProcess[str]"]
StartPython = Callable[..., "subprocess.Popen[str]"]


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment with these settings, and no other of OpenTelemetry's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return kept | settings


def run_python(
    folder: Path, source: str, *arguments: object, **settings: str
) -> subprocess.CompletedProcess[str]:
    """A piece of Python that has run in this folder to its end."""
    return subprocess.run(
        _command(source, arguments),
        cwd=folder,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def started_pythons(folder: Path, **settings: str) -> Generator[StartPython]:
    """Starts pieces of Python in this folder, their three streams piped; kills them at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(source: str, *arguments: object, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            _command(source, arguments),
            cwd=folder,
            env=clean_environment(**(settings | more)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        _close(process)


def _command(source: str, arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(source), *map(str, arguments)]


def _close(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        assert pipe is not None
        if pipe is process.stderr and not pipe.closed:
            # What a failed test shows; a child of the process may hold the other end open for long.
            os.set_blocking(pipe.fileno(), False)
            with suppress(BlockingIOError):
                sys.stderr.write(os.read(pipe.fileno(), 65_536).decode(errors="replace"))
        with suppress(BrokenPipeError):
            pipe.close()
