"""What each drain mode costs the application's process: memory, and the wait of a fork."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from tests.processes.servers import environment

_MODES = ("thread", "child", "external")
_APPLICATION = """
    import os, resource, sys, threading, time, warnings
    import psutil
    from otel_forgesyte import configure, job, plugin

    warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads: what is measured
    mode, own = sys.argv[1], psutil.Process()

    @plugin
    def find_edges(number):
        return {"edges": number}

    @job
    def analyse(job_id, number):
        return find_edges(number)

    def megabytes(process):
        return process.memory_info().rss / 1e6

    def record(until):
        number = 0
        while not until(number):
            for _ in range(200):
                analyse(str(number), number)
                number += 1
            time.sleep(0.02)

    with configure() as telemetry:
        before = megabytes(own)
        record(lambda number: number == 50_000)
        telemetry.force_flush(60_000)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        children = "".join(f", its child {megabytes(one):.0f}" for one in own.children())
        print(f"{mode}: MB after configure() {before:.0f}, after 100,000 spans {megabytes(own):.0f}"
              f" (highest {peak:.0f}){children}; DuckDB imported: {'duckdb' in sys.modules}")
        stop = threading.Event()
        busy = threading.Thread(target=record, args=(lambda _: stop.is_set(),))
        busy.start()
        waits = []
        ending = time.monotonic() + 10
        while time.monotonic() < ending:
            at = time.monotonic()
            forked = os.fork()
            if forked == 0:
                os._exit(0)
            waits.append(1e3 * (time.monotonic() - at))
            os.waitpid(forked, 0)
            time.sleep(0.05)
        stop.set()
        busy.join()
        waits.sort()
        middle, most = waits[len(waits) // 2], waits[-1]
        print(f"  a fork beside a busy thread: ms {middle:.0f} in the middle, {most:.0f} at most")
"""


def run() -> int:
    """Return 0 once each mode has been measured."""
    for mode in _MODES:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, "-c", textwrap.dedent(_APPLICATION), mode],
                env=environment(Path(folder) / "telemetry.duckdb", OTEL_EXPORTER_DUCKDB_DRAIN=mode),
                check=True,
            )
    return 0
