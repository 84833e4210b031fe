"""`python -m benchmarks NAME [NAME …]`: measure, print the table, and keep the figures."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks import guard
from benchmarks.harness import CaseFailed, measure
from benchmarks.table import WIDTH, as_json, legend, machine, table

NAMES = ("decorator", "export", "imports", "scrape")


def main() -> int:
    """0 when everything was measured, whatever the figures are; 1 when a case failed."""
    asked = _arguments()
    screen, notes = Console(), Console(stderr=True)
    screen.width = max(screen.width, WIDTH)  # a pipe counts as 80, which would cut figures off
    where = machine()
    rows = [row for name in asked.names for row in import_module(f"benchmarks.{name}").ROWS]
    try:
        with notes.status("measuring") as status:
            results = measure(rows, asked.rounds, status.update)
    except CaseFailed as error:
        notes.print(str(error), markup=False)
        return 1
    screen.print(table(results))
    machine_line = ", ".join(f"{name} {value}" for name, value in where.items())
    for line in ("", *legend(results), "", machine_line):
        screen.print(line, highlight=False, soft_wrap=True)
    if asked.json:
        record = json.dumps(as_json(results, asked.rounds, where), indent=2, ensure_ascii=False)
        asked.json.write_text(record + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=5, help="rounds over all cases (default 5)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write every figure there")
    return parser.parse_args()


if __name__ == "__main__":
    # Counts, not times: with a baseline in the tree, and none of the options above.
    sys.exit(guard.main(sys.argv[2:]) if sys.argv[1:2] == ["guard"] else main())
