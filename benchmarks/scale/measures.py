"""What is drawn and told: for each measure its lines, their unit, and what lets them grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.rows import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.harness import Case

Step = dict[str, "Case"]
"""The figures of one size, by case."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One chart.

    Attributes:
        name: its file's name.
        unit: of every line, as the axis has it.
        lines: what is drawn, by its label.
        why: what lets it grow with the rows, or keeps it from doing so.
        from_zero: whether the axis is linear; else it is logarithmic, and a straight line that
            rises as steeply as the grid is proportional to the rows.
    """

    name: str
    title: str
    unit: str
    lines: Mapping[str, Figure]
    why: str
    from_zero: bool = False


def _asked(name: str, cases: Mapping[str, str]) -> dict[str, Figure]:
    return {label: Figure(f"scale.cases:{case}", name) for label, case in cases.items()}


_FILE = "scale.cases:file"
_DRAINED = "scale.cases:drained"

MEASURES = (
    Measure(
        "drain",
        "Draining a batch",
        "ms of CPU",
        {
            "8,192 spans": Figure(_DRAINED, "large_cpu_ms"),
            "512 spans": Figure(_DRAINED, "small_cpu_ms"),
        },
        "A batch opens the file, scans otel.job_keys for those of its jobs that have a row, and "
        "ends with a checkpoint, which writes the unfinished row groups anew, and what it touched "
        "of the primary keys' indexes.",
    ),
    Measure(
        "questions",
        "Questions about all rows",
        "ms of CPU",
        _asked(
            "cpu_ms",
            {
                "spans by any attribute": "any_attribute",
                "run time by plugin, with quantiles": "plugin_duration",
                "jobs by plugin and status": "job_summary",
                "spans of one plugin": "promoted",
            },
        ),
        "They read a column of every row, so they grow with the rows; what opening the file takes "
        "hides that while rows are few.",
    ),
    Measure(
        "lookups",
        "Looking up one thing",
        "ms of CPU",
        _asked(
            "cpu_ms",
            {
                "a job with everything": "job",
                "a trace by its id": "trace",
                "spans of the newest hour by any attribute": "newest_hour",
            },
        ),
        "Spans have no index: the column of ids is read in full, and the other columns where it "
        "matches. Times are in order, so the newest hour is found without reading the rest.",
    ),
    Measure(
        "opening",
        "Opening the file",
        "ms of CPU",
        _asked(
            "cpu_ms",
            {"a reader's smallest question": "opened", "starting DuckDB and attaching": "attached"},
        ),
        "The catalog knows of a table how many row groups of 122,880 rows it has; what is in them "
        "is read when it is asked for.",
    ),
    Measure(
        "file",
        "Size of the file",
        "MB",
        {"file": Figure(_FILE, "mb")},
        "Everything in it: spans, the rows made of them, keys, and blocks that are free.",
    ),
    Measure(
        "bytes",
        "Bytes for a span",
        "bytes",
        {"file / spans": Figure(_FILE, "bytes_a_span")},
        "Of a small file up to 40 MB are free blocks: a checkpoint writes the unfinished row group "
        "of each table anew before it frees the old one. Later ones use them.",
        from_zero=True,
    ),
    Measure(
        "memory",
        "Peak memory of a process",
        "MB resident",
        {
            "draining": Figure(_DRAINED, "peak_rss_mb"),
            **_asked(
                "peak_rss_mb",
                {
                    "asking: run time by plugin": "plugin_duration",
                    "asking: spans by any attribute": "any_attribute",
                    "asking: smallest question": "opened",
                },
            ),
        },
        "Python, the SDK and DuckDB included. A drain may use OTEL_EXPORTER_DUCKDB_MEMORY_LIMIT "
        "(256 MB) for what DuckDB counts. A question keeps the blocks that it read until it needs "
        "the room, and exact quantiles hold every duration.",
    ),
)

CASES = (
    *dict.fromkeys(
        figure.case
        for each in MEASURES
        for figure in each.lines.values()
        if figure.case != _DRAINED
    ),
    _DRAINED,
)
"""Run at each size, in this order: what a drain adds is not to be among the rows asked for."""


def rows(step: Step) -> float:
    """How many spans the file held."""
    return step[_FILE]["spans"]


def values(steps: Sequence[Step], figure: Figure) -> list[float]:
    """One for each size."""
    return [step[figure.case][figure.name] for step in steps]
