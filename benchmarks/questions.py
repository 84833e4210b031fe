"""P8: the four questions of the reader, against SQLite with an index made for each of them.

Both sides are asked as a user asks: a reader or a connection opened once answers many times. What
the reader does for each answer, which is to attach the file and to let go of it, is in its time.
Before that, both answers to every question are compared.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks import sizes, sqlite, stored
from benchmarks.asking import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from duckdb import DuckDBPyRelation

    from benchmarks.asking import Ask
    from benchmarks.harness import Case

_NAMES = ("job_summary", "plugin_duration", "overlay_performance", "device_usage")
_TABLES: tuple[str, ...] = ("job_metrics", "plugin_metrics", "overlay_metrics", "device_usage")


ROWS = sqlite.rows(
    "P8",
    "questions",
    "SQLite, the same rows, a covering index",
    (
        ("jobs", "jobs by plugin and status", "job_summary_wall_ms", 20.0, 100.0),
        (
            "plugins",
            "average and quantiles by plugin and tool",
            "plugin_duration_wall_ms",
            20.0,
            100.0,
        ),
        ("devices", "devices asked for against used", "device_usage_wall_ms", 20.0, 100.0),
        (
            "frames",
            "the frames of one job, no aggregate",
            "overlay_performance_wall_ms",
            None,
            None,
        ),
    ),
)


def make() -> Case:
    """Both databases; raises where they do not give the same answers."""
    rows = sizes.stored_rows()
    # As many decisions as jobs: as where each job's plugin reports its device.
    tables = dict.fromkeys(_TABLES, rows)
    stored.fill(_ours(), tables)
    sqlite.fill(_theirs(), tables)
    with _asking_ours() as ask_ours, _asking_theirs() as ask_theirs:
        for name in _NAMES:
            stored.compared(name, ask_ours(name), ask_theirs(name))
    return {"rows": float(rows), "mb": _ours().stat().st_size / 1e6}


def ours() -> Case:
    """Asked through the reader."""
    with _asking_ours() as ask:
        return figures(_NAMES, ask)


def theirs() -> Case:
    """Asked in SQLite's words."""
    with _asking_theirs() as ask:
        return figures(_NAMES, ask)


@contextlib.contextmanager
def _asking_ours() -> Generator[Ask]:
    from otel_forgesyte import open_reader

    with open_reader(_ours()) as reader:
        questions: dict[str, Callable[[], DuckDBPyRelation]] = {
            "job_summary": reader.job_summary,
            "plugin_duration": reader.avg_plugin_duration,
            "overlay_performance": lambda: reader.overlay_performance(_one_job()),
            "device_usage": reader.device_usage_stats,
        }
        yield lambda name: questions[name]().fetchall()


@contextlib.contextmanager
def _asking_theirs() -> Generator[Ask]:
    with sqlite.opened(_theirs()) as connection:
        params = {"overlay_performance": {"job_id": _one_job()}}
        yield lambda name: sqlite.ask(connection, name, params.get(name, {}))


def _one_job() -> str:
    """In the middle: there are a hundred frames a job."""
    return f"job-{sizes.stored_rows() // 200:010d}"


def _ours() -> Path:
    return sizes.data() / "questions.duckdb"


def _theirs() -> Path:
    return sizes.data() / "questions.sqlite"
