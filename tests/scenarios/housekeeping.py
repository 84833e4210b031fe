"""Prune into an archive, compact and back up beside a process that records, and count every row.

    python -m tests.scenarios housekeeping

Ten days of 50,000 rows in each of five tables; seven days go. Exit code 1 when a row is missing or
double, of the old ones through the views or of those recorded meanwhile.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb import Settings, drain, store_status
from otel_forgesyte_duckdb.backing_up import back_up
from otel_forgesyte_duckdb.compacting import compact
from otel_forgesyte_duckdb.pruning import plan_of, prune
from tests.housekeeping.conftest import NOW, TABLES, Kept, make_kept

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = 10
ROWS_A_DAY = 50_000
_RECORDING = """
import sys, threading
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from otel_forgesyte_duckdb import DuckDBSpanExporter
provider = TracerProvider(shutdown_on_exit=False)
exporter = DuckDBSpanExporter(database=sys.argv[1])
provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200))
tracer = provider.get_tracer("tests")
told = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), told.set()), daemon=True).start()
number = 0
while not told.wait(0.005):
    tracer.start_span("live").end()
    number += 1
provider.shutdown()
print(number)
"""


def run() -> int:
    """Run it and print what was measured; 0 where every row is there once."""
    with tempfile.TemporaryDirectory() as folder:
        kept = make_kept(Path(folder), days=DAYS, rows_a_day=ROWS_A_DAY)
        settings = replace(kept.settings, retention="3d")
        recording = subprocess.Popen(
            [sys.executable, "-c", _RECORDING, settings.database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            _prune(settings)
            _timed("compact", lambda: f"{compact(settings)}")
            copy = Path(folder) / "copy.duckdb"
            _timed("backup", lambda: f"{back_up(settings, copy):,} bytes")
        finally:
            said, _ = recording.communicate("", timeout=120)
        drain(settings)
        return _judged(kept, int(said))


def _prune(settings: Settings) -> None:
    moments, busy = [time.monotonic()], time.process_time()
    pruned = prune(
        settings, plan_of(settings, NOW), on_progress=lambda _: moments.append(time.monotonic())
    )
    busy = time.process_time() - busy
    longest = max(after - before for before, after in itertools.pairwise(moments))
    rows, seconds = sum(each.rows for each in pruned), moments[-1] - moments[0]
    files = list(Path(settings.archive_directory).rglob("*.parquet"))
    size = sum(file.stat().st_size for file in files)
    _say(f"prune: {rows:,} rows in {seconds:.1f} s, a slice {longest:.2f} s at most")
    _say(f"prune took {1e6 * busy / rows:.1f} µs of processor time a row")
    _say(f"archive: {len(files)} files, {size:,} bytes")


def _timed(what: str, work: Callable[[], str]) -> None:
    begun = time.monotonic()
    result = work()
    _say(f"{what}: {time.monotonic() - begun:.1f} s, {result}")


def _judged(kept: Kept, recorded: int) -> int:
    status = store_status(kept.settings)
    live = kept.value("SELECT count(*) FROM otel.spans WHERE name = 'live'")
    every = DAYS * ROWS_A_DAY
    expected: dict[str, tuple[int, int]] = dict.fromkeys(TABLES, (every, every))
    expected["spans"] = (every + recorded, every + recorded)
    seen = kept.visible()
    _say(f"recorded meanwhile {recorded:,}, stored {live:,}, unaccounted {status.unaccounted}")
    for name in TABLES:
        _say(f"all_{name}: {seen[name][0]:,} rows, {seen[name][1]:,} of them distinct")
    return int((live, status.unaccounted, seen) != (recorded, 0, expected))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run())
