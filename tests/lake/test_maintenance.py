"""Maintaining a lake that has rows in it: alone, killed at each step, and beside writers."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otel_forgesyte import configure, constant, job, plugin
from otel_forgesyte.reading import open_reader
from otel_forgesyte_duckdb import Settings, drain, store_status
from otel_forgesyte_duckdb.destinations import destination_of
from otel_forgesyte_duckdb.housekeeping import Housekeeper
from otel_forgesyte_duckdb.lake_maintenance import Maintained, maintain
from otel_forgesyte_schema.errors import ConfigError
from tests.lake.conftest import Lake
from tests.targets.extensions import skip_without

skip_without("ducklake", "postgres")

# A batch of more than 1,000 rows makes a file, a smaller one stays in the catalog.
_BATCHES = (1_100, 50, 1_100)
_OLD = """
    UPDATE otel.spans
    SET start_time_unix_nano = start_time_unix_nano::TIMESTAMP - INTERVAL 5 DAY
    WHERE parent_span_id IS NOT NULL
"""
_ALL_ROWS = """
    FROM (SELECT count(*), bit_xor(hash(spans)) FROM otel.spans)
    UNION ALL FROM (SELECT count(*), bit_xor(hash(job_metrics)) FROM job_metrics)
    UNION ALL FROM (SELECT count(*), bit_xor(hash(plugin_metrics)) FROM plugin_metrics)
    UNION ALL FROM (SELECT count(*), bit_xor(hash(segments)) FROM otel.segments)
"""
# Ends the process 20 ms after the step of `maintain` whose number it is given has begun.
_KILLED_AT = """
    import os, sys, threading

    begun = 0

    def watch(frame, event, what):
        global begun
        if (event, what.__class__.__name__, frame.f_code.co_name) != (
            "c_call", "builtin_function_or_method", "maintain"
        ) or what.__name__ != "execute":
            return
        begun += 1
        if begun == int(sys.argv[1]):
            threading.Timer(0.02, os._exit, (9,)).start()

    from otel_forgesyte_duckdb import Settings
    from otel_forgesyte_duckdb.lake_maintenance import maintain

    settings = Settings.resolve()
    sys.setprofile(watch)
    maintain(settings, keep_days=0)
"""
_MACHINE = """
    import sys, time
    from pathlib import Path
    from otel_forgesyte import configure, job

    @job
    def work(job_id):
        pass

    telemetry = configure()
    rounds = 0
    while not Path(sys.argv[1]).exists():
        for name in range(300):
            work(f"job-{name}")
        rounds += 1
        time.sleep(0.2)
    telemetry.shutdown(timeout_millis=3_000)
    print(rounds)
"""


@plugin(plugin=constant("half"))
def half() -> None:
    pass


@job
def work(job_id: str) -> None:
    del job_id
    half()


@pytest.fixture
def filled(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake of several batches, each telling of the jobs of the one before again."""
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_DRAIN", "external")
    for jobs in _BATCHES:
        with configure(database=tmp_path / "never.duckdb", spool_directory=lake.settings().spool):
            for number in range(jobs):
                work(f"job-{number}")
        drain(lake.settings())
    monkeypatch.delenv("OTEL_EXPORTER_DUCKDB_DRAIN")
    return lake


def _answers(lake: Lake) -> list[list[tuple[Any, ...]]]:
    reader = open_reader(lake.database)
    return [
        reader.job_summary().fetchall(),
        reader.avg_plugin_duration().fetchall(),
        reader.sql("SELECT * FROM job_metrics ORDER BY id").fetchall(),
        reader.sql(_ALL_ROWS).fetchall(),
    ]


def _files(lake: Lake, table: str = "") -> int:
    return len(list((Path(lake.data_path) / table).rglob("*.parquet")))


@pytest.mark.slow
def test_maintenance_changes_no_answer_and_merges_its_files(filled: Lake) -> None:
    before, files = _answers(filled), _files(filled)
    assert (len(before[2]), before[3][0][0]) == (1_100, 4_500)

    kept = maintain(filled.settings())
    assert (kept.expired_snapshots, kept.removed_files) == (0, 0)
    assert _files(filled) > files  # nothing goes that the snapshots of seven days need
    assert _answers(filled) == before

    done = maintain(filled.settings(), keep_days=0)
    assert done.expired_snapshots > len(_BATCHES)
    assert _answers(filled) == before
    assert _files(filled) == done.files_after
    assert [_files(filled, f"otel/{table}") for table in ("spans", "segments")] == [1, 1]


