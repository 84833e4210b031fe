"""P9: spans picked by an attribute that has a column, and by one that has none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import sizes, sqlite, stored
from benchmarks.asking import asked
from benchmarks.statements import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.harness import Case

_QUESTIONS = ("promoted", "any_attribute")
_Answer = list[tuple[Any, ...]]


ROWS = sqlite.rows(
    "P9",
    "filters",
    "SQLite, json_extract of the same text",
    (
        ("promoted", "spans of one plugin: count and sum", "promoted_wall_ms", 50.0, 100.0),
        ("any", "spans of one image width: count and sum", "any_attribute_wall_ms", 5.0, 50.0),
        # Opening the file is most of a short answer: these tell the scan from it.
        ("promoted, open", "the same, the file open already", "promoted_open_wall_ms", None, None),
        ("any, open", "the same, the file open already", "any_attribute_open_wall_ms", None, None),
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
    """Asked through the reader, and then in a connection that stays open."""
    from otel_forgesyte_duckdb import reading

    figures = _figures("", _ask_ours)
    with reading(_ours()) as connection:
        return figures | _figures("open_", lambda name: _rows(connection, f"filter_{name}"))


def theirs() -> Case:
    """Asked in SQLite's words, and then in a connection that stays open."""
    figures = _figures("", _ask_theirs)
    with sqlite.opened(_theirs()) as connection:
        return figures | _figures("open_", lambda name: _rows(connection, f"ask_{name}"))


def _figures(how: str, ask: Callable[[str], _Answer]) -> Case:
    figures: Case = {}
    for name in _QUESTIONS:
        wall, cpu = asked(partial(ask, name))
        figures |= {f"{name}_{how}wall_ms": wall, f"{name}_{how}cpu_ms": cpu}
    return figures


def _rows(connection: Any, name: str) -> _Answer:
    answer: _Answer = connection.execute(statement(name)).fetchall()
    return answer


def _ask_ours(question: str) -> _Answer:
    from otel_forgesyte import open_reader

    with open_reader(_ours()) as reader:
        return reader.sql(statement(f"filter_{question}")).fetchall()


def _ask_theirs(question: str) -> _Answer:
    return sqlite.ask(_theirs(), question, {})


def _ours() -> Path:
    return sizes.data() / "filters.duckdb"


def _theirs() -> Path:
    return sizes.data() / "filters.sqlite"
