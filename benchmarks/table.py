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
    """One line for each result."""
    drawn = Table(box=None, pad_edge=False)
    for heading, justify in _COLUMNS:
        drawn.add_column(heading, justify=justify)
    for result in results:
        drawn.add_row(*_cells(result))
    return drawn


def as_json(results: Sequence[Result], rounds: int, where: dict[str, str]) -> dict[str, Any]:
    """Everything in the table and every round behind it."""
    return {"machine": where, "rounds": rounds, "results": [_record(result) for result in results]}


_COLUMNS: Any = (
    ("row", "left"),
    ("measured", "left"),
    ("µs", "right"),
    ("baseline", "left"),
    ("µs", "right"),
    ("value", "right"),
    ("spread", "right"),
    ("must", "right"),
    ("reached", "left"),
    ("aim", "right"),
    ("reached", "left"),
)


def _cells(result: Result) -> tuple[str, ...]:
    row = result.row
    noise = " too noisy" if result.is_noisy else ""
    return (
        row.key,
        row.what,
        f"{result.candidate:.2f}",
        row.baseline_what,
        f"{result.baseline:.2f}",
        _value(result, result.value),
        f"±{result.spread / 2:.0%}{noise}",
        _limit(result, row.must),
        result.reached(row.must),
        _limit(result, row.aim),
        result.reached(row.aim),
    )


def _value(result: Result, value: float) -> str:
    return f"{value:.2f} x" if result.row.comparison == "ratio" else f"{value:+.2f} µs"


def _limit(result: Result, limit: float | None) -> str:
    return "" if limit is None else "≤ " + _value(result, limit)


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
