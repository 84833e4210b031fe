"""What storing costs the database: statements, checkpoints, rows looked at, bytes written."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.guard_counting import written
from benchmarks.guard_spans import batches
from benchmarks.spans import BATCH

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import duckdb
    from opentelemetry.sdk.trace import ReadableSpan

    from benchmarks.guard_process import Counts
    from otel_forgesyte_duckdb.settings import Settings

_DATABASE = "guard.duckdb"
_BATCHES = 8
_LIMIT_S = 120.0
_NOT_COUNTED = {
    "executemany",
    "sql",
    "query",
    "cursor",
    "begin",
    "commit",
    "rollback",
    "checkpoint",
}


class _Counted:
    """A connection that counts what it is asked to do."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, counts: Counter[str]) -> None:
        self._connection = connection
        self._counts = counts
        connection.execute("PRAGMA enable_profiling = 'no_output'")

    def execute(self, sql: str, *values: Any) -> duckdb.DuckDBPyConnection:
        result = self._connection.execute(sql, *values)
        self._counts["statements"] += 1
        # A commit is a checkpoint: the database is opened with `wal_autocheckpoint` 0.
        self._counts["commits and checkpoints"] += sql in {"COMMIT", "CHECKPOINT"}
        profile = self._connection.get_profiling_information(format="json")
        self._counts["rows read"] += _rows_read(json.loads(profile or "{}"))
        return result

    def __getattr__(self, name: str) -> Any:
        if name in _NOT_COUNTED:
            raise RuntimeError(f"{name}() is a way to ask the database that the guard cannot count")
        return getattr(self._connection, name)


def drained() -> Counts:
    """4,096 spans in the spool become rows, in a database that has as many already."""
    from otel_forgesyte_duckdb.settings import Settings

    settings = Settings.resolve(database=_DATABASE, drain="external", flush_interval_s=3_600.0)
    spans = batches()
    counts: Counter[str] = Counter()
    with _counted(counts):
        _export(settings, spans)
        _drain(settings)
        _export(settings, spans)
        counts.clear()
        figures = written(lambda: _drain(settings))
    return {f"drain of 4,096 spans: {name}": count for name, count in (figures | counts).items()}


@contextlib.contextmanager
def _counted(counts: Counter[str]) -> Generator[None]:
    # Where the file is opened, so that what happens around a batch is counted as well.
    destinations: Any = import_module("otel_forgesyte_duckdb.destinations")
    opened = destinations.writing

    @contextlib.contextmanager
    def writing(*given: Any, **named: Any) -> Generator[_Counted]:
        with opened(*given, **named) as connection:
            yield _Counted(connection, counts)

    destinations.writing = writing
    try:
        yield
    finally:
        destinations.writing = opened


def _export(settings: Settings, spans: Iterator[list[ReadableSpan]]) -> None:
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(**asdict(settings))
    for batch in itertools.islice(spans, _BATCHES):
        exporter.export(batch)
    exporter.shutdown()


def _drain(settings: Settings) -> None:
    from otel_forgesyte_duckdb.draining import drain

    stored = drain(settings, timeout_s=_LIMIT_S).stored
    if stored != BATCH * _BATCHES:
        raise RuntimeError(f"{stored} spans were stored, not {BATCH * _BATCHES}")


def _rows_read(profile: dict[str, Any]) -> int:
    """Rows that table scans read: DuckDB 2.0 tells it below `query`, 1.5 at the top."""
    query: dict[str, Any] = profile.get("query", {})
    return int(query.get("total_rows_scanned", profile.get("cumulative_rows_scanned", 0)))
