"""Archived rows: in Parquet, and in the same views."""

from __future__ import annotations

import shutil
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_duckdb import reading, writing
from otel_forgesyte_duckdb.held import HeldDestination
from otel_forgesyte_duckdb.housekeeping import Housekeeper
from otel_forgesyte_duckdb.pruning import plan_of, prune
from otel_forgesyte_schema import apply, drift
from otel_forgesyte_schema.archives import forget_missing_archives, missing_archives
from otel_forgesyte_schema.creating import transaction
from tests.housekeeping.conftest import ALL_VISIBLE, NOW, Kept

if TYPE_CHECKING:
    from collections.abc import Callable

ARCHIVE = """
from datetime import datetime
from pathlib import Path
from otel_forgesyte_duckdb import Settings
from otel_forgesyte_duckdb.pruning import Plan, prune
folder = Path(sys.argv[2])
settings = Settings.resolve(
    database=folder / "telemetry.duckdb", archive_directory=folder / "archive"
)
until = datetime(2026, 2, 8)
sys.setprofile(watch)
prune(settings, Plan({"spans": until, "job_metrics": until}))
"""


def archive(kept: Kept, retention: str = "3d") -> None:
    settings = replace(kept.settings, retention=retention)
    prune(settings, plan_of(settings, NOW))


def test_archived_rows_stay_in_the_views_one_file_a_table_and_day(kept: Kept) -> None:
    traces = kept.rows("SELECT * EXCLUDE (trace_id) FROM otel.traces ORDER BY ALL")
    archive(kept)

    assert kept.value("SELECT count(*) FROM otel.spans") == 300
    assert kept.visible() == ALL_VISIBLE
    assert kept.rows("SELECT * EXCLUDE (trace_id) FROM otel.traces ORDER BY ALL") == traces
    assert kept.value("SELECT count(*) FROM otel.metrics") == 400
    files = sorted((kept.path.parent / "archive").rglob("*"))
    assert len([each for each in files if each.is_file()]) == 5
    assert (kept.path.parent / "archive/main.job_metrics/date=2026-02-07").is_dir()
    assert {stat.S_IMODE(each.stat().st_mode) for each in files if each.is_file()} == {0o600}
    folders = {each.parent for each in files}
    assert {stat.S_IMODE(each.stat().st_mode) for each in folders} == {0o700}
    with reading(kept.path) as connection:
        assert drift(connection) == []


def test_a_plain_connection_and_one_after_another_schema_application_see_them_too(
    kept: Kept,
) -> None:
    archive(kept)
    with duckdb.connect(kept.path) as connection:
        assert connection.execute("SELECT count(*) FROM otel.traces").fetchall() == [(400,)]
        apply(connection, "0.1.0", thorough=True)
        connection.execute("ALTER TABLE otel.spans ADD COLUMN mine INTEGER")
        assert connection.execute("SELECT count(*) FROM otel.traces").fetchall() == [(400,)]


def test_a_database_moved_with_its_archive_and_a_copy_without_it_both_find_the_rows(
    kept: Kept, tmp_path: Path
) -> None:
    archive(kept)
    (tmp_path / "copy").mkdir()
    shutil.copy(kept.path, tmp_path / "copy")
    copy = Kept(replace(kept.settings, database=str(tmp_path / "copy" / kept.path.name)))
    assert copy.visible() == ALL_VISIBLE

    (tmp_path / "moved").mkdir()
    shutil.move(kept.path, tmp_path / "moved")
    shutil.move(tmp_path / "archive", tmp_path / "moved/archive")
    moved = Kept(replace(kept.settings, database=str(tmp_path / "moved" / kept.path.name)))
    assert moved.visible() == ALL_VISIBLE


def test_rows_are_archived_and_seen_while_the_file_is_held_open_for_others(
    kept: Kept, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "else" / "where [1]*"
    settings = replace(kept.settings, retention="3d", archive_directory=str(elsewhere))
    held = HeldDestination(settings.anchored())
    try:
        housekeeper = Housekeeper(settings)
        with held.writing() as cursor:
            while not housekeeper.step(cursor):
                pass
        reader = held.connection.cursor()
        for name, (rows, _) in ALL_VISIBLE.items():
            assert reader.execute(f"SELECT count(*) FROM otel.all_{name}").fetchall() == [(rows,)]
    finally:
        held.close()
    assert list(elsewhere.rglob("*.parquet"))
    archive(Kept(settings), "1d")
    assert kept.visible() == ALL_VISIBLE


def test_an_archive_that_was_moved_with_its_database_is_seen_while_that_is_held(
    kept: Kept, tmp_path: Path
) -> None:
    archive(kept)
    (tmp_path / "moved").mkdir()
    shutil.move(kept.path, tmp_path / "moved")
    shutil.move(tmp_path / "archive", tmp_path / "moved/archive")
    database = str(tmp_path / "moved" / kept.path.name)
    held = HeldDestination(replace(kept.settings, database=database, archive_directory=""))
    try:
        reader = held.connection.cursor()
        assert reader.execute("SELECT count(*) FROM otel.all_logs").fetchall() == [
            (ALL_VISIBLE["logs"][0],)
        ]
    finally:
        held.close()


def test_a_missing_file_is_an_error_that_names_it_until_it_is_forgotten(kept: Kept) -> None:
    archive(kept)
    gone = next((kept.path.parent / "archive/otel.spans").rglob("*.parquet"))
    gone.unlink()
    with pytest.raises(duckdb.Error, match=gone.name):
        kept.value("SELECT count(*) FROM otel.traces")
    with writing(kept.path) as connection:
        apply(connection, "0.1.0", thorough=True)
    with pytest.raises(duckdb.Error, match="prune --forget-missing"):
        kept.value("SELECT count(*) FROM otel.traces")

    with writing(kept.path) as connection, transaction(connection):
        assert [each.path for each in missing_archives(connection)] == [gone]
        forget_missing_archives(connection)
    assert kept.value("SELECT count(*) FROM otel.traces") == 300


@pytest.mark.slow
def test_killed_at_any_step_each_row_is_visible_once_and_no_file_is_left_over(
    kept: Kept, tmp_path: Path, killed_at: Callable[..., int]
) -> None:
    fresh = tmp_path / "fresh"
    shutil.copytree(tmp_path, fresh, ignore=shutil.ignore_patterns("fresh"))
    steps = killed_at(0, ARCHIVE, fresh)
    assert steps > 40
    summary = kept.summary()
    for step in range(1, steps + 1, max(1, steps // 14)):
        folder = tmp_path / f"killed-{step}"
        folder.mkdir()
        shutil.copy(kept.path, folder)
        (folder / "telemetry.duckdb.spool").mkdir()
        killed_at(step, ARCHIVE, folder)
        settings = replace(
            kept.settings,
            database=str(folder / kept.path.name),
            spool_directory="",
            archive_directory=str(folder / "archive"),
        )
        killed = Kept(settings)
        assert killed.visible() == ALL_VISIBLE, step
        assert killed.summary() == summary, step

        archive(killed)
        assert killed.visible() == ALL_VISIBLE, step
        on_disk = {each.name for each in (folder / "archive").rglob("*.p*") if each.is_file()}
        recorded = {Path(file).name for (file,) in killed.rows("SELECT file FROM otel.archives")}
        assert on_disk == recorded, step
