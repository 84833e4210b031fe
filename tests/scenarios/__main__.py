"""`python -m tests.scenarios NAME` runs one; each file beside this one is a scenario."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def names() -> list[str]:
    """Return the scenarios there are: the modules of this folder that hold a `run() -> int`."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main(arguments: list[str]) -> int:
    """Run the scenario named and return its exit status: 0 where everything agreed."""
    if len(arguments) != 1 or arguments[0] not in names():
        sys.stderr.write(f"usage: python -m tests.scenarios {{{','.join(names())}}}\n")
        return 2
    status: int = import_module(f"tests.scenarios.{arguments[0]}").run()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
