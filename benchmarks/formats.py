"""P4: what the format of a segment costs, from ended spans to typed columns in DuckDB.

JSON lines are what the exporter writes. Against them the two binary formats that DuckDB reads, each
with 8,192 spans at once, which suits them, and with attributes as JSON text, as the table has them.
Ids, times and words are taken from the span in the same way for all three. No file is synced.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rows import Figure, Row
from benchmarks.spans import BATCH, batches
from otel_forgesyte_schema.sqlfiles import sql_file

if TYPE_CHECKING:
    import duckdb
    from opentelemetry.sdk.trace import ReadableSpan

    from benchmarks.harness import Case
    from otel_forgesyte_duckdb.origins import Origin

Write = Callable[[Path, Sequence["ReadableSpan"]], None]
Read = Callable[["duckdb.DuckDBPyConnection", Path], "duckdb.DuckDBPyRelation"]

_SEGMENT = 16
"""Batches in a segment."""
_SEGMENTS = 4
_fields: Callable[[Any], tuple[Any, ...]] = attrgetter(
    "_context",
    "_parent",
    "_name",
    "_kind._name_",
    "_status._status_code._name_",
    "_start_time",
    "_end_time",
    "_attributes._dict",
)
_TYPES = {
    "trace_id": "UUID",
    "span_id": "UBIGINT",
    "parent_span_id": "UBIGINT",
    "flags": "UINTEGER",
    "name": "VARCHAR",
    "kind": "VARCHAR",
    "status_code": "VARCHAR",
    "start_time_unix_nano": "BIGINT",
    "end_time_unix_nano": "BIGINT",
    "attributes": "JSON",
    "service_name": "VARCHAR",
}
_ID_FROM_BYTES = "* REPLACE (trace_id::UUID AS trace_id)"

ROWS = tuple(
    Row(
        key=f"P4 {name}",
        what=f"a span into {words} and out of it again",
        baseline_what="JSON lines, written and read",
        candidate=Figure(f"formats:{case}", "process_us"),
        baseline=Figure("formats:in_json_lines", "process_us"),
        unit="µs",
    )
    for name, words, case in (
        ("Arrow", "an Arrow file", "in_arrow"),
        ("Parquet", "a Parquet file", "in_parquet"),
    )
)


def in_json_lines() -> Case:
    """As the exporter encodes, by its own code."""
    from otel_forgesyte_duckdb.encode_spans import span_encoder
    from otel_forgesyte_duckdb.lines import LineEncoder
    from otel_forgesyte_duckdb.origins import Origins

    encoder = LineEncoder()
    record = span_encoder(Origins(encoder), _unused)

    def write(path: Path, spans: Sequence[ReadableSpan]) -> None:
        with path.open("ab") as file:
            for first in range(0, len(spans), BATCH):
                file.write(encoder.encode(spans[first : first + BATCH], record).data)

    return _measured(
        write,
        lambda connection, path: connection.read_json(
            str(path), columns=_TYPES, format="newline_delimited"
        ),
    )


def in_arrow() -> Case:
    """Read through a memory map."""
    pa: Any = import_module("pyarrow")

    def write(path: Path, spans: Sequence[ReadableSpan]) -> None:
        table = _table(spans)
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)

    return _measured(
        write,
        lambda connection, path: connection.from_arrow(
            pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        ).project(_ID_FROM_BYTES),
    )


def in_parquet() -> Case:
    """With Snappy, pyarrow's default: Zstandard takes more of the writer's time."""
    parquet: Any = import_module("pyarrow.parquet")

    def write(path: Path, spans: Sequence[ReadableSpan]) -> None:
        parquet.write_table(_table(spans), path)

    return _measured(
        write, lambda connection, path: connection.from_parquet(str(path)).project(_ID_FROM_BYTES)
    )


def _unused(origin: Origin) -> None:
    """A segment of resources is not written here."""


def _ingesting() -> str:
    """The drain's own statement, over the view `source` instead of files of JSON lines."""
    before, _, _ = sql_file("ingest", "segment_spans").sql.partition("FROM read_json(")
    return f"{before} FROM source)"


def _table(spans: Sequence[ReadableSpan]) -> Any:
    import orjson

    pa: Any = import_module("pyarrow")  # without types
    rows: list[tuple[Any, ...]] = []
    for span in spans:
        context, parent, name, kind, status, start, end, attributes = _fields(span)
        rows.append((
            context[0].to_bytes(16, "big"), context[1], parent and parent[1], int(context[3]),
            name, kind, status, start, end, orjson.dumps(attributes).decode(), "benchmark",
        ))  # fmt: skip
    types = {
        "UUID": pa.binary(16),
        "UBIGINT": pa.uint64(),
        "UINTEGER": pa.uint32(),
        "BIGINT": pa.int64(),
        "VARCHAR": pa.string(),
        "JSON": pa.string(),
    }
    columns = zip(zip(*rows, strict=True), _TYPES.values(), strict=True)
    return pa.table([pa.array(column, types[kind]) for column, kind in columns], list(_TYPES))


def _measured(write: Write, read: Read) -> Case:
    """CPU of all threads a span; the first segment does not count."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        _turn(connection, 0, write, read)
        turns = [_turn(connection, number, write, read) for number in range(1, 1 + _SEGMENTS)]
    figures = {name: statistics.mean(turn[name] for turn in turns) for name in turns[0]}
    return figures | {"process_us": figures["write_us"] + figures["read_us"]}


def _turn(
    connection: duckdb.DuckDBPyConnection, number: int, write: Write, read: Read
) -> dict[str, float]:
    spans = [span for batch in batches(_SEGMENT) for span in batch]
    path = Path(f"{number}.segment")
    began = time.process_time_ns()
    write(path, spans)
    written = time.process_time_ns()
    read(connection, path).create_view("source")
    connection.execute(_ingesting())
    ended = time.process_time_ns()
    found = connection.execute(
        "SELECT count(trace_id), count(job_id) FROM segment_spans"
    ).fetchall()
    if found != [(len(spans), len(spans))]:
        raise RuntimeError(f"{len(spans)} spans were written, {found} read")
    return {
        "write_us": (written - began) / len(spans) / 1_000,
        "read_us": (ended - written) / len(spans) / 1_000,
        "bytes": path.stat().st_size / len(spans),
    }
