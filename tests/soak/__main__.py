"""`python -m tests.soak --minutes N`: applications at one database, and everything that goes wrong.

Ends with 1 if anything that was accepted is lost or doubled, or the equation
`accepted = stored + spooled + dead + Σ dropped{reason}` is off.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
from pathlib import Path

from otel_forgesyte_duckdb import Settings, drain
from tests.soak.disk import small_disk
from tests.soak.tally import table, tally
from tests.soak.trouble import Soak

_DISK_BYTES = 2_000_000_000  # a limit; what is not used takes no memory


def soak(folder: Path, minutes: float, seed: int) -> int:
    """Run it in a folder and print the table; return the exit code."""
    place = folder / "data"
    place.mkdir()
    with small_disk(place, _DISK_BYTES) as disk:
        if disk is None:
            _say("no disk-full phases: this user may not mount one")
        database = place / "telemetry.duckdb"
        running = Soak(folder, database, seed, disk)
        running.run(minutes * 60)
        settings = Settings(database=str(database))
        drain(settings)
        result = tally(settings, running.journals)
        _say(f"{running.kills} processes killed")
        _say(table(result))
        problems = [*running.unwell, *result.problems()]
        for problem in problems:
            _say(f"WRONG: {problem}")
        return 1 if problems else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))  # noqa: S311
    parser.add_argument("--keep", type=Path, help="a new folder to leave journals and logs in")
    chosen = parser.parse_args()
    _say(f"seed {chosen.seed}")
    with contextlib.ExitStack() as stack:
        if chosen.keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        else:
            folder = chosen.keep
            folder.mkdir(parents=True)
        return soak(folder.resolve(), chosen.minutes, chosen.seed)


if __name__ == "__main__":
    sys.exit(main())
