"""Four gunicorn workers, one database, 100,000 records and more, among kills, reloads and readers.

Each answer is sent once its jobs are in the database or, where that takes too long, in the spool:
what an answer has told is what was accepted, and it must be stored, once.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from otel_forgesyte import open_reader
from otel_forgesyte_duckdb import drain
from otel_forgesyte_duckdb.election import drainer_pid
from tests.processes.servers import Server, gunicorn, stored
from tests.waiting import wait_for

_WORKERS = 4
_JOBS_A_REQUEST = 500
_REQUESTS = 104  # a job and a plugin run in each: 104,000 records
_AT_ONCE = 4
_KILL_EVERY_S = 6.0


def run() -> int:
    """Return 0 where everything accepted is stored once, with a drainer thread and with a child."""
    return max(_run(mode) for mode in ("thread", "child"))


def _run(mode: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "telemetry.duckdb"
        started = time.monotonic()
        with gunicorn(database, workers=_WORKERS, OTEL_EXPORTER_DUCKDB_DRAIN=mode) as server:
            replaced = _load(server)
            ended = server.stop()
        drain(server.settings)  # what a killed worker left last
        wall = time.monotonic() - started
        jobs, plugins = stored(database), stored(database, "plugin_metrics")
    _say(f"{mode}: {_WORKERS} workers, {server.broken_off} requests broken off by kills")
    _say(f"  accepted {2 * len(server.told)}, stored {_of(server, jobs) + _of(server, plugins)}")
    beside = len(jobs.keys() - server.told.keys()) + len(plugins.keys() - server.told.keys())
    doubled = sum((jobs + plugins).values()) - len(jobs) - len(plugins)
    _say(f"  of requests never answered, stored {beside}; duplicates {doubled}")
    _say(f"  drainer killed {len(replaced)} times, replaced in {max(replaced):.2f} s at most")
    _say(f"  {wall:.0f} s, exit status {ended}")
    complete = server.told.keys() <= jobs.keys() and server.told.keys() <= plugins.keys()
    return 0 if complete and not doubled and not ended else 1


def _of(server: Server, counted: Counter[str]) -> int:
    return len(server.told.keys() & counted.keys())


def _load(server: Server) -> list[float]:
    """Send the requests, read and kill beside them; return how long each drainer was missing."""
    done = threading.Event()
    replaced: list[float] = []
    beside = [
        threading.Thread(target=_kill_drainers, args=(server, done, replaced)),
        threading.Thread(target=_read, args=(server.database, done)),
    ]
    for thread in beside:
        thread.start()
    clients = [
        threading.Thread(target=_ask, args=(server, _REQUESTS // _AT_ONCE)) for _ in range(_AT_ONCE)
    ]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    done.set()
    for thread in beside:
        thread.join()
    return replaced


def _ask(server: Server, answers: int) -> None:
    """Send requests until so many have been answered."""
    while answers:
        answers -= server.ask_or_not(f"jobs={_JOBS_A_REQUEST}&flush=1") is not None


def _kill_drainers(server: Server, done: threading.Event, replaced: list[float]) -> None:
    """Kill whoever drains, a worker or a child, now and then: once at least."""
    while not replaced or not done.wait(_KILL_EVERY_S):
        killed = wait_for(lambda: drainer_pid(server.settings.spool))
        os.kill(killed, signal.SIGKILL)
        at = time.monotonic()
        wait_for(lambda: drainer_pid(server.settings.spool) not in {None, killed})  # noqa: B023
        replaced.append(time.monotonic() - at)


def _read(database: Path, done: threading.Event) -> None:
    """Ask all the time, as a dashboard would: nobody may be kept from storing."""
    wait_for(database.exists)
    while not done.wait(0.2):
        open_reader(database).sql("SELECT count(*) FROM otel.segments").fetchall()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
