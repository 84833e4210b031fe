"""Drains one spool again and again, each time with something happening one step later.

    python -m tests.faults.steps kill|delete|replace|limit TEMPLATE FOLDER STRIDE

TEMPLATE holds a database and a spool with sealed segments. A step is a call, into Python or into
DuckDB, that the drainer makes between opening the database and the end of removing segments;
`limit` lets no file grow beyond the step's number of blocks instead. After each, another process
drains undisturbed, and one JSON line says what is stored then. Children are forked before DuckDB
has been used, which takes a tenth of the time that new interpreters would.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from otel_forgesyte_duckdb import Settings, drain, draining, reading, store_status

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_BLOCK = 16_384
_DULL = ("_segment", "spool", "whole", "database_path", "<genexpr>", "<listcomp>", "<lambda>")
_DUCKDBS = ("connect", "execute", "close")
_OWN = str(Path(draining.__file__).parent)


class Steps:
    """Counts the calls of a drain, and does something at one of them."""

    def __init__(self, wanted: int, happen: Callable[[], None], last: str = "") -> None:
        self.reached = 0
        self._wanted = wanted
        self._happen = happen
        self._last = last
        self._is_over = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            called = argument.__name__
            counts = called in _DUCKDBS
        else:
            called = frame.f_code.co_name
            counts = frame.f_code.co_filename.startswith(_OWN) or called == "unlink"
            counts &= event == "call" and called not in _DULL
            counts |= (event, called) == ("return", "_record")  # nothing is left to do but COMMIT
        self._is_over |= called == self._last
        if not counts or self._is_over:
            return
        self.reached += 1
        if self.reached == self._wanted:
            sys.stdout.write(json.dumps({"step": self._wanted, "at": called}) + "\n")
            sys.stdout.flush()
            self._happen()


def in_a_child(work: Callable[[], int]) -> int:
    """Fork, work, and return how the child ended: its exit code, or a signal below zero."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        with contextlib.suppress(BaseException):
            code = work()
        sys.stdout.flush()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def disturbed(settings: Settings, what: str, step: int) -> int:
    """Drain with trouble; 0 when it was over before the step came."""
    if what == "limit":
        return _limited(settings, step)
    happen: dict[str, Callable[[], None]] = {
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "delete": settings.database_path.unlink,
        "replace": lambda: _replace(settings.database_path),
    }
    # Deleted once its rows have been looked at and are safe, it is its user who deletes them.
    steps = Steps(step, happen[what], last="" if what == "kill" else "is_checkpointed")
    sys.setprofile(steps)
    try:
        drain(settings)
    except (duckdb.Error, OSError) as error:
        sys.setprofile(None)
        sys.stdout.write(json.dumps({"error": str(error)[:200]}) + "\n")
        return 1
    sys.setprofile(None)
    return 0 if steps.reached < step else 1


def _limited(settings: Settings, step: int) -> int:
    resource.setrlimit(resource.RLIMIT_FSIZE, (step * _BLOCK, resource.RLIM_INFINITY))
    try:
        drain(settings)
    except (duckdb.Error, OSError) as error:
        sys.stdout.write(json.dumps({"error": str(error)[:200]}) + "\n")
        return 1
    return 0


def _replace(database: Path) -> None:
    other = database.with_name("other")
    shutil.copy(database, other)
    other.replace(database)


def undisturbed(settings: Settings) -> int:
    """Drain and say what is there."""
    drain(settings)
    status = store_status(settings)
    with reading(settings.database_path) as connection:
        rows = connection.execute(
            "SELECT count(*), count(DISTINCT (trace_id, span_id)) FROM otel.spans"
        ).fetchone()
    found = {
        "stored": status.stored,
        "left": status.spooled_lines + status.dead_lines + sum(status.dropped.values()),
        "rows": rows,
        "segments": len(list(settings.spool.glob("*.seg"))),
        "aside": len(list(settings.database_path.parent.glob("*.corrupt.*"))),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def main(what: str, template: Path, folder: Path, stride: int) -> None:
    step = 1
    while True:
        place = folder / f"{what}-{step}"
        shutil.copytree(template, place)
        settings = Settings(database=str(place / "telemetry.duckdb"))
        ended = in_a_child(partial(disturbed, settings, what, step))
        if in_a_child(partial(undisturbed, settings)):
            sys.exit(f"the drain after step {step} failed")
        shutil.rmtree(place)
        if ended == 0:
            return
        step += stride


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