@pytest.mark.slow
def test_maintenance_killed_at_each_step_changes_no_answer_and_the_next_one_finishes(
    filled: Lake,
) -> None:
    before, rows = _answers(filled), filled.rows(_ALL_ROWS)
    for step in (1, 2, 3, 4, 5):  # flush, rewrite, merge, expire, remove
        killed = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(_KILLED_AT), str(step)],
            env={**os.environ, **filled.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert killed.returncode == 9, killed.stderr
        assert filled.rows(_ALL_ROWS) == rows

    maintain(filled.settings(), keep_days=0)
    files = maintain(filled.settings(), keep_days=0).files_after
    assert _answers(filled) == before
    assert maintain(filled.settings(), keep_days=0) == Maintained(0, 0, 0, files, files)
    assert files <= 11  # of 9 tables, and what was deleted since of job_metrics


@pytest.mark.slow
def test_machines_go_on_writing_beside_maintenance(
    lake: Lake, start_python: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    enough = tmp_path / "enough"
    machines = [start_python(_MACHINE, enough, **lake.environment(name)) for name in ("one", "two")]
    maintained, patience = 0, time.monotonic() + 120
    while maintained < 3:
        assert [machine.poll() for machine in machines] == [None, None]
        assert time.monotonic() < patience
        if store_status(lake.settings()).stored:
            maintain(lake.settings(), keep_days=0)
            maintained += 1
    enough.touch()
    jobs = 0
    for machine in machines:
        told, errors = machine.communicate()
        assert machine.returncode == 0, (told, errors)
        jobs += 300 * int(told)
    for name in ("one", "two"):
        drain(lake.settings(name))

    assert [store_status(lake.settings(name)).unaccounted for name in ("one", "two")] == [0, 0]
    assert lake.rows("SELECT count(*), count(DISTINCT span_id) FROM otel.spans") == [(jobs, jobs)]
    assert lake.rows("SELECT count(*), count(DISTINCT job_id) FROM job_metrics") == [(300, 300)]


def test_old_rows_of_a_lake_go_by_their_age(filled: Lake) -> None:
    settings = Settings.resolve(
        database=filled.database, data_path=filled.data_path, retention="2d"
    )
    with destination_of(settings).writing() as connection:
        connection.execute(_OLD)
    with destination_of(settings).writing() as connection:
        housekeeper = Housekeeper(settings)
        while not housekeeper.step(connection):
            pass
    left = "SELECT count(*), count(parent_span_id) FROM otel.spans"
    assert filled.rows(left) == [(2_250, 0)]
    assert len(filled.rows("FROM otel.segments")) >= len(_BATCHES)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["prune", "--older-than", "1d"], "let OTEL_EXPORTER_DUCKDB_RETENTION say"),
        (["compact"], "`otel-forgesyte maintain` merges its files"),
        (["backup", "copy.duckdb"], "back up its catalog (pg_dump), then its data path"),
    ],
)
def test_commands_for_a_file_refuse_a_lake_and_say_what_to_do(
    command: list[str], told: str, tmp_path: Path
) -> None:
    result = _cli(tmp_path, "ducklake:postgres:dbname=x password=hunter2", *command)
    assert (result.returncode, result.stdout) == (2, "")
    assert "ducklake:postgres:dbname=x is a lake, and this is for a database file" in result.stderr
    assert told in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_maintain_refuses_a_file_and_says_what_to_do(tmp_path: Path) -> None:
    result = _cli(tmp_path, "telemetry.duckdb", "maintain")
    assert (result.returncode, result.stdout) == (2, "")
    assert "is no lake: `otel-forgesyte compact` is for a file" in result.stderr


@pytest.mark.parametrize("setting", [{"max_bytes": "1GB"}, {"archive_directory": "archive"}])
def test_what_only_a_file_can_do_is_no_setting_of_a_lake(setting: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="by OTEL_EXPORTER_DUCKDB_RETENTION alone"):
        Settings.resolve(database="ducklake:postgres:dbname=x", **setting)


def _cli(folder: Path, database: str, *command: str) -> subprocess.CompletedProcess[str]:
    name, *rest = command
    start = "from otel_forgesyte.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", start, name, "--database", database, *rest],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
