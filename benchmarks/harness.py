"""Runs cases in turn, each in a fresh process: OpenTelemetry's providers are global, set only once.

A case is a function in a module of this package that returns its figures by name. The process
that runs it starts in an empty directory and without any `OTEL_*` variable of the caller's, with
the interpreter of the peer it belongs to, or else with this one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.environments import peer_of, python_of
from benchmarks.rows import Result, Row, result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.sizes import Run

Case = dict[str, float]

_ROOT = Path(__file__).resolve().parent.parent
_CASE_LIMIT_S = 600
_DATA_LIMIT_S = 3_600


class CaseFailed(Exception):  # noqa: N818 - it is the case that failed
    """A measured process ended badly; the message carries what it wrote."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of some rows, and the median of every figure that their cases gave."""

    results: list[Result]
    figures: dict[str, Case]


def measure(
    rows: Sequence[Row], rounds: int, run: Run, progress: Callable[[str], None]
) -> Measured:
    """One result for each row after `rounds` rounds over all their cases.

    Every other round runs the cases backwards, so that neither side always goes first.

    Raises:
        CaseFailed: a case did not end with figures.
    """
    for need in dict.fromkeys(need for row in rows for need in row.needs):
        progress(f"making data: {need}")
        run_case(need, run, _DATA_LIMIT_S)
    cases = list(dict.fromkeys(case for row in rows for case in row.cases))
    figures: dict[str, list[Case]] = defaultdict(list)
    for number in range(rounds):
        for case in cases if number % 2 == 0 else reversed(cases):
            progress(f"round {number + 1} of {rounds}: {case}")
            figures[case].append(run_case(case, run))
    results = [
        result(
            row,
            [figure[row.candidate.name] for figure in figures[row.candidate.case]],
            [figure[row.baseline.name] for figure in figures[row.baseline.case]],
        )
        for row in rows
    ]
    return Measured(results, {case: _medians(figures[case]) for case in cases})


def _medians(rounds: Sequence[Case]) -> Case:
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def run_case(case: str, run: Run, limit_s: float = _CASE_LIMIT_S) -> Case:
    """The figures of one case, measured in a process of its own.

    Raises:
        CaseFailed: the process ended with an error, or took longer than the limit.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    # Nothing of the caller's path for a peer: it would go before the versions that are pinned.
    more = environment.get("PYTHONPATH", "") if peer_of(case) is None else ""
    environment["PYTHONPATH"] = os.pathsep.join((str(_ROOT), more))
    with tempfile.TemporaryDirectory(prefix="case-", dir=run.data) as empty:
        try:
            ended = subprocess.run(
                [python_of(case, run.cache), "-m", "benchmarks.harness", case],
                cwd=empty,
                env=environment | run.environment(),
                capture_output=True,
                text=True,
                timeout=limit_s,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise CaseFailed(f"{case} ended with {error.returncode}:\n{error.stderr}") from error
        except subprocess.TimeoutExpired as error:
            raise CaseFailed(f"{case} took longer than {limit_s:g} s") from error
    figures: Case = json.loads(ended.stdout.splitlines()[-1])
    return figures


def main(case: str) -> None:
    """Runs one case here and prints its figures as the last line."""
    module, _, function = case.partition(":")
    print(json.dumps(getattr(import_module(f"benchmarks.{module}"), function)()))


if __name__ == "__main__":
    main(sys.argv[1])
