"""The results as a table for people and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.harness import Measured
    from benchmarks.rows import Result, Row
    from benchmarks.surroundings import Surroundings

WIDTH = 125
"""Of a table in which noise is mentioned wherever it can be."""

COLUMNS: Any = (
    ("row", "left"),
    ("measured", "right"),
    ("baseline", "right"),
    ("", "left"),
    ("value", "right"),
    ("must", "right"),
    ("", "left"),
    ("aim", "right"),
    ("", "left"),
    ("spread", "left"),
)
"""Headings, and the side on which their cells stand."""


def table(results: Sequence[Result]) -> Table:
    """One line for each result, at most `WIDTH` wide; `legend` says what the rows are."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading, justify in COLUMNS:
        drawn.add_column(heading, justify=justify, no_wrap=True)
    for result in results:
        drawn.add_row(*cells(result))
    return drawn


def legend(results: Sequence[Result]) -> list[str]:
    """What each row compares with what, one line each."""
    return [f"{r.row.key}: {r.row.what} / {r.row.baseline_what}" for r in results]


def as_json(
    measured: Sequence[Measured], rounds: int, surroundings: Surroundings
) -> dict[str, Any]:
    """Everything in the table, every round behind it, and what the cases told besides."""
    return {
        "surroundings": surroundings.lines(),
        "rounds": rounds,
        "results": [_record(result) for part in measured for result in part.results],
        "figures": {case: figures for part in measured for case, figures in part.figures.items()},
    }


def cells(result: Result) -> tuple[str, ...]:
    """One for each of `COLUMNS`."""
    row = result.row
    noise = " too noisy" if result.is_noisy else ""
    return (
        row.key,
        f"{result.candidate:.2f}",
        f"{result.baseline:.2f}",
        row.unit,
        _value(result),
        _limit(row, row.must),
        result.reached(row.must),
        _limit(row, row.aim),
        result.reached(row.aim),
        f"±{result.spread / 2:.0%}{noise}",
    )


def _value(result: Result) -> str:
    if result.row.comparison == "difference":
        return f"{result.value:+.2f}"
    as_fast = " as fast" if result.row.comparison == "speedup" else ""
    return f"{result.value:.3f} x{as_fast}"


def _limit(row: Row, limit: float | None) -> str:
    sign = "≥" if row.comparison == "speedup" else "≤"
    return "" if limit is None else f"{sign} {limit:g}"


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
