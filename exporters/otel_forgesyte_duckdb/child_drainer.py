"""The drainer in a child process, seen from its parent, which so never imports DuckDB.

At most one child lives per spool, however many processes have this mode: it holds `child.lock` for
its life, also while it waits for the database and has let others be elected.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

from otel_forgesyte_duckdb.election import drainer_pid
from otel_forgesyte_duckdb.locks import file_lock, try_lock
from otel_forgesyte_duckdb.patience import LONGEST_PAUSE_S
from otel_forgesyte_duckdb.segments import list_sealed

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from pathlib import Path

    from filelock import FileLock

    from otel_forgesyte_duckdb.settings import Settings

_POLL_S = 0.01
# Its own group and session: Ctrl-C in a terminal is for the parent, which ends the child in time.
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
# As multiprocessing does, the child gets the parent's module path: `-m` would look into whatever
# directory the application is in first, and miss what it has put into `sys.path` since its start.
_START = """
import json, sys
told = json.loads(sys.stdin.readline())
sys.path[:] = told.pop("path")
from otel_forgesyte_duckdb.drain_process import main
sys.exit(main(**told))
"""
_logger = logging.getLogger(__name__)
# A process forked in the middle of a start would hold the pipe by whose end the start knows that
# its child runs, and the start would last as long as that process. So one waits for the other.
_starting = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_starting.acquire,
        after_in_parent=_starting.release,
        after_in_child=_starting.release,
    )


class ChildDrainer:
    """Keeps a child draining while something waits and nobody else drains. Safe from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._look_at = 0.0
        self._pause_s = 0.0
        self._is_hurried = False
        self.crashes = 0

    def attend(self, deadline: float) -> None:
        """Start a child where one is needed; tell the one there is when somebody waits."""
        del deadline
        with self._lock:
            hurried, self._is_hurried = self._is_hurried, False
            if self._is_running():
                if hurried:
                    self._nudge()
            elif time.monotonic() >= self._look_at and self._is_needed():
                self._start()

    def hurry(self) -> None:
        """Wake the child at the next `attend`."""
        self._is_hurried = True

    def finish(self, deadline: float, is_done: Callable[[], bool]) -> None:
        """Wait until this process's records are stored, by whichever process."""
        while not is_done() and time.monotonic() < deadline:
            self.hurry()
            self.attend(deadline)
            time.sleep(_POLL_S)

    def interrupt(self) -> None:
        """Nothing: `finish` looks at the clock."""

    def close(self, deadline: float) -> None:
        """Tell the child that this was all, and end it where it takes too long."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            _close_stdin(process)
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:  # it can be killed at any point: nothing counts twice
                process.kill()
                process.wait()

    def abandon(self) -> None:
        """Close this forked copy's end of the pipe, which would keep the child alive."""
        process = self._process
        if process is not None:
            _close_stdin(process)
            process.returncode = 0  # not our child: nobody here can or need wait for it

    def is_nobodys(self) -> bool:
        """Never: a child is started where it is needed."""
        return False

    def _is_running(self) -> bool:
        process = self._process
        if process is None:
            return False
        ended = process.poll()
        if ended is None:
            return True
        self._process = None
        _close_stdin(process)
        if ended == 0:  # another drainer has the spool
            self._look_at = time.monotonic() + self._settings.flush_interval_s
        else:
            self._crashed(f"ended with status {ended}")
        return False

    def _crashed(self, how: str) -> None:
        now = time.monotonic()
        if now - self._started_at > LONGEST_PAUSE_S:  # it worked until now
            self._pause_s = 0.0
        doubled = max(self._settings.flush_interval_s, 2 * self._pause_s)
        self._pause_s = min(doubled, LONGEST_PAUSE_S)
        self._look_at = now + self._pause_s
        self.crashes += 1
        if self.crashes == 1:
            spool = self._settings.spool
            _logger.error("the process draining %s %s; another will follow", spool, how)

    def _is_needed(self) -> bool:
        spool = self._settings.spool
        self._look_at = time.monotonic() + min(0.1, self._settings.flush_interval_s)
        with contextlib.suppress(OSError, ValueError):
            return bool(list_sealed(spool)) and not is_drained(spool)
        return False  # cannot be told now: asked again in a moment

    def _start(self) -> None:
        self._started_at = time.monotonic()
        try:
            with _starting:
                process = subprocess.Popen(  # noqa: S603 - this interpreter, and a constant
                    [sys.executable, "-c", _START],
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,
                    creationflags=_NEW_GROUP,
                )
        except (OSError, RuntimeError) as error:  # no more processes; the interpreter is ending
            self._crashed(f"cannot be started ({error})")
            return
        self._process = process
        with contextlib.suppress(OSError):  # it has ended: seen at the next look
            _pipe(process).write(self._told())
            os.set_blocking(_pipe(process).fileno(), False)

    def _told(self) -> bytes:
        # Through the pipe: others can read a command line and an environment.
        settings = asdict(self._settings)
        path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - entries may be empty
        told = {"settings": settings, "parent": os.getpid(), "path": path}
        return json.dumps(told).encode() + b"\n"

    def _nudge(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):  # ended, or has enough of them to read
                _pipe(self._process).write(b"\n")


def child_lock(spool: Path) -> FileLock:
    """Return the lock that a draining child process holds while it lives."""
    return file_lock(spool / "child.lock")


def is_drained(spool: Path) -> bool:
    """Tell whether anybody drains a spool now, or a child process waits to."""
    if drainer_pid(spool) is not None:
        return True
    probe = child_lock(spool)
    if not try_lock(probe):
        return True
    probe.release()
    return False


def _environment() -> dict[str, str]:
    # What instruments every Python (a `sitecustomize`) would record the drainer into its own spool.
    return {**os.environ, "OTEL_SDK_DISABLED": "true", "PYTHONSAFEPATH": "1"}


def _pipe(process: subprocess.Popen[bytes]) -> io.RawIOBase:
    return cast("io.RawIOBase", process.stdin)


def _close_stdin(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        _pipe(process).close()
