"""The results as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rows import Result

WIDTH = 104
"""Of a table in which noise is mentioned wherever it can be."""

_PACKAGES = ("otel-forgesyte", "opentelemetry-sdk", "duckdb", "prometheus-client", "orjson")


def machine() -> dict[str, str]:
    """Where the figures were taken; the load before the run says how much else was going on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load": f"{load:.2f}",
        **{package: version(package) for package in _PACKAGES},
    }


def table(results: Sequence[Result]) -> Table:
    """One line for each result, at most `WIDTH` wide; `legend` says what the rows are."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading, justify in _COLUMNS:
        drawn.add_column(heading, justify=justify, no_wrap=True)
    for result in results:
        drawn.add_row(*_cells(result))
    return drawn


def legend(results: Sequence[Result]) -> list[str]:
    """What each row compares with what, one line each."""
    return [f"{r.row.key}: {r.row.what} / {r.row.baseline_what}" for r in results]


def as_json(results: Sequence[Result], rounds: int, where: dict[str, str]) -> dict[str, Any]:
    """Everything in the table and every round behind it."""
    return {"machine": where, "rounds": rounds, "results": [_record(result) for result in results]}


_COLUMNS: Any = (
    ("row", "left"),
    ("µs", "right"),
    ("base µs", "right"),
    ("value", "right"),
    ("must", "right"),
    ("", "left"),
    ("aim", "right"),
    ("", "left"),
    ("spread", "left"),
)


def _cells(result: Result) -> tuple[str, ...]:
    row = result.row
    noise = " too noisy" if result.is_noisy else ""
    return (
        row.key,
        f"{result.candidate:.2f}",
        f"{result.baseline:.2f}",
        f"{result.value:.3f} x" if row.comparison == "ratio" else f"{result.value:+.2f}",
        _limit(row.must),
        result.reached(row.must),
        _limit(row.aim),
        result.reached(row.aim),
        f"±{result.spread / 2:.0%}{noise}",
    )


def _limit(limit: float | None) -> str:
    return "" if limit is None else f"≤ {limit:g}"


def _record(result: Result) -> dict[str, Any]:
    row = result.row
    return {
        "row": row.key,
        "measured": row.what,
        "baseline": row.baseline_what,
        "unit": row.unit,
        "comparison": row.comparison,
        "candidate_median": result.candidate,
        "baseline_median": result.baseline,
        "value": result.value,
        "spread": result.spread,
        "too_noisy": result.is_noisy,
        "rounds": list(result.rounds),
        "must": row.must,
        "must_reached": result.reached(row.must),
        "aim": row.aim,
        "aim_reached": result.reached(row.aim),
    }
