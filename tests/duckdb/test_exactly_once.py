"""Whatever is killed and whenever, a record is stored once."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import drain
from otel_forgesyte_duckdb.draining import Drainer
from otel_forgesyte_duckdb.locks import file_lock, try_lock

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.duckdb.conftest import Target

WRITE = """
    import sys, time
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(
        database=sys.argv[1], drain="external", flush_interval_s=0.02, segment_bytes=20_000
    )
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("t")
    number = 0
    while True:
        tracer.start_span("s", attributes={"number": number}).end()
        print(number, flush=True)  # acknowledged
        number += 1
"""

# Replaces one step of the drainer by the end of the process, before or after it runs.
KILL_AT = """
    import os, sys
    from otel_forgesyte_duckdb import Settings, batches, destinations, drain, draining, ingesting
    import duckdb, pathlib

    database, where = sys.argv[1:3]

    def die(*_, **__):
        os._exit(9)

    def after(function):
        def run(*args, **kwargs):
            function(*args, **kwargs)
            die()
        return run

    match where:
        case "opened": draining.already_stored = die
        case "began": ingesting.ingest = die
        case "ingested": ingesting.ingest = after(ingesting.ingest)
        case "projected": ingesting._record = die
        case "recorded": ingesting._record = after(ingesting._record)
        case "committed": batches.store = after(batches.store)
        case "closed": destinations.is_checkpointed = die
        case "unlinking": pathlib.Path.unlink = die
        case "unlinked one": pathlib.Path.unlink = after(pathlib.Path.unlink)
    drain(Settings(database=database))
    sys.exit("not killed")
"""


def _write(target: Target, spans: int) -> None:
    tracer = target.tracer()
    for number in range(spans):
        tracer.start_span("s", attributes={"number": number}).end()
    target.shutdown()


def test_a_segment_that_comes_back_is_not_stored_again(undrained: Target, tmp_path: Path) -> None:
    _write(undrained, 10)
    kept = tmp_path / "kept"
    shutil.copytree(undrained.spool, kept)
    undrained.drain()
    for path in kept.glob("*.seg"):
        shutil.copy(path, undrained.spool)
    undrained.drain()
    assert undrained.value("SELECT count(*) FROM otel.spans") == 10
    assert undrained.segments() == []


@pytest.mark.parametrize(
    "where",
    [
        *("opened", "began", "ingested", "projected", "recorded", "committed", "closed"),
        *("unlinking", "unlinked one"),
    ],
)
def test_a_drainer_killed_at_any_step_leaves_each_record_to_be_stored_once(
    undrained: Target, run_python: Callable[..., subprocess.CompletedProcess[str]], where: str
) -> None:
    _write(undrained, 50)
    killed = run_python(KILL_AT, undrained.path, where)
    assert killed.returncode == 9, killed.stderr
    undrained.drain()
    assert undrained.value("SELECT count(*) FROM otel.spans") == 50
    assert undrained.segments() == []
    assert undrained.status().stored == 50


@pytest.mark.parametrize("lines", [1, 40, 400])
def test_what_a_killed_writer_had_acknowledged_is_stored_once(
    undrained: Target, start_python: Callable[..., subprocess.Popen[str]], lines: int
) -> None:
    writer = start_python(WRITE, undrained.path)
    assert writer.stdout is not None
    told = [writer.stdout.readline() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    told += writer.stdout.read().split()
    acknowledged = max(map(int, told))
    writer.wait()
    undrained.drain()
    [(total, distinct, most)] = undrained.query("""
        SELECT count(*), count(DISTINCT n), max(n)
        FROM (SELECT (attributes->>'number')::INT AS n FROM otel.spans)
    """)
    assert total == distinct == most + 1
    assert most >= acknowledged
    assert undrained.segments() == []
    assert not list(undrained.spool.glob("*.lock.*"))


def test_a_line_that_was_being_written_when_the_process_died_is_cut_off(
    undrained: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    writer = start_python(WRITE, undrained.path)
    assert writer.stdout is not None
    writer.stdout.readline()
    writer.kill()
    writer.communicate()
    for path in undrained.spool.glob("*-spans-*.open"):
        with path.open("ab") as file:
            file.write(b'{"trace_id":"0af7')
    undrained.drain()
    assert undrained.status().dead_lines == 0
    assert undrained.value("SELECT count(*) FROM otel.spans") >= 1


def test_the_segments_of_a_living_writer_are_left_alone(target: Target) -> None:
    exporter = target.spans(drain="external", flush_interval_s=3_600.0)
    target.tracer(exporter).start_span("s").end()
    drain(target.settings)
    assert [name.rsplit(".")[-1] for name in target.segments("spans")] == ["open"]
    exporter.shutdown()
    drain(target.settings)
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_another_process_takes_over_when_the_drainer_is_killed(
    target: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = start_python(
        """
        import sys, time
        from otel_forgesyte_duckdb import Settings
        from otel_forgesyte_duckdb.draining import Drainer
        drainer = Drainer(Settings(database=sys.argv[1]))
        assert drainer.elect()
        print("elected", flush=True)
        time.sleep(60)
        """,
        target.path,
    )
    target.spool.mkdir(mode=0o700)
    assert holder.stdout is not None
    holder.stdout.readline()
    exporter = target.spans()
    target.tracer(exporter).start_span("s").end()
    assert not exporter.force_flush(500)
    assert target.status().drainer == holder.pid
    holder.kill()
    started = time.monotonic()
    assert exporter.force_flush(10_000)
    assert time.monotonic() - started < 5
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_an_election_is_not_lost_to_somebody_who_only_looks(undrained: Target) -> None:
    undrained.tracer().start_span("s").end()
    looking = file_lock(undrained.spool / "drain.lock")
    assert try_lock(looking)
    threading.Timer(0.02, looking.release).start()
    drainer = Drainer(undrained.settings)
    assert drainer.elect()
    drainer.resign()
