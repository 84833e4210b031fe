"""P4: what an application pays in which next to nothing happens, drains included."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.rows import Figure, Row
from benchmarks.workload import DATABASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.harness import Case

_SECONDS = 12
_SETTLED_S = 3.0
"""By then DuckDB is imported, and the tables are made."""

ROWS = (
    Row(
        key="P4 quiet",
        what="CPU of all threads in a second with one job of one plugin",
        baseline_what="the same functions, nothing configured",
        candidate=Figure("quiet:configured", "process_ms"),
        baseline=Figure("quiet:unconfigured", "process_ms"),
        unit="ms",
        comparison="difference",
    ),
)


def configured() -> Case:
    """By default: a thread drains every second."""
    from otel_forgesyte import configure

    with configure(database=DATABASE):
        figures = _each_second(_decorated())
    _require_rows(1 + _SECONDS)
    return figures


def unconfigured() -> Case:
    """The application alone."""
    return _each_second(_decorated())


def _decorated() -> Callable[[], int]:
    from otel_forgesyte import job, plugin

    @plugin
    def work() -> int:
        return 1

    @job
    def run() -> int:
        return work()

    return run


def _require_rows(jobs: int) -> None:
    from otel_forgesyte_duckdb import reading

    with reading(DATABASE) as connection:
        ((found,),) = connection.execute("SELECT count(*) FROM job_metrics").fetchall()
    if found != jobs:
        raise RuntimeError(f"{jobs} jobs were run, {found} are in the database")


def _each_second(run: Callable[[], int]) -> Case:
    run()
    time.sleep(_SETTLED_S)
    began = time.process_time_ns()
    for _ in range(_SECONDS):
        run()
        time.sleep(1.0)
    return {"process_ms": (time.process_time_ns() - began) / 1e6 / _SECONDS}
