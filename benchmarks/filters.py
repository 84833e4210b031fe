"""P9: spans picked by an attribute that has a column, and by one that has none."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks import sizes, sqlite, stored
from benchmarks.asking import figures
from benchmarks.statements import statement

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from benchmarks.asking import Ask
    from benchmarks.harness import Case

_QUESTIONS = ("promoted", "any_attribute")


ROWS = sqlite.rows(
    "P9",
    "filters",
    "SQLite, json_extract of the same text",
    (
        ("promoted", "spans of one plugin: count and sum", "promoted_wall_ms", 50.0, 100.0),
        ("any", "spans of one image width: count and sum", "any_attribute_wall_ms", 5.0, 50.0),
    ),
)


def make() -> Case:
    """Both databases; raises where they do not give the same answers."""
    from otel_forgesyte_duckdb import reading

    spans = sizes.spans()
    stored.fill(_ours(), {"spans": spans})
    sqlite.fill(_theirs(), {"spans": spans})
    with reading(_ours()) as connection, _asking_theirs() as ask:
        for name in _QUESTIONS:
            stored.compared(name, connection.execute(_filter(name)).fetchall(), ask(name))
    return {"spans": float(spans)}


def ours() -> Case:
    """Asked in a connection that keeps the file attached, and through the reader."""
    from otel_forgesyte import open_reader
    from otel_forgesyte_duckdb import reading

    with reading(_ours()) as connection:
        told = figures(_QUESTIONS, lambda name: connection.execute(_filter(name)).fetchall())
    with open_reader(_ours()) as reader:
        return told | figures(
            _QUESTIONS, lambda name: reader.sql(_filter(name)).fetchall(), "_by_reader"
        )


def theirs() -> Case:
    """Asked in SQLite's words."""
    with _asking_theirs() as ask:
        return figures(_QUESTIONS, ask)


def _filter(name: str) -> str:
    return statement(f"filter_{name}")


@contextlib.contextmanager
def _asking_theirs() -> Generator[Ask]:
    with sqlite.opened(_theirs()) as connection:
        yield lambda name: sqlite.ask(connection, name, {})


def _ours() -> Path:
    return sizes.data() / "filters.duckdb"


def _theirs() -> Path:
    return sizes.data() / "filters.sqlite"
