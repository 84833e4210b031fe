"""A forked child writes under a name of its own, and nothing of the parent's is touched."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.duckdb.conftest import Target

SETUP = """
    import os, sys, time, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads: what is tested here
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=sys.argv[1], flush_interval_s=0.02)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("t")
"""
FORK = (
    SETUP
    + """
    tracer.start_span("parent before").end()
    if sys.argv[2] == "drained":
        assert exporter.force_flush()
    child = os.fork()
    if child == 0:
        tracer.start_span("child").end()
        ended = exporter.force_flush(20_000)
        os._exit(0 if ended else 3)
    tracer.start_span("parent after").end()
    assert os.waitpid(child, 0)[1] == 0, "the child could not flush"
    assert exporter.force_flush(20_000)
    provider.shutdown()
"""
)
BUSY = (
    SETUP
    + """
    import threading
    stop = threading.Event()
    def work():
        while not stop.is_set():
            tracer.start_span("parent").end()
    thread = threading.Thread(target=work)
    thread.start()
    children = []
    for _ in range(10):
        time.sleep(0.05)
        child = os.fork()
        if child == 0:
            for _ in range(20):
                tracer.start_span("child").end()
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    stop.set()
    thread.join()
    assert exporter.force_flush(30_000)
    provider.shutdown()
"""
)
POOL = """
    import sys, concurrent.futures, multiprocessing
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    def work(number):
        tracer().start_span("work").end()
        return number

    made = []
    def tracer():
        if not made:
            exporter = DuckDBSpanExporter(database=sys.argv[1], flush_interval_s=0.02)
            provider = TracerProvider(shutdown_on_exit=False)
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            made.extend([provider, exporter])
        return made[0].get_tracer("t")

    if __name__ == "__main__":
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        context = multiprocessing.get_context(sys.argv[2])
        tracer().start_span("parent").end()
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            assert sorted(pool.map(work, range(20))) == list(range(20))
        made[0].shutdown()
"""

CLOSING = (
    SETUP
    + """
    import duckdb, threading
    held = duckdb.connect(sys.argv[1])
    waiting = DuckDBSpanExporter(
        database=sys.argv[1], spool_directory=sys.argv[2], drain="child", shutdown_timeout_s=30
    )
    waiting.export([tracer.start_span("s")])
    closing = threading.Thread(target=waiting.shutdown)
    closing.start()
    time.sleep(0.3)
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        sys.exit()
    os.waitpid(child, 0)
    took_s = time.monotonic() - begin
    assert closing.is_alive(), "there was nothing to wait for"
    assert took_s < 4, f"the child waited {took_s} s for a thread of its parent"
    held.close()
    closing.join()
"""
)


@pytest.mark.parametrize("parent", ["busy", "drained"])
def test_a_forked_child_flushes_its_own_records_and_the_parent_keeps_its(
    target: Target, run_python: Callable[..., subprocess.CompletedProcess[str]], parent: str
) -> None:
    done = run_python(FORK, target.path, parent)
    assert done.returncode == 0, done.stderr
    assert target.value("SELECT list(name ORDER BY name) FROM otel.spans") == [
        "child",
        "parent after",
        "parent before",
    ]
    assert (
        target.value("""
        SELECT count(DISTINCT split_part(segment, '-', 1)) FROM otel.segments WHERE signal = 'spans'
    """)
        == 2
    )


def test_children_forked_while_the_parent_is_busy_lose_nothing(
    target: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(BUSY, target.path)
    assert done.returncode == 0, done.stderr
    target.drain()  # what children left unsealed when they ended
    assert target.value("SELECT count(*) FROM otel.spans WHERE name = 'child'") == 200
    assert target.value("SELECT count(*) = count(DISTINCT (trace_id, span_id)) FROM otel.spans")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_processes_lose_nothing(target: Target, method: str) -> None:
    script = target.path.with_name("pool.py")
    script.write_text(textwrap.dedent(POOL))  # a file: spawned children import it
    done = subprocess.run(
        [sys.executable, str(script), str(target.path), method],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    target.drain()
    assert target.query("SELECT name, count(*) FROM otel.spans GROUP BY name ORDER BY name") == [
        ("parent", 1),
        ("work", 20),
    ]


def test_a_child_forked_during_a_shutdown_does_not_wait_for_it(
    target: Target, run_python: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = run_python(CLOSING, target.path, tmp_path / "other.spool")
    assert done.returncode == 0, done.stderr
