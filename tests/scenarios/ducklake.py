"""Two machines with four writers each and one lake, among kills and a crash of PostgreSQL.

Two writers are killed half-way, and the process that drains for one machine. Counted at the end:
what was accepted is stored once, the spans of writers that were not killed are all there, and a job
told of from both machines has one row.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from otel_forgesyte.reading import open_reader
from otel_forgesyte_duckdb import Settings, drain, store_status
from otel_forgesyte_duckdb.election import drainer_pid
from tests.targets.on_a_lake import on_a_lake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.postgres import PostgresServer

_MACHINES, _WRITERS, _KILLED = 2, 4, 2
_ROUNDS, _JOBS = 50, 200
_WRITER = f"""
import sys, time
from otel_forgesyte import configure, constant, job, plugin

@plugin(plugin=constant("half"))
def half(): pass

@job
def work(job_id):
    half()

with configure():
    for number in range({_ROUNDS}):
        for name in range({_JOBS}):
            work(f"job-{{name}}")
        time.sleep(0.2)
        if number == {_ROUNDS // 2}:
            print("half-way", flush=True)
"""


def run() -> int:
    """Return 0 where everything agrees, 1 where not, 2 where something has to be installed."""
    return on_a_lake(_run, _say)


def _run(server: PostgresServer, folder: Path) -> int:
    started = time.monotonic()
    writers = [
        _start(server, folder, machine) for machine in range(_MACHINES) for _ in range(_WRITERS)
    ]
    for writer in writers[:: len(writers) // _KILLED][:_KILLED]:
        (writer.stdout or sys.stdin).readline()  # it has records in the lake, and some on the way
        writer.kill()
    drainer = drainer_pid(_settings(server, folder, 0).spool)
    if drainer is not None:
        os.kill(drainer, signal.SIGKILL)
    server.kill()
    time.sleep(1)
    server.start()
    for writer in writers:
        writer.communicate()
    _say(
        f"{len(writers)} writers ended after {time.monotonic() - started:.0f} s; killed: "
        f"{_KILLED} of them, {'one' if drainer else 'no'} drainer, PostgreSQL"
    )
    return _counted(server, folder, started)


def _counted(server: PostgresServer, folder: Path, started: float) -> int:
    for machine in range(_MACHINES):
        drain(_settings(server, folder, machine), timeout_s=300)
    _say(f"drained after {time.monotonic() - started:.0f} s")
    statuses = [store_status(_settings(server, folder, each)) for each in range(_MACHINES)]
    rows = open_reader(server.target("lake")).sql(
        "SELECT * FROM (SELECT count(*), count(DISTINCT span_id) FROM otel.spans),"
        " (SELECT count(*), count(DISTINCT job_id) FROM job_metrics)"
    )
    spans, different, jobs, different_jobs = rows.fetchall()[0]
    whole = (_MACHINES * _WRITERS - _KILLED) * _ROUNDS * _JOBS * 2
    # What is in the lake is the same for both; what waits or is dead, each has its own.
    accepted, stored = statuses[0].accepted, statuses[0].stored
    dead = sum(status.dead_lines for status in statuses)
    waiting = sum(status.spooled_lines for status in statuses)
    _say(f"accepted {accepted}, stored {stored}, waiting {waiting}, dead {dead}")
    _say(f"spans {spans}, of writers not killed {whole}, duplicates {spans - different}")
    _say(f"jobs {jobs}, duplicates {jobs - different_jobs}")
    agrees = (
        accepted == stored
        and (waiting, dead, spans - different, jobs - different_jobs) == (0, 0, 0, 0)
        and spans >= whole
        and jobs == _JOBS
    )
    _say("everything agrees" if agrees else "THIS DOES NOT AGREE")
    return 0 if agrees else 1


def _start(server: PostgresServer, folder: Path, machine: int) -> subprocess.Popen[str]:
    settings = _settings(server, folder, machine)
    environment = {
        "OTEL_EXPORTER_DUCKDB_DATABASE": settings.database,
        "OTEL_EXPORTER_DUCKDB_DATA_PATH": settings.data_path,
        "OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY": settings.spool_directory,
        "OTEL_BSP_MAX_QUEUE_SIZE": "100000",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    }
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _settings(server: PostgresServer, folder: Path, machine: int) -> Settings:
    return Settings.resolve(
        database=server.target("lake"),
        data_path=str(folder / "data"),
        spool_directory=str(folder / f"machine-{machine}.spool"),
    )


def _say(line: str) -> None:
    sys.stdout.write(f"ducklake: {line}\n")
    sys.stdout.flush()
