"""P12: how long the first import takes in a process that has imported nothing else."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rows import Figure, Row

if TYPE_CHECKING:
    from benchmarks.harness import Case

_STARTS = 9
_PROGRAM = """
import time
started = time.perf_counter_ns()
import {module}
print(time.perf_counter_ns() - started)
"""

ROWS = (
    Row(
        key="P12",
        what="import otel_forgesyte",
        baseline_what="import opentelemetry.trace",
        candidate=Figure("imports:ours", "import_us"),
        baseline=Figure("imports:opentelemetry_api", "import_us"),
        unit="µs",
        must=1.5,
        aim=1.2,
    ),
    Row(
        key="P12 job",
        what="from otel_forgesyte import job",
        baseline_what="import opentelemetry.trace",
        candidate=Figure("imports:our_decorator", "import_us"),
        baseline=Figure("imports:opentelemetry_api", "import_us"),
        unit="µs",
        must=1.5,
        aim=1.2,
    ),
)


def ours() -> Case:
    """The package by itself; its names load when they are first asked for."""
    return _imported("otel_forgesyte")


def our_decorator() -> Case:
    """The package and what a decorator needs."""
    return _imported("otel_forgesyte; otel_forgesyte.job")


def opentelemetry_api() -> Case:
    """What anything instrumented has imported anyway."""
    return _imported("opentelemetry.trace")


def _imported(module: str) -> Case:
    program = _PROGRAM.format(module=module)
    starts = [_start(program) for _ in range(_STARTS + 1)]
    # The first start may have had to compile, and to read files that were not in memory.
    return {"import_us": statistics.median(starts[1:]) / 1_000}


def _start(program: str) -> float:
    # Both sides compile into the case's own folder: the caller may forbid it, and only what pip
    # installed has been compiled by then.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(Path.cwd() / "compiled")
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ended.stdout)
