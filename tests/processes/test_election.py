"""Who drains: one at a time, replaced when it dies, and never one that cannot keep it up."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from otel_forgesyte_duckdb.election import drainer_pid
from tests.processes.servers import rows
from tests.pythons import StartPython
from tests.waiting import wait_for

# Records a span every 20 ms, until its input ends.
WRITER = """
    import sys, threading, time
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    threading.Thread(target=sys.stdin.read, name="input").start()
    written = 0
    while any(thread.name == "input" for thread in threading.enumerate()):
        provider.get_tracer("t").start_span("s", attributes={"writer": sys.argv[1]}).end()
        written += 1
        time.sleep(0.02)
    provider.shutdown()
    print(written, flush=True)
"""
# Has the database open for good, and drains through that one connection, as a server may.
HOLDER = """
    import contextlib, sys, time, threading
    from otel_forgesyte_duckdb import Settings, database
    from otel_forgesyte_duckdb.draining import Drainer

    settings = Settings.resolve()

    class Held:
        has_kept = True
        def __init__(self, connection):
            self.connection = connection
        @contextlib.contextmanager
        def writing(self):
            yield self.connection.cursor()
            self.connection.execute("CHECKPOINT")
        def can_begin_anew(self, error):
            return False

    with database.writing(settings.database_path, 10.0, settings) as connection:
        print("held", flush=True)
        threading.Thread(target=sys.stdin.read, name="input").start()
        drainer = Drainer(settings, Held(connection))
        while any(thread.name == "input" for thread in threading.enumerate()):
            if drainer.elect():
                drainer.drain(time.monotonic() + 1.0)
            time.sleep(0.1)
"""


def _has_ingested(database: Path, writer: str, spans: int) -> bool:
    return _ingested(database, writer) == spans


def _ingested(database: Path, writer: str) -> int:
    sql = f"SELECT count(*) FROM otel.spans WHERE attributes->>'writer' = '{writer}'"
    [(count,)] = rows(database, sql)
    return int(count)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["thread", "child"])
def test_a_killed_drainer_is_replaced_within_seconds_while_others_write(
    database: Path, start: StartPython, mode: str
) -> None:
    spool = Path(f"{database}.spool")
    settings = {"OTEL_EXPORTER_DUCKDB_DRAIN": mode}
    writers = {str(number): start(WRITER, number, **settings) for number in range(3)}
    killed = int(wait_for(lambda: database.exists() and drainer_pid(spool)))
    victim = next((name for name, each in writers.items() if each.pid == killed), None)
    assert (victim is None) == (mode == "child")
    os.kill(killed, signal.SIGKILL)
    killed_at = time.monotonic()
    wait_for(lambda: drainer_pid(spool) not in (None, killed))
    assert time.monotonic() - killed_at < 5
    for name, writer in writers.items():
        if name == victim:
            continue
        out, _ = writer.communicate(timeout=30)
        # Who ends while another one is elected leaves its last records to that one.
        wait_for(partial(_has_ingested, database, name, int(out)))


def test_who_finds_the_database_held_leaves_the_election_to_its_holder(
    database: Path, start: StartPython
) -> None:
    spool = Path(f"{database}.spool")
    writer = start(WRITER, "a")
    wait_for(lambda: drainer_pid(spool) == writer.pid)
    holder = start(HOLDER)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    wait_for(lambda: drainer_pid(spool) == holder.pid)
    out, error = writer.communicate(timeout=30)
    wait_for(lambda: list(spool.glob("*.seg")) == [])
    assert holder.communicate(timeout=30)[1] == ""
    assert error.count("DatabaseLocked") <= 1
    assert _ingested(database, "a") == int(out)
