"""P9: spans picked by an attribute that has a column, and by one that has none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import sizes, sqlite, stored
from benchmarks.asking import asked
from benchmarks.rows import Figure, Row
from benchmarks.statements import statement

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness import Case

_SQLITE = "SQLite, json_extract of the same text"
_QUESTIONS = ("promoted", "any_attribute")

ROWS = (
    Row(
        key="P9 promoted",
        what="spans of one plugin: count and sum",
        baseline_what=_SQLITE,
        candidate=Figure("filters:ours", "promoted_wall_ms"),
        baseline=Figure("filters:theirs", "promoted_wall_ms"),
        unit="ms",
        comparison="speedup",
        must=50.0,
        aim=100.0,
        needs=("filters:make",),
    ),
    Row(
        key="P9 any",
        what="spans of one image width: count and sum",
        baseline_what=_SQLITE,
        candidate=Figure("filters:ours", "any_attribute_wall_ms"),
        baseline=Figure("filters:theirs", "any_attribute_wall_ms"),
        unit="ms",
        comparison="speedup",
        must=5.0,
        aim=50.0,
        needs=("filters:make",),
    ),
)


def make() -> Case:
    """Both databases; raises where they do not give the same answers."""
    spans = sizes.spans()
    stored.fill(_ours(), {"spans": spans})
    sqlite.fill(_theirs(), {"spans": spans})
    for question in _QUESTIONS:
        stored.compared(question, _ask_ours(question), _ask_theirs(question))
    return {"spans": float(spans)}


def ours() -> Case:
    """Asked through the reader."""
    return _figures(_ask_ours)


def theirs() -> Case:
    """Asked in SQLite's words."""
    return _figures(_ask_theirs)


def _figures(ask: Any) -> Case:
    figures: Case = {}
    for name in _QUESTIONS:
        wall, cpu = asked(partial(ask, name))
        figures |= {f"{name}_wall_ms": wall, f"{name}_cpu_ms": cpu}
    return figures


def _ask_ours(question: str) -> list[tuple[Any, ...]]:
    from otel_forgesyte import open_reader

    with open_reader(_ours()) as reader:
        return reader.sql(statement(f"filter_{question}")).fetchall()


def _ask_theirs(question: str) -> list[tuple[Any, ...]]:
    return sqlite.ask(_theirs(), question, {})


def _ours() -> Path:
    return sizes.data() / "filters.duckdb"


def _theirs() -> Path:
    return sizes.data() / "filters.sqlite"
