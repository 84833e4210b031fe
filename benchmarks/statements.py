"""The SQL of the benchmarks: one file each in `sql/`."""

from __future__ import annotations

from pathlib import Path

_SQL = Path(__file__).resolve().parent / "sql"


def statement(name: str) -> str:
    """The statement of a file that has one."""
    (only,) = statements(name)
    return only


def statements(name: str) -> list[str]:
    """The statements of a file, in order."""
    text = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
    return [part for part in text.split(";\n") if part.strip()]
