"""`python -m benchmarks.guard`: does an operation still cost what it cost? Counts, not times.

Exit codes: 0 as in the baseline; 1 not so, or a subject failed; 2 there is no baseline to compare
with for this Python, DuckDB or OpenTelemetry.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.guard_baseline import Baseline, Compared, Dependence, compared, place
from benchmarks.guard_process import SubjectFailed, counts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 104
_SAME, _DIFFERS, _NO_BASELINE = 0, 1, 2
_ADVICE = """
If this is meant: `python -m benchmarks.guard --write`, with every Python and DuckDB that the
baseline is for, and the reason in the commit.
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What one process counts, and what its counts differ with."""

    function: str
    depends_on: Dependence = "python"


SUBJECTS = {
    "decorated": Subject("guard_subjects:decorated"),
    "unconfigured": Subject("guard_subjects:unconfigured"),
    "unsampled": Subject("guard_subjects:unsampled"),
    "exported": Subject("guard_subjects:exported"),
    "drained": Subject("guard_database:drained", "duckdb"),
    "recorded": Subject("guard_rows:recorded"),
    "scraped": Subject("guard_subjects:scraped"),
    "imported": Subject("guard_subjects:imported"),
}


def main(arguments: Sequence[str]) -> int:
    """The exit code; what was compared is printed, and what could not be."""
    asked = _parsed(arguments)
    screen, notes = Console(highlight=False), Console(stderr=True, highlight=False)
    screen.width = max(screen.width, _WIDTH)  # a pipe counts as 80, which would cut figures off
    names = asked.subjects or list(SUBJECTS)
    if not sys.platform.startswith("linux"):
        screen.print("not compared: what is written and synced is counted on Linux only")
        return _NO_BASELINE
    try:
        with notes.status("counting") as status:
            if asked.write:
                for name in names:
                    status.update(f"counting: {name}")
                    _write(name)
                return _SAME
            results: dict[str, list[Compared] | str] = {}
            for name in names:
                status.update(f"counting: {name}")
                results[name] = _checked(name)
    except SubjectFailed as error:
        notes.print(str(error), markup=False)
        return _DIFFERS
    return _told(screen, results)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--write", action="store_true", help="make what is counted the baseline")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.subjects) - set(SUBJECTS):
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    return asked


def _write(name: str) -> None:
    subject = SUBJECTS[name]
    Baseline().write(place(subject.depends_on), name, counts_of(subject.function))


def _checked(name: str) -> list[Compared] | str:
    subject = SUBJECTS[name]
    then = Baseline().counts(place(subject.depends_on), name)
    return then if isinstance(then, str) else compared(then, counts_of(subject.function))


def _told(screen: Console, results: dict[str, list[Compared] | str]) -> int:
    drawn = Table("", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("then", "now", ""):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("", no_wrap=True)
    code = _SAME
    for name, result in results.items():
        if isinstance(result, str):
            screen.print(f"{name}: not compared: {result}", soft_wrap=True)
            code = _NO_BASELINE
            continue
        for each in result:
            drawn.add_row(*_cells(each))
    screen.print(drawn)
    if any(each.verdict for each in _lines(results)):
        screen.print(_ADVICE)
        return _DIFFERS
    return code


def _lines(results: dict[str, list[Compared] | str]) -> list[Compared]:
    return [each for result in results.values() if not isinstance(result, str) for each in result]


def _cells(each: Compared) -> tuple[str, ...]:
    change = f"{each.change:+.1%}" if each.change else ""
    return each.name, _number(each.then), _number(each.now), change, each.verdict


def _number(count: float | None) -> str:
    return "" if count is None else f"{count:,.10g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
