"""A run as Markdown: what `--write` puts into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.table import COLUMNS, cells, legend, limit_of, spread_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.harness import Case, Measured
    from benchmarks.rows import Result
    from benchmarks.surroundings import Surroundings

_INTRODUCTION = """\
Written by the command below, not by hand. Ratios and differences come from rounds in which both
sides took turns; how, and what each row is, stands in [README.md](README.md). Absolute figures mean
nothing elsewhere. A value is the median of the rounds' ratios, not the ratio of the two medians
beside it. The spread is from where to where the rounds lie, the outer quarter left out at each end:
a limit within it is answered "too close", for another run may answer it otherwise.
"""

_VERDICTS = """\
A verdict is of this run: at its sizes, on this machine, under this load."""
_FIGURES = """\
Medians of the rounds; `_us` is µs a call or a span, `cpu` and `process` are of all threads,
`thread` is of the calling one, `wall` by the clock."""


def report(
    measured: Sequence[Measured],
    failures: Sequence[str],
    rounds: int,
    surroundings: Surroundings,
) -> str:
    """The whole file."""
    results = [result for part in measured for result in part.results]
    figures = [pair for part in measured for pair in part.figures.items()]
    parts = [
        "# Results",
        _INTRODUCTION.rstrip(),
        _bulleted(f"{name}: {value}" for name, value in surroundings.lines().items()),
        f"{rounds} rounds.",
        "## Verdicts",
        _VERDICTS,
        _verdicts(results, failures),
        "## The rows",
        _rows(results),
        _bulleted(legend(results)),
        "## Every figure of every case",
        _FIGURES,
        _bulleted(_figures(case, each) for case, each in figures),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _verdicts(results: Sequence[Result], failures: Sequence[str]) -> str:
    judged = [result for result in results if result.row.must is not None]
    reached = [r.row.key for r in judged if r.reached(r.row.must) == "yes"]
    missed = [_against(r) for r in judged if r.reached(r.row.must) == "no"]
    close = [_against(r) for r in judged if r.reached(r.row.must) == "too close"]
    lines = (
        ("must reached", reached),
        ("**must missed**", missed),
        ("**too close to say**, the limit lies within the spread", close),
        ("**not measured**", [failure.splitlines()[0] for failure in failures]),
    )
    return _bulleted(f"{name}: {', '.join(keys) or 'none'}" for name, keys in lines)


def _against(result: Result) -> str:
    row = result.row
    limit = limit_of(row, row.must)
    return f"{row.key} ({limit}: {value_of(result)}, {spread_of(result)})"


def _rows(results: Sequence[Result]) -> str:
    heads = [heading or " " for heading, _ in COLUMNS]
    sides = ["---:" if side == "right" else "---" for _, side in COLUMNS]
    return "\n".join(_line(each) for each in (heads, sides, *map(cells, results)))


def _line(parts: Iterable[str]) -> str:
    return f"| {' | '.join(parts)} |"


def _figures(case: str, figures: Case) -> str:
    return f"`{case}`: " + ", ".join(f"{name} {value:,.2f}" for name, value in figures.items())


def _bulleted(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
