"""From the rows of one job to one tree of values."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, TypeVar

from otel_forgesyte.reading.detail import (
    DeviceDecision,
    JobDetail,
    LogEntry,
    PluginRun,
    RenderedFrame,
    SpanNode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from otel_forgesyte.reading.server import ServerSession

__all__ = ["assembled", "span_tree"]

Row = dict[str, Any]
Key = tuple[str, str]
T = TypeVar("T")

_ABSENT: Mapping[str, Any] = {"name": "", "duration_ns": 0}


def assembled(connection: DuckDBPyConnection | ServerSession, job_id: str) -> JobDetail | None:
    """Everything the database in use knows about one job; None when it has no row."""
    rows = _rows(connection, "job", job_id)
    if not rows:
        return None
    return JobDetail(
        **_fields(JobDetail, rows[0]),
        plugins=tuple(_all(PluginRun, _rows(connection, "job_plugins", job_id))),
        devices=tuple(_all(DeviceDecision, _rows(connection, "job_devices", job_id))),
        frames=tuple(_all(RenderedFrame, _rows(connection, "job_frames", job_id))),
        spans=span_tree(_rows(connection, "job_spans", job_id)),
        logs=tuple(_all(LogEntry, _rows(connection, "job_logs", job_id))),
    )


def span_tree(rows: Iterable[Row]) -> tuple[SpanNode, ...]:
    """The spans as trees; one whose parent is not among them is a root.

    Spans that claim to be each other's parents (only a broken writer makes them) become roots too,
    so that every span is in the result exactly once.
    """
    known = {_key(row): row for row in rows}
    children: dict[Key | None, list[Key]] = {}
    for key, row in known.items():
        parent = (row["trace_id"], row["parent_span_id"])
        children.setdefault(parent if parent in known else None, []).append(key)
    ordered = _downwards(children)
    for key in known.keys() - set(ordered):
        children.setdefault(None, []).append(key)
        children.pop(key, None)
        ordered.append(key)
    return _built(known, children, ordered)


def _downwards(children: Mapping[Key | None, Sequence[Key]]) -> list[Key]:
    """Every span that a root leads to, parents first; a loop, for traces of any depth."""
    ordered: list[Key] = []
    waiting = list(children.get(None, ()))
    while waiting:
        key = waiting.pop()
        ordered.append(key)
        waiting.extend(children.get(key, ()))
    return ordered


def _built(
    known: Mapping[Key, Row],
    children: Mapping[Key | None, Sequence[Key]],
    ordered: Sequence[Key],
) -> tuple[SpanNode, ...]:
    """The roots' nodes, made from the leaves up."""
    nodes: dict[Key, SpanNode] = {}
    for key in reversed(ordered):
        below = tuple(nodes[child] for child in children.get(key, ()))
        nodes[key] = SpanNode(**_fields(SpanNode, known[key]), children=below)
    return tuple(nodes[key] for key in children.get(None, ()))


def _key(row: Row) -> Key:
    return row["trace_id"], row["span_id"]


def _rows(connection: DuckDBPyConnection | ServerSession, name: str, job_id: str) -> list[Row]:
    from otel_forgesyte_schema import query

    result = connection.execute(query(name), {"job_id": job_id})
    columns = [column[0] for column in result.description or ()]
    return [
        {column: _value(column, value) for column, value in zip(columns, row, strict=True)}
        for row in result.fetchall()
    ]


def _value(column: str, value: Any) -> Any:
    """The stored value as OpenTelemetry shows it: ids in hexadecimal, attributes as a mapping."""
    if column == "attributes":
        return {} if value is None else json.loads(value)
    if value is None:
        # Nothing in otel.spans is NOT NULL: one odd record must not hide a whole job.
        return _ABSENT.get(column)
    if column == "trace_id":
        return value.hex
    return f"{value:016x}" if column in {"span_id", "parent_span_id"} else value


def _all(kind: type[T], rows: Iterable[Row]) -> Iterable[T]:
    return (kind(**_fields(kind, row)) for row in rows)


def _fields(kind: type[Any], row: Row) -> Row:
    """What of the row this dataclass holds: a query may learn a column before the class does."""
    return {field.name: row[field.name] for field in dataclasses.fields(kind) if field.name in row}
