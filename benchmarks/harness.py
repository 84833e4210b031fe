"""Runs cases in turn, each in a fresh process: OpenTelemetry's providers are global, set only once.

A case is a function in a module of this package that returns its figures by name. The process
that runs it starts in an empty directory and without any `OTEL_*` variable of the caller's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rows import Result, Row, result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Case = dict[str, float]

_ROOT = Path(__file__).resolve().parent.parent
_CASE_LIMIT_S = 300


class CaseFailed(Exception):  # noqa: N818 - it is the case that failed
    """A measured process ended badly; the message carries what it wrote."""


def measure(rows: Sequence[Row], rounds: int, progress: Callable[[str], None]) -> list[Result]:
    """One result for each row after `rounds` rounds over all their cases.

    Every other round runs the cases backwards, so that neither side always goes first.

    Raises:
        CaseFailed: a case did not end with figures.
    """
    cases = list(dict.fromkeys(f.case for row in rows for f in (row.baseline, row.candidate)))
    figures: dict[str, list[Case]] = defaultdict(list)
    for number in range(rounds):
        for case in cases if number % 2 == 0 else reversed(cases):
            progress(f"round {number + 1} of {rounds}: {case}")
            figures[case].append(run_case(case))
    return [
        result(
            row,
            [figure[row.candidate.name] for figure in figures[row.candidate.case]],
            [figure[row.baseline.name] for figure in figures[row.baseline.case]],
        )
        for row in rows
    ]


def run_case(case: str) -> Case:
    """The figures of one case, measured in a process of its own.

    Raises:
        CaseFailed: the process ended with an error, or took longer than five minutes.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    environment["PYTHONPATH"] = os.pathsep.join((str(_ROOT), environment.get("PYTHONPATH", "")))
    with tempfile.TemporaryDirectory(prefix="benchmark-") as empty:
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "benchmarks.harness", case],
                cwd=empty,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_CASE_LIMIT_S,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise CaseFailed(f"{case} ended with {error.returncode}:\n{error.stderr}") from error
        except subprocess.TimeoutExpired as error:
            raise CaseFailed(f"{case} took longer than {_CASE_LIMIT_S} s") from error
    figures: Case = json.loads(ended.stdout.splitlines()[-1])
    return figures


def main(case: str) -> None:
    """Runs one case here and prints its figures as the last line."""
    module, _, function = case.partition(":")
    print(json.dumps(getattr(import_module(f"benchmarks.{module}"), function)()))


if __name__ == "__main__":
    main(sys.argv[1])
