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

NOISY_SPREAD = 0.2
"""Half of the rounds lie further apart than this share of the median, or of the limit."""

Comparison = Literal["ratio", "difference", "speedup"]
Verdict = Literal["yes", "no", "too noisy", ""]


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
    def spread(self) -> float:
        """Distance between the quartiles, as a share of the median (or of a difference's limit)."""
        low, high = _quartiles(self.rounds)
        is_limited_difference = self.row.comparison == "difference" and self.row.must
        scale = self.row.must if is_limited_difference else abs(self.value)
        return (high - low) / scale if scale else 0.0

    @property
    def is_noisy(self) -> bool:
        """Whether the rounds lie too far apart to be believed."""
        return self.spread > NOISY_SPREAD

    def reached(self, limit: float | None) -> Verdict:
        """Whether `limit` holds; `too noisy` when noise alone could decide it."""
        if limit is None:
            return ""
        if self.is_noisy and len({self.row.holds(value, limit) for value in self.rounds}) > 1:
            return "too noisy"
        return "yes" if self.row.holds(self.value, limit) else "no"


def result(row: Row, candidate: Sequence[float], baseline: Sequence[float]) -> Result:
    """The row's result from the figures of every round, in the order of the rounds."""
    pairs = zip(candidate, baseline, strict=True)
    rounds = tuple(row.compare(mine, theirs) for mine, theirs in pairs)
    return Result(row, statistics.median(candidate), statistics.median(baseline), rounds)


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high
