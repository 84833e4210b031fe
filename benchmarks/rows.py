"""A row of the table: two figures measured in turn, their quotient or difference, and a verdict.

Machines are shared and clocks wander, so absolute times mean little. Candidate and baseline run
one right after the other in every round, each in a process of its own; a round gives one ratio,
and the row shows the median of those.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Comparison = Literal["ratio", "difference", "speedup"]
Verdict = Literal["yes", "no", "too close", ""]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a measured case reports, e.g. `decorator:plugin` and `thread_us`."""

    case: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """What is compared with what, and what must be reached.

    `ratio` and `difference` have to be at most their limits, `speedup` at least.

    Attributes:
        key: the row's name in the table, e.g. `P1`.
        what: the candidate, in words.
        baseline_what: what it is compared with, in words.
        candidate: where the candidate's figure comes from.
        baseline: where the baseline's comes from.
        unit: unit of both figures.
        comparison: `ratio` (candidate ÷ baseline), `difference` (candidate - baseline) or
            `speedup` (baseline ÷ candidate).
        must: the worst value that passes; None for a row that only informs.
        aim: the worst value that is as good as hoped for.
        needs: cases that make data for both sides, run once before the first round.
    """

    key: str
    what: str
    baseline_what: str
    candidate: Figure
    baseline: Figure
    unit: str
    comparison: Comparison = "ratio"
    must: float | None = None
    aim: float | None = None
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The target it belongs to: `P1` for `P1 plugin`."""
        return self.key.split()[0]

    @property
    def cases(self) -> tuple[str, str]:
        """The cases to run in each round, the baseline's first."""
        return self.baseline.case, self.candidate.case

    def compare(self, candidate: float, baseline: float) -> float:
        """The value of one round."""
        if self.comparison == "difference":
            return candidate - baseline
        if self.comparison == "speedup":
            return baseline / candidate
        return candidate / baseline

    def holds(self, value: float, limit: float) -> bool:
        """Whether a value is within a limit."""
        return value >= limit if self.comparison == "speedup" else value <= limit


@dataclass(frozen=True, slots=True)
class Result:
    """A row with its figures; `rounds` holds one value of the comparison for each round."""

    row: Row
    candidate: float
    baseline: float
    rounds: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median of the rounds' ratios or differences."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest round, the outer quarter left out at each end."""
        outer = len(self.rounds) // 4
        kept = sorted(self.rounds)[outer : len(self.rounds) - outer]
        return kept[0], kept[-1]

    def reached(self, limit: float | None) -> Verdict:
        """Whether `limit` holds: by three rounds of four, or `too close` to say it."""
        if limit is None:
            return ""
        low, high = (self.row.holds(value, limit) for value in self.spread)
        if low != high:
            return "too close"
        return "yes" if low else "no"


def result(row: Row, candidate: Sequence[float], baseline: Sequence[float]) -> Result:
    """The row's result from the figures of every round, in the order of the rounds."""
    pairs = zip(candidate, baseline, strict=True)
    rounds = tuple(row.compare(mine, theirs) for mine, theirs in pairs)
    return Result(row, statistics.median(candidate), statistics.median(baseline), rounds)
