"""`python -m benchmarks NAME [NAME …]`: measure, print the table, and keep the figures."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.catalogue import ALL, MODULES, asked_for, targets
from benchmarks.environments import NotInstalled, default_cache, install, peer_of
from benchmarks.harness import CaseFailed, Measured, measure
from benchmarks.report import report
from benchmarks.scale.section import with_section
from benchmarks.sizes import Run
from benchmarks.surroundings import Surroundings
from benchmarks.table import WIDTH, as_json, legend, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.rows import Row


def main() -> int:
    """0 when everything was measured, whatever the figures are; 1 when a case failed."""
    asked = _arguments()
    screen, notes = Console(), Console(stderr=True)
    screen.width = max(screen.width, WIDTH)  # a pipe counts as 80, which would cut figures off
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=asked.data) as data:
        run = Run(asked.scale, Path(data), asked.cache)
        surroundings = Surroundings(_again(asked), run.sizes(), {})
        outcomes: list[Measured | str] = []
        with notes.status("measuring") as status:
            for module, rows in asked_for(asked.names).items():
                outcomes.append(
                    _outcome(module, rows, asked.rounds, run, surroundings.peers, status.update)
                )
                _keep(asked, outcomes, surroundings)  # all of it takes hours: what is there stays
    measured, failures = _parted(outcomes)
    _print(screen, measured, surroundings)
    for failure in failures:
        notes.print(failure, markup=False)
    return 1 if failures else 0


def _again(asked: argparse.Namespace) -> str:
    """The command that measures the same, without the folders of this machine."""
    names = " ".join(asked.names)
    return f"python -m benchmarks {names} --rounds {asked.rounds} --scale {asked.scale:g}"


def _outcome(  # noqa: PLR0913, PLR0917 - one call, in the loop above
    module: str,
    rows: list[Row],
    rounds: int,
    run: Run,
    peers: dict[str, dict[str, str]],
    progress: Callable[[str], None],
) -> Measured | str:
    """What was measured, or why not: the other modules are measured all the same."""
    try:
        peers.update(_installed(rows, run, progress))
        return measure(rows, rounds, run, progress)
    except (CaseFailed, NotInstalled) as error:
        return f"{module}: {error}"


def _parted(outcomes: list[Measured | str]) -> tuple[list[Measured], list[str]]:
    measured = [outcome for outcome in outcomes if isinstance(outcome, Measured)]
    return measured, [outcome for outcome in outcomes if isinstance(outcome, str)]


def _keep(
    asked: argparse.Namespace, outcomes: list[Measured | str], surroundings: Surroundings
) -> None:
    measured, failures = _parted(outcomes)
    if asked.json:
        record = as_json(measured, asked.rounds, surroundings)
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        asked.json.write_text(text, encoding="utf-8")
    if asked.write:
        text = report(measured, failures, asked.rounds, surroundings)
        # What benchmarks.scale measured stands in the same file, and takes longer than all of this.
        asked.write.write_text(with_section(text, asked.write), encoding="utf-8")


def _print(screen: Console, measured: list[Measured], surroundings: Surroundings) -> None:
    results = [result for part in measured for result in part.results]
    screen.print(table(results))
    told = [f"{name}: {value}" for name, value in surroundings.lines().items()]
    for line in ("", *legend(results), "", *told):
        screen.print(line, highlight=False, soft_wrap=True)


def _installed(
    rows: list[Row], run: Run, progress: Callable[[str], None]
) -> dict[str, dict[str, str]]:
    cases = (case for row in rows for case in (*row.cases, *row.needs))
    versions: dict[str, dict[str, str]] = {}
    for peer in dict.fromkeys(map(peer_of, cases)):
        if peer is not None:
            progress(f"installing {peer}")
            versions[peer] = install(peer, run.cache)
    return versions


def _arguments() -> argparse.Namespace:
    names = (ALL, *targets(), *MODULES)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=5, help="rounds over all cases (default 5)")
    parser.add_argument(
        "--scale",
        type=float,
        default=0.05,
        help="share of the data that targets are stated for: 1 is 10 M rows (default 0.05)",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write every figure there")
    parser.add_argument("--write", type=Path, metavar="PATH", help="also write it as Markdown")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where to make the data; gone afterwards"
    )
    parser.add_argument(
        "--cache", type=Path, default=default_cache(), help="where peers are installed"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
