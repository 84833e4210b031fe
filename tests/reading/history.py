"""A database whose every figure is known."""

from __future__ import annotations

from pathlib import Path

import duckdb

from otel_forgesyte_schema import apply

_ROWS = Path(__file__).with_name("history.sql")


def make_history(path: Path) -> Path:
    """The database of history.sql at this path."""
    with duckdb.connect(path) as connection:
        apply(connection, "0.1.0")
        connection.execute(_ROWS.read_text(encoding="utf-8"))
    return path
