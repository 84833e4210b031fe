"""Summaries: exact counts, quantiles within 1 %, the same before and after the rows go."""

from __future__ import annotations

import math
import random
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte import open_reader
from otel_forgesyte_duckdb import writing
from otel_forgesyte_duckdb.pruning import Plan, prune
from tests.housekeeping.conftest import NOW, Kept, make_kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ERROR = 0.01
QUANTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
BEGUN = "TIMESTAMP '2026-02-10' + INTERVAL (n % 7) MINUTE + INTERVAL (n % 59) SECOND"
# Five groups of jobs and four of plugin runs; unfinished jobs are in no summary.
RUNS = f"""
INSERT INTO job_metrics
SELECT uuid(), 'run-' || n, ['ocr', 'faces'][n % 2 + 1], ['cpu', 'gpu'][n % 2 + 1],
    CASE WHEN n % 10 = 7 THEN 'error' ELSE 'done' END, ms, {BEGUN}, {BEGUN}, NULL
FROM runs;
INSERT INTO job_metrics
SELECT uuid(), 'unfinished', 'ocr', 'cpu', 'running', NULL, TIMESTAMP '2026-02-10', NULL, NULL;
INSERT INTO plugin_metrics
SELECT uuid(), 'run-' || n, 'ocr', ['tess', NULL][n % 2 + 1], ms, n % 5 > 0, {BEGUN} FROM runs;
"""
PRUNE = """
from datetime import datetime
from pathlib import Path
from otel_forgesyte_duckdb import Settings
from otel_forgesyte_duckdb.pruning import Plan, prune
settings = Settings.resolve(database=Path(sys.argv[2]) / "telemetry.duckdb")
until = dict.fromkeys(("job_metrics", "plugin_metrics"), datetime(2026, 2, 11))
sys.setprofile(watch)
prune(settings, Plan(until))
"""


def durations(count: int = 3_000) -> list[int]:
    """From nothing to hours, most of them short: what a sketch finds hardest."""
    drawn = random.Random(7)  # noqa: S311 - the same figures each time
    return [int(drawn.lognormvariate(4, 3)) for _ in range(count)]


def fill(kept: Kept) -> None:
    with writing(kept.path) as connection:
        connection.execute("CREATE TEMP TABLE runs (n INTEGER, ms INTEGER)")
        connection.execute(
            "INSERT INTO runs SELECT generate_subscripts($ms, 1), unnest($ms)", {"ms": durations()}
        )
        connection.execute(RUNS)


@pytest.fixture
def runs(tmp_path: Path) -> Kept:
    kept = make_kept(tmp_path, days=0)
    fill(kept)
    return kept


def delete_all(kept: Kept) -> None:
    settings = replace(kept.settings, archive_directory="")
    prune(settings, Plan(dict.fromkeys(("job_metrics", "plugin_metrics"), NOW)))


def asked(kept: Kept) -> list[dict[str, Any]]:
    with open_reader(kept.path) as reader:
        relation = reader.summary("day")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def exact(kept: Kept, operation: str, plugin: str, tool: str | None) -> list[int]:
    """The durations of one group, in order, from the rows themselves."""
    where = f"plugin = '{plugin}' AND duration_ms IS NOT NULL"
    if operation == "plugin":
        where += " AND tool IS NULL" if tool is None else f" AND tool = '{tool}'"
    return [ms for (ms,) in kept.rows(f"SELECT duration_ms FROM {operation}_metrics WHERE {where}")]


def test_counts_and_errors_are_exact_and_quantiles_within_a_hundredth(runs: Kept) -> None:
    rows = asked(runs)

    assert [(r["operation"], r["plugin"], r["tool"], r["runs"], r["errors"]) for r in rows] == [
        ("job", "faces", None, 1500, 300),
        ("job", "ocr", None, 1500, 0),
        ("plugin", "ocr", None, 1500, 300),
        ("plugin", "ocr", "tess", 1500, 300),
    ]
    for row in rows:
        ordered = sorted(exact(runs, row["operation"], row["plugin"], row["tool"]))
        assert row["avg_ms"] == pytest.approx(sum(ordered) / len(ordered), rel=1e-9)
        for name, share in QUANTILES.items():
            value = ordered[math.floor(share * (len(ordered) - 1))]
            assert abs(row[name] - value) <= ERROR * value, (row["plugin"], name)


def test_each_duration_is_within_a_hundredth_of_its_bucket(runs: Kept) -> None:
    growth = (1 + ERROR) / (1 - ERROR)
    for ms, bucket in runs.rows("SELECT duration_ms, bucket FROM otel.finished_runs"):
        middle = 0 if bucket < 0 else 2 * growth**bucket / (growth + 1)
        assert abs(middle - ms) <= ERROR * ms * (1 + 1e-9), (ms, bucket)


def test_minutes_tell_plugin_tool_device_and_status_apart(runs: Kept) -> None:
    by_group = runs.rows(
        "SELECT operation, plugin, tool, device, status, sum(runs)::INTEGER"
        " FROM otel.summary_by_minute GROUP BY ALL ORDER BY ALL NULLS FIRST"
    )
    assert by_group == [
        ("job", "faces", None, "gpu", "done", 1200),
        ("job", "faces", None, "gpu", "error", 300),
        ("job", "ocr", None, "cpu", "done", 1500),
        ("plugin", "ocr", None, None, "done", 1200),
        ("plugin", "ocr", None, None, "error", 300),
        ("plugin", "ocr", "tess", None, "done", 1200),
        ("plugin", "ocr", "tess", None, "error", 300),
    ]
    assert runs.value("SELECT count(DISTINCT minute) FROM otel.summary_by_minute") == 7


def test_the_answers_are_the_same_before_between_and_after_the_rows_go(runs: Kept) -> None:
    before, by_minute = asked(runs), runs.summary()
    prune(replace(runs.settings, archive_directory=""), Plan({"job_metrics": NOW}))
    assert (asked(runs), runs.summary()) == (before, by_minute)
    delete_all(runs)

    assert runs.value("SELECT count(*) FROM otel.finished_runs") == 0
    assert (asked(runs), runs.summary()) == (before, by_minute)


def test_runs_of_a_minute_whose_rows_went_before_are_added_to_it(runs: Kept) -> None:
    delete_all(runs)
    fill(runs)
    delete_all(runs)

    assert [row["runs"] for row in asked(runs)] == [3000, 3000, 3000, 3000]
    assert [row["errors"] for row in asked(runs)] == [600, 0, 600, 600]


@pytest.mark.slow
def test_killed_at_any_step_of_pruning_no_run_counts_twice_or_never(
    runs: Kept, tmp_path: Path, killed_at: Callable[..., int]
) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    shutil.copy(runs.path, fresh)
    steps = killed_at(0, PRUNE, fresh)
    assert steps > 20
    summary = runs.summary()
    for step in range(1, steps + 1, max(1, steps // 8)):
        folder = tmp_path / f"killed-{step}"
        folder.mkdir()
        shutil.copy(runs.path, folder)
        killed_at(step, PRUNE, folder)
        killed = Kept(
            replace(runs.settings, database=str(folder / runs.path.name), spool_directory="")
        )
        assert killed.summary() == summary, step
        delete_all(killed)
        assert killed.summary() == summary, step
        assert killed.value("SELECT count(*) FROM otel.finished_runs") == 0
