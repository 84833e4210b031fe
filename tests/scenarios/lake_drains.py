"""What a drain into a lake costs: processor time here and in PostgreSQL, seconds, files and bytes.

    python -m tests.scenarios lake_drains

One machine stores batches of three sizes, ten of each; then `maintain` runs. Exit code 1 when
the lake does not hold every span.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

import psutil

from benchmarks.spans import BATCH, batches
from otel_forgesyte.reading import open_reader
from otel_forgesyte_duckdb import DuckDBSpanExporter, Settings
from otel_forgesyte_duckdb.draining import Drainer
from otel_forgesyte_duckdb.lake_maintenance import maintain
from tests.targets.on_a_lake import on_a_lake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.postgres import PostgresServer

_SIZES = (1, 16, 64)  # of 512 spans; the last is near to what one drain takes at most, 32 MB
_DRAINS = 10
_first_jobs = count(step=1_000_000)


def run() -> int:
    """Return 0 where every span is stored, 1 where not, 2 where something has to be installed."""
    return on_a_lake(_measured, _say)


def _measured(server: PostgresServer, folder: Path) -> int:
    settings = Settings.resolve(
        database=server.target("lake"),
        data_path=str(folder / "data"),
        spool_directory=str(folder / "spool"),
    )
    drainer = Drainer(settings)
    drainer.elect()
    _drained(server, settings, drainer, 1)  # makes the lake
    for size in _SIZES:
        before = _files(folder)
        turns = [_drained(server, settings, drainer, size) for _ in range(_DRAINS)]
        wall, here, there = (1e3 * statistics.median(each) for each in zip(*turns, strict=True))
        spans = size * BATCH
        files, written = (after - was for after, was in zip(_files(folder), before, strict=True))
        _say(
            f"a batch of {spans:,} spans: {wall:.0f} ms, of the processor {here:.0f} ms here "
            f"({1e3 * here / spans:.1f} µs a span) and {there:.0f} ms in PostgreSQL; "
            f"{files / _DRAINS:.1f} files, {written / _DRAINS / spans:.0f} bytes a span in files"
        )
    drainer.resign()
    began = time.monotonic()
    done = maintain(settings, keep_days=0)
    files, written = _files(folder)
    expected = BATCH * (1 + _DRAINS * sum(_SIZES))
    stored = open_reader(settings.database).sql("SELECT count(*) FROM otel.spans").fetchall()[0][0]
    _say(
        f"maintain took {time.monotonic() - began:.1f} s: {done.files_before} files are now "
        f"{done.files_after}; {written / expected:.0f} bytes a span, {files} files"
    )
    for table, size in _by_table(folder).items():
        _say(f"{table}: {size / expected:.1f} bytes a span")
    _say(f"{stored:,} of {expected:,} spans are stored")
    return 0 if stored == expected else 1


def _drained(
    server: PostgresServer, settings: Settings, drainer: Drainer, size: int
) -> tuple[float, float, float]:
    """Seconds by the clock, of the processor here, and of PostgreSQL's, for one drain."""
    exporter = DuckDBSpanExporter(
        database=settings.database,
        data_path=settings.data_path,
        spool_directory=settings.spool_directory,
        drain="external",
    )
    for batch in batches(size, next(_first_jobs)):
        exporter.export(batch)
    exporter.shutdown()  # seals the segment
    postgres = _used(server)
    began, process_began = time.monotonic(), time.process_time()
    report = drainer.drain(time.monotonic() + 60)
    took = time.monotonic() - began, time.process_time() - process_began
    if report.stored != size * BATCH:
        raise SystemExit(f"a drain stored {report.stored} spans of {size * BATCH}")
    return *took, _used(server) - postgres


def _used(server: PostgresServer) -> float:
    """Processor time of the server's processes, those that have ended included."""
    pid = int((server.folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    postmaster = psutil.Process(pid)
    times = [each.cpu_times() for each in (postmaster, *postmaster.children())]
    ended = postmaster.cpu_times()
    own = sum(each.user + each.system for each in times)
    return float(own + ended.children_user + ended.children_system)


def _files(folder: Path) -> tuple[int, int]:
    """How many Parquet files there are, and their bytes."""
    found = list((folder / "data").rglob("*.parquet"))
    return len(found), sum(file.stat().st_size for file in found)


def _by_table(folder: Path) -> dict[str, int]:
    """Bytes of Parquet by schema and table, the largest first."""
    found: Counter[str] = Counter()
    for file in (folder / "data").rglob("*.parquet"):
        schema, table, *_ = file.relative_to(folder / "data").parts
        found[f"{schema}.{table}"] += file.stat().st_size
    return dict(found.most_common())


def _say(line: str) -> None:
    sys.stdout.write(f"lake_drains: {line}\n")
    sys.stdout.flush()
