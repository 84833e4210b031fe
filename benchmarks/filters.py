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
    spans = sizes.spans()
    stored.fill(_ours(), {"spans": spans})
    sqlite.fill(_theirs(), {"spans": spans})
    with _asking_ours() as ask_ours, _asking_theirs() as ask_theirs:
        for name in _QUESTIONS:
            stored.compared(name, ask_ours(name), ask_theirs(name))
    return {"spans": float(spans)}


def ours() -> Case:
    """Asked through the reader, and in a connection that keeps the file attached."""
    from otel_forgesyte_duckdb import reading

    with _asking_ours() as ask:
        told = figures(_QUESTIONS, ask)
    with reading(_ours()) as connection:
        return told | figures(
            _QUESTIONS,
            lambda name: connection.execute(statement(f"filter_{name}")).fetchall(),
            "_attached",
        )


def theirs() -> Case:
    """Asked in SQLite's words."""
    with _asking_theirs() as ask:
        return figures(_QUESTIONS, ask)


@contextlib.contextmanager
def _asking_ours() -> Generator[Ask]:
    from otel_forgesyte import open_reader

    with open_reader(_ours()) as reader:
        yield lambda name: reader.sql(statement(f"filter_{name}")).fetchall()


@contextlib.contextmanager
def _asking_theirs() -> Generator[Ask]:
    with sqlite.opened(_theirs()) as connection:
        yield lambda name: sqlite.ask(connection, name, {})


def _ours() -> Path:
    return sizes.data() / "filters.duckdb"


def _theirs() -> Path:
    return sizes.data() / "filters.sqlite"
