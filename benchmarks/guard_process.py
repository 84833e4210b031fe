"""Each subject of the guard in a fresh process that finds the same world every time.

Apart from the harness of the timed rows, so that what changes there cannot change a count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

Counts = dict[str, float]

_ROOT = Path(__file__).resolve().parent.parent
_LIMIT_S = 300
_NOT_PASSED_ON = ("OTEL_", "COVERAGE_")
"""What begins thus: set-up of the caller's, and a measurement of coverage, which would import a
part of what `imported` counts before it."""


class SubjectFailed(Exception):  # noqa: N818 - it is the subject that failed
    """A process ended without counts; the message carries what it wrote."""


def counts_of(subject: str) -> Counts:
    """The counts of `module:function` of this package, each rounded to a thousandth.

    Raises:
        SubjectFailed: the process ended with an error, or took longer than five minutes.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
    environment["PYTHONPATH"] = os.pathsep.join((str(_ROOT), environment.get("PYTHONPATH", "")))
    environment["PYTHONHASHSEED"] = "0"
    with tempfile.TemporaryDirectory(prefix="guard-") as empty:
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "benchmarks.guard_process", subject],
                cwd=empty,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_LIMIT_S,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise SubjectFailed(
                f"{subject} ended with {error.returncode}:\n{error.stderr}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise SubjectFailed(f"{subject} took longer than {_LIMIT_S} s") from error
    counts: Counts = json.loads(ended.stdout.splitlines()[-1])
    return {name: round(count, 3) for name, count in counts.items()}


def main(subject: str) -> None:
    """Counts one subject here and prints its counts as the last line."""
    module, _, function = subject.partition(":")
    print(json.dumps(getattr(import_module(f"benchmarks.{module}"), function)()))


if __name__ == "__main__":
    main(sys.argv[1])
