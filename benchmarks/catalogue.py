"""Every row, and the names by which rows are asked for: a module's, a target's (`P4`), or `all`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.rows import Row

ALL = "all"
MODULES = (
    "decorator",  # P1, P2, P3
    "export",  # P4, P5
    "quiet",  # P4
    "formats",  # P4
    "memory",  # P6
    "gil",  # P6
    "growth",  # P7
    "questions",  # P8
    "filters",  # P9
    "storage",  # P10
    "scrape",  # P11
    "imports",  # P12
    "log_lines",  # P13
    "alternatives",  # P14
)
"""Measured one after another: the cases of one module take turns, so they lie close in time."""


def rows_of(module: str) -> tuple[Row, ...]:
    """The rows that a module declares."""
    rows: tuple[Row, ...] = import_module(f"benchmarks.{module}").ROWS
    return rows


def targets() -> tuple[str, ...]:
    """P1, P2, … in order."""
    names = dict.fromkeys(row.name for module in MODULES for row in rows_of(module))
    return tuple(sorted(names, key=lambda name: int(name[1:])))


def asked_for(names: Iterable[str]) -> dict[str, list[Row]]:
    """The rows that any of the names stands for, by module, each once."""
    wanted = set(names)
    chosen = {
        module: [row for row in rows_of(module) if wanted & {ALL, module, row.name}]
        for module in MODULES
    }
    return {module: rows for module, rows in chosen.items() if rows}
