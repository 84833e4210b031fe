"""P8: the four questions of the reader, against SQLite with an index made for each of them.

Both sides are asked as a user asks: open the file, take the rows, let go. Before that, both answers
to every question are compared.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import sizes, sqlite, stored
from benchmarks.asking import asked

if TYPE_CHECKING:
    from pathlib import Path

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
    # The product records one row in each for every job that names its device.
    tables = dict.fromkeys(_TABLES, rows)
    stored.fill(_ours(), tables)
    sqlite.fill(_theirs(), tables)
    for name in _NAMES:
        stored.compared(name, _ask_ours(name), _ask_theirs(name))
    return {"rows": float(rows), "mb": _ours().stat().st_size / 1e6}


def ours() -> Case:
    """Asked through the reader."""
    return _figures(_ask_ours)


def theirs() -> Case:
    """Asked in SQLite's words."""
    return _figures(_ask_theirs)


def _figures(ask: Any) -> Case:
    figures: Case = {}
    for name in _NAMES:
        wall, cpu = asked(partial(ask, name))
        figures |= {f"{name}_wall_ms": wall, f"{name}_cpu_ms": cpu}
    return figures


def _ask_ours(question: str) -> list[tuple[Any, ...]]:
    from otel_forgesyte import open_reader

    with open_reader(_ours()) as reader:
        questions: dict[str, Any] = {
            "job_summary": reader.job_summary,
            "plugin_duration": reader.avg_plugin_duration,
            "overlay_performance": lambda: reader.overlay_performance(_one_job()),
            "device_usage": reader.device_usage_stats,
        }
        answer: list[tuple[Any, ...]] = questions[question]().fetchall()
    return answer


def _ask_theirs(question: str) -> list[tuple[Any, ...]]:
    params = {"job_id": _one_job()} if question == "overlay_performance" else {}
    return sqlite.ask(_theirs(), question, params)


def _one_job() -> str:
    """In the middle: there are a hundred frames a job."""
    return f"job-{sizes.stored_rows() // 200:010d}"


def _ours() -> Path:
    return sizes.data() / "questions.duckdb"


def _theirs() -> Path:
    return sizes.data() / "questions.sqlite"
