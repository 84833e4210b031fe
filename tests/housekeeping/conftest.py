"""A database of four days, made in SQL, and processes that are killed at a step of what they do."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte_duckdb import Settings, reading, writing
from otel_forgesyte_schema import apply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAYS = 4
ROWS_A_DAY = 100
NOW = dt.datetime(2026, 2, 11)  # noqa: DTZ001 - naive UTC is the contract
FILLED = """
INSERT INTO otel.spans
    (trace_id, span_id, name, start_time_unix_nano, duration_ns, attributes, events)
SELECT uuid(), n, 'work', time, 1000000, '{"n": ' || n || '}', [{'name': 'e', 'attributes': '{}'}]
FROM moments;
INSERT INTO otel.logs (time_unix_nano, body, attributes) SELECT time, '"hello"', '{}' FROM moments;
INSERT INTO otel.metric_points (time_unix_nano, name, metric_type, int_value)
SELECT time, 'jobs', 'sum', n FROM moments;
INSERT INTO job_metrics
SELECT uuid(), n, 'ocr', 'cpu', 'done', n % 500, time, time + INTERVAL 1 SECOND, NULL FROM moments;
INSERT INTO otel.job_keys SELECT md5_number_lower(job_id), id FROM job_metrics;
INSERT INTO plugin_metrics SELECT uuid(), n, 'ocr', NULL, n % 300, n % 5 > 0, time FROM moments;
"""
TABLES = ("spans", "logs", "metric_points", "job_metrics", "plugin_metrics")
_KILLER = """
import os, sys
steps = {'execute', 'fsync', 'rename', 'replace', 'unlink', 'link', 'mkdir', 'lockf'}
count, at = 0, int(sys.argv[1])
def watch(frame, event, what):
    global count
    if event in ('c_call', 'c_return') and getattr(what, '__name__', '') in steps:
        count += 1
        if count == at:
            os._exit(9)
"""


@dataclass(frozen=True)
class Kept:
    """One database with its settings."""

    settings: Settings

    @property
    def path(self) -> Path:
        return self.settings.database_path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with reading(self.path) as connection:
            return connection.execute(sql).fetchall()

    def value(self, sql: str) -> Any:
        [[value]] = self.rows(sql)
        return value

    def visible(self) -> dict[str, tuple[int, int]]:
        """Rows and distinct rows of each table through its view of all rows."""
        return {
            name: self.rows(
                f"SELECT count(*), count(DISTINCT hash({_row(name)})) FROM otel.all_{name} AS r"
            )[0]
            for name in TABLES
        }

    def summary(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT * FROM otel.summary_by_minute ORDER BY ALL")


ALL_VISIBLE = dict.fromkeys(TABLES, (DAYS * ROWS_A_DAY, DAYS * ROWS_A_DAY))


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return make_kept(tmp_path)


def make_kept(folder: Path, days: int = DAYS, rows_a_day: int = ROWS_A_DAY) -> Kept:
    """The days before `NOW`, with as many rows a day in each table."""
    settings = Settings.resolve(
        database=folder / "telemetry.duckdb", archive_directory=folder / "archive"
    )
    with writing(settings.database_path) as connection:
        apply(connection, "0.1.0")
        connection.execute(
            f"CREATE TEMP TABLE moments AS SELECT n, TIMESTAMP '{NOW:%F}' - INTERVAL {days} DAY"
            f" + INTERVAL (n * {86_400_000 // rows_a_day}) MILLISECOND AS time"
            f" FROM range({days * rows_a_day}) AS r(n)"
        )
        connection.execute(FILLED)
    settings.spool.mkdir(mode=0o700)
    return Kept(settings)


@pytest.fixture
def killed_at() -> Callable[..., int]:
    """Runs Python in a process that ends at the given step; returns how many steps there were."""

    def run(step: int, source: str, *arguments: object) -> int:
        code = f"{_KILLER}{textwrap.dedent(source)}\nsys.setprofile(None); print(count)"
        finished = subprocess.run(
            [sys.executable, "-c", code, str(step), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if step:
            assert finished.returncode == 9, finished.stderr
            return step
        assert finished.returncode == 0, finished.stderr
        return int(finished.stdout)

    return run


def _row(name: str) -> str:
    return {"spans": "r.span_id", "logs": "r.time_unix_nano", "metric_points": "r.int_value"}.get(
        name, "r.id"
    )
