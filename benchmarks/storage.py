"""P10: the size of stored spans, the projections' tables and everything else in the file included.

SQLite gets the same rows of the same tables with the same primary keys, ids as blobs and integers,
times as integers. OTLP JSON lines hold the spans alone, made by the same code.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from benchmarks import sizes, sqlite
from benchmarks.rows import Figure, Row
from benchmarks.spans import BATCH, batches
from benchmarks.workload import in_database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from benchmarks.harness import Case

_TABLES = ("otel.spans", "otel.resources", "main.job_metrics", "main.plugin_metrics")
_PORTION = 10_000

ROWS = (
    Row(
        key="P10 OTLP",
        what="bytes a stored span, whole file",
        baseline_what="OTLP JSON lines of the same spans",
        candidate=Figure("storage:ours", "bytes"),
        baseline=Figure("peers.otlp:json_lines", "bytes"),
        unit="B",
        must=0.25,
        aim=0.1,
        needs=("storage:make", "peers.otlp:write_json_lines"),
    ),
    Row(
        key="P10 SQLite",
        what="bytes a stored span, whole file",
        baseline_what="SQLite, the same tables, rows and keys",
        candidate=Figure("storage:ours", "bytes"),
        baseline=Figure("storage:theirs", "bytes"),
        unit="B",
        must=0.25,
        aim=0.1,
        needs=("storage:make",),
    ),
)


def make() -> Case:
    """Spans through the exporter, batch by batch, and then a copy of all rows in SQLite."""
    from otel_forgesyte_duckdb import DuckDBSpanExporter, reading

    exporter = DuckDBSpanExporter(database=str(_ours()))
    for batch in batches(_batches()):
        exporter.export(batch)
    in_database(exporter.force_flush)()
    exporter.shutdown()
    copied: dict[str, int] = {}
    with reading(_ours()) as connection, sqlite.opened(_theirs(), filling=True) as target:
        target.execute("BEGIN")
        for table in _TABLES:
            copied[table] = _copied(connection, table, target)
        target.execute("COMMIT")
        target.execute("VACUUM")
    if copied["otel.spans"] != _batches() * BATCH:
        raise RuntimeError(f"{_batches() * BATCH} spans were exported, {copied} copied")
    return {"spans": float(copied["otel.spans"])}


def ours() -> Case:
    """Every drain ends with a checkpoint, so the file is what it is."""
    return _a_span(_ours())


def theirs() -> Case:
    """After a VACUUM."""
    return _a_span(_theirs())


def _a_span(path: Path) -> Case:
    return {"bytes": path.stat().st_size / (_batches() * BATCH)}


def _copied(connection: duckdb.DuckDBPyConnection, table: str, target: Any) -> int:
    described = connection.execute(f"DESCRIBE {table}").fetchall()  # a name from above
    columns = ", ".join(_read(name, kind) for name, kind, *_ in described)
    key = next((f", PRIMARY KEY ({name})" for name, _, _, key, *_ in described if key), "")
    names = ", ".join(name for name, *_ in described)
    marks = ", ".join("?" * len(described))
    name = table.rpartition(".")[2]
    # The smallest that SQLite has: with a rowid the index would hold every key once more.
    target.execute(f"CREATE TABLE {name} ({names}{key}) {'WITHOUT ROWID' if key else ''}")
    rows = connection.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - likewise
    count = 0
    while portion := rows.fetchmany(_PORTION):
        target.executemany(f"INSERT INTO {name} VALUES ({marks})", map(_plain, portion))  # noqa: S608
        count += len(portion)
    return count


def _read(name: str, kind: str) -> str:
    if kind == "TIMESTAMP_NS":
        return f"epoch_ns({name})"
    return f"epoch_us({name})" if kind == "TIMESTAMP" else name


def _plain(row: Sequence[Any]) -> list[Any]:
    return [_value(value) for value in row]


def _value(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, int) and value >= 1 << 63:
        return value - (1 << 64)  # the same 64 bits, as SQLite has them
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _batches() -> int:
    return sizes.spans() // BATCH


def _ours() -> Path:
    return sizes.data() / "storage.duckdb"


def _theirs() -> Path:
    return sizes.data() / "storage.sqlite"
