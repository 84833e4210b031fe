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
"""Of a table in which every cell is as long as it can be."""

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
    return (
        row.key,
        f"{result.candidate:.2f}",
        f"{result.baseline:.2f}",
        row.unit,
        value_of(result),
        limit_of(row, row.must),
        result.reached(row.must),
        limit_of(row, row.aim),
        result.reached(row.aim),
        spread_of(result),
    )


def value_of(result: Result) -> str:
    """The median of the rounds, as it is shown."""
    unit = {"difference": "", "ratio": " x", "speedup": " x as fast"}[result.row.comparison]
    return f"{_number(result.row, result.value)}{unit}"


def spread_of(result: Result) -> str:
    """From where to where the rounds lie, likewise."""
    low, high = (_number(result.row, value) for value in result.spread)
    return f"{low} to {high}"


def _number(row: Row, value: float) -> str:
    return f"{value:+.2f}" if row.comparison == "difference" else f"{value:.3f}"


def limit_of(row: Row, limit: float | None) -> str:
    """The limit with its sign; nothing where there is none."""
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
        "rounds": list(result.rounds),
        "must": row.must,
        "must_reached": result.reached(row.must),
        "aim": row.aim,
        "aim_reached": result.reached(row.aim),
    }
