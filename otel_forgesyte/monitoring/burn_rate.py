"""How fast jobs spend their error budget, over several windows, and who is told when.

The windows, factors and severities are those of the SRE workbook, "Alerting on SLOs", table 5-8
(https://sre.google/workbook/alerting-on-slos/): the long window says that it matters, the short
one that it still goes on. Added is a least number of failed jobs: where few jobs run, one of them
is a large share of any window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte.monitoring.promql import (
    TARGET,
    Series,
    count,
    fits_not,
    has,
    increase,
    summed,
    up_to,
)
from otel_forgesyte.monitoring.rules import PAGE, TICKET, Alert, Recording, told
from otel_forgesyte.semconv import (
    FORGESYTE_JOB_STATUS,
    FORGESYTE_PLUGIN_NAME,
    METRIC_FORGESYTE_JOB_DURATION,
    JobStatusValues,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_forgesyte.monitoring.targets import Target

WINDOW_LABEL = "objective_window"
_ERROR = JobStatusValues.ERROR.value
_CANCELLED = JobStatusValues.CANCELLED.value
_LEAST_FAILED = 3
_NAME = told(FORGESYTE_PLUGIN_NAME)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded series that there is one of for each window."""

    name: str
    how: str

    def over(self, window: str) -> Series:
        """That of one window."""
        return Series(f"{self.name}:{self.how}{window}")


ENDED = Recorded("forgesyte:jobs_ended", "increase")
BAD = Recorded("forgesyte:jobs_bad", "increase")
BURN_RATE = Recorded("forgesyte:job_budget_burn", "ratio")


@dataclass(frozen=True, slots=True)
class _Burn:
    """One row of the table: so much of the budget in the long window, and it still goes on."""

    budget_share: float
    long: str
    long_h: int
    short: str
    severity: str

    def factor(self, window_d: int) -> float:
        """How many times too fast that is, for an objective over so many days.

        Never below 1, which a short window would give the last row: at that pace it lasts.
        """
        return max(1.0, round(self.budget_share * window_d * 24 / self.long_h, 4))


_BURNS = (
    _Burn(0.02, "1h", 1, "5m", PAGE),
    _Burn(0.05, "6h", 6, "30m", PAGE),
    _Burn(0.1, "3d", 72, "6h", TICKET),
)
_SLOWEST_PAGE = _BURNS[1]
WINDOWS = ("5m", "30m", "1h", "6h", "3d")


def largest_budget(window_d: int) -> float:
    """The share of failed jobs from which on nobody would be called if all of them failed."""
    return 1 / _SLOWEST_PAGE.factor(window_d)


def recordings(targets: Sequence[Target]) -> Iterator[Recording]:
    """Jobs ended, jobs that missed their objective, and the burn rate, for every window."""
    for target in targets:
        labels = {
            "objective": target.name,
            WINDOW_LABEL: f"{target.objective.window_d}d",
        }
        for window in WINDOWS:
            yield Recording(ENDED.over(window).name, _ended(target, window), labels)
            yield Recording(BAD.over(window).name, _bad(target, window), labels)
        for window in WINDOWS:
            yield Recording(BURN_RATE.over(window).name, _burn(target, window), labels)


def _summed(series: Series, window: str) -> str:
    return summed(increase(series, window), TARGET, FORGESYTE_PLUGIN_NAME)


def _ended(target: Target, window: str) -> str:
    not_cancelled = fits_not(FORGESYTE_JOB_STATUS, _CANCELLED)
    ended = count(METRIC_FORGESYTE_JOB_DURATION).where(not_cancelled, target.matcher)
    return _summed(ended, window)


def _bad(target: Target, window: str) -> str:
    """Failed, or slower than the objective allows; 0 where none ever was."""
    within_s = target.objective.within_s
    ended = _ended(target, window)
    if within_s is None:
        failed = count(METRIC_FORGESYTE_JOB_DURATION).where(
            has(FORGESYTE_JOB_STATUS, _ERROR), target.matcher
        )
        return f"{_summed(failed, window)}\nor 0 * {ended}"
    in_time = up_to(METRIC_FORGESYTE_JOB_DURATION, within_s).where(
        fits_not(FORGESYTE_JOB_STATUS, f"{_ERROR}|{_CANCELLED}"), target.matcher
    )
    return f"{ended} - {_summed(in_time, window)}\nor {ended}"


def _burn(target: Target, window: str) -> str:
    of_target = has("objective", target.name)
    bad, ended = BAD.over(window).where(of_target), ENDED.over(window).where(of_target)
    budget = round(1 - target.objective.success, 9)
    return f"{bad} / ({ended} > 0) / {budget:g}"


def alerts(targets: Sequence[Target]) -> Iterator[Alert]:
    """One alert for each row of the table, over objectives of every length."""
    lengths = sorted({target.objective.window_d for target in targets})
    for burn in _BURNS:
        yield Alert(
            "ForgesyteJobErrorBudgetBurn",
            "\nor\n".join(_burning(burn, window_d) for window_d in lengths),
            burn.severity,
            f"{_NAME} spends its error budget too fast",
            f"Over the last {burn.long} and still: {{{{ $value | humanize }}}} times as fast as "
            f"would use it up in {{{{ $labels.{WINDOW_LABEL} }}}}.",
            f"{_LEAST_FAILED} jobs or more that fail within {burn.long}, and a large part of all",
            "2m",
            {"window": burn.long},
        )


def _burning(burn: _Burn, window_d: int) -> str:
    of_length = f'{WINDOW_LABEL}="{window_d}d"'
    factor = burn.factor(window_d)
    return (
        f"({BURN_RATE.over(burn.long).where(of_length)} > {factor:g}\n"
        f" and {BURN_RATE.over(burn.short).where(of_length)} > {factor:g}\n"
        f" and {BAD.over(burn.long).where(of_length)} >= {_LEAST_FAILED})"
    )
