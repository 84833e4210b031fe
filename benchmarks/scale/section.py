"""The section of a results file about scale: a table, and each chart with what lets it grow.

It is always the last one, made of what `scale.json` beside the file holds, so that either command
can write its own part and leave the other's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.scale.measures import MEASURES, rows, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from benchmarks.rows import Figure
    from benchmarks.scale.measures import Measure, Step

_HEADING = "\n## Scale\n"
_INTRODUCTION = """\
One database that grows: jobs of four spans with eight attributes each, 100 spans a second, with the
rows, keys and ledger that their drains leave. At each size every figure comes from a process of its
own; one reader is asked many times and attaches the file each time, once it is in the system's
memory. CPU of all threads, as other users of the machine disturb it least; the time by the clock is
in [scale.json](scale.json). The last column is what a figure was multiplied by when the rows were
multiplied by about ten: 1 is no growth, 10 is proportional."""


def record_of(results: Path) -> Path:
    """Where the figures lie that belong to a results file."""
    return results.with_name("scale.json")


def with_section(text: str, results: Path) -> str:
    """The text of a results file, its section on scale made anew; without figures, it has none."""
    record = record_of(results)
    above = text.partition(_HEADING)[0].rstrip() + "\n"
    if not record.exists():
        return above
    kept = json.loads(record.read_text(encoding="utf-8"))
    return above + _section(kept["surroundings"], kept["steps"])


def _section(surroundings: dict[str, str], steps: Sequence[Step]) -> str:
    parts = [
        _INTRODUCTION,
        "\n".join(f"- {name}: {value}" for name, value in surroundings.items()),
        table(steps),
        *map(_shown, MEASURES),
    ]
    return _HEADING + "\n" + "\n\n".join(parts) + "\n"


def table(steps: Sequence[Step]) -> str:
    """A line for each line of each chart, a column for each size."""
    heads = ["", *(f"{rows(step):,.0f} spans" for step in steps), "10 x the rows"]
    lines = [
        [f"{measure.title}: {label}, {measure.unit}", *map(_number, found), _growth(steps, figure)]
        for measure in MEASURES
        for label, figure in measure.lines.items()
        if (found := values(steps, figure))
    ]
    sides = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in _all(heads, sides, lines))


def _all(heads: list[str], sides: list[str], lines: list[list[str]]) -> Iterable[Any]:
    return (heads, sides, *lines)


def _growth(steps: Sequence[Step], figure: Figure) -> str:
    """Between the largest size and the one that is nearest to a tenth of it."""
    last = steps[-1]
    tenth = min(steps, key=lambda step: abs(rows(step) * 10 / rows(last) - 1))
    if not 5 < rows(last) / rows(tenth) < 20:
        return ""
    before, after = values([tenth, last], figure)
    return f"x {after / before:.2g}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _shown(measure: Measure) -> str:
    return f"### {measure.title}\n\n{measure.why}\n\n![{measure.title}](charts/{measure.name}.svg)"
