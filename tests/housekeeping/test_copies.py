"""Compacting and backing up: whole files at every moment, beside applications that record."""

from __future__ import annotations

import contextlib
import shutil
import stat
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otel_forgesyte_duckdb import (
    ConfigError,
    DatabaseLocked,
    DuckDBSpanExporter,
    Settings,
    drain,
    reading,
    store_status,
    writing,
)
from otel_forgesyte_duckdb.backing_up import back_up
from otel_forgesyte_duckdb.compacting import compact
from otel_forgesyte_duckdb.pruning import Plan, plan_of, prune
from otel_forgesyte_schema import drift
from tests.housekeeping.conftest import ALL_VISIBLE, NOW, Kept, make_kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COPYING = """
from pathlib import Path
from otel_forgesyte_duckdb import Settings
from otel_forgesyte_duckdb.backing_up import back_up
from otel_forgesyte_duckdb.compacting import compact
folder = Path(sys.argv[2])
settings = Settings.resolve(database=folder / "telemetry.duckdb")
sys.setprofile(watch)
"""


def test_compacting_returns_the_room_of_deleted_rows_and_keeps_everything_else(
    tmp_path: Path,
) -> None:
    kept = make_kept(tmp_path, days=2, rows_a_day=30_000)
    settings = replace(kept.settings, archive_directory="")
    prune(settings, Plan(dict.fromkeys(("spans", "logs", "metric_points"), NOW)))
    kept.path.chmod(0o640)
    rows = kept.rows("SELECT * FROM job_metrics ORDER BY id LIMIT 100")
    report = compact(settings)

    assert report.bytes_after == kept.path.stat().st_size < report.bytes_before * 0.9
    assert kept.rows("SELECT * FROM job_metrics ORDER BY id LIMIT 100") == rows
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o640
    with reading(kept.path) as connection:
        assert drift(connection) == []
    assert [each.name for each in tmp_path.glob("*.compacting*")] == []


def test_an_archive_is_still_seen_after_compacting_and_from_a_backup(
    kept: Kept, tmp_path: Path
) -> None:
    settings = replace(kept.settings, retention="3d")
    prune(settings, plan_of(settings, NOW))
    compact(settings)
    assert kept.visible() == ALL_VISIBLE
    (tmp_path / "safe").mkdir()
    back_up(settings, tmp_path / "safe/copy.duckdb")
    copy = Kept(replace(settings, database=str(tmp_path / "safe/copy.duckdb")))
    assert copy.visible() == ALL_VISIBLE


def test_a_backup_is_private_whole_and_never_overwrites_unless_asked(
    kept: Kept, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.duckdb"
    back_up(kept.settings, copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match="is there already"):
        back_up(kept.settings, copy)
    with pytest.raises(ConfigError, match="the database itself"):
        back_up(kept.settings, kept.path, overwrite=True)
    back_up(kept.settings, copy, overwrite=True)

    restored = Kept(replace(kept.settings, database=str(copy)))
    assert restored.visible() == ALL_VISIBLE
    with reading(copy) as connection:
        assert drift(connection) == []
    assert list(tmp_path.glob("*.partial*")) == []


def test_nothing_is_lost_or_doubled_when_a_writer_records_meanwhile(
    kept: Kept, tmp_path: Path
) -> None:
    exporter = DuckDBSpanExporter(database=kept.path, flush_interval_s=0.05)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=20))
    tracer = provider.get_tracer("tests")
    settings = replace(kept.settings, archive_directory="")
    for number in range(300):
        tracer.start_span("live").end()
        if number % 100 == 50:
            compact(settings)
            back_up(settings, tmp_path / f"copy-{number}.duckdb")
            prune(settings, Plan({"spans": NOW}))
    provider.shutdown()
    drain(settings)

    assert kept.value("SELECT count(*) FROM otel.spans WHERE name = 'live'") == 300
    assert store_status(settings).stored == 300


def test_what_is_committed_while_it_compacts_is_never_left_in_the_old_file(kept: Kept) -> None:
    committed = 0
    done = threading.Event()

    def write() -> None:
        nonlocal committed
        while not done.is_set():
            with contextlib.suppress(DatabaseLocked), writing(kept.path, 0.3) as connection:
                connection.execute("INSERT INTO otel.logs (event_name) VALUES ('meanwhile')")
                connection.execute("CHECKPOINT")
                committed += 1
            time.sleep(0.3)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(6):
            compact(kept.settings)
    finally:
        done.set()
        writer.join()
    assert committed > 0
    assert kept.value("SELECT count(*) FROM otel.logs WHERE event_name = 'meanwhile'") == committed


def test_a_missing_file_is_told_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to compact"):
        compact(Settings.resolve(database=tmp_path / "none.duckdb"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("call", ["compact(settings)", "back_up(settings, folder / 'copy.duckdb')"])
def test_killed_at_any_step_a_whole_file_stands(
    kept: Kept, tmp_path: Path, killed_at: Callable[..., int], call: str
) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    shutil.copy(kept.path, fresh)
    steps = killed_at(0, COPYING + call, fresh)
    assert steps > 20
    for step in range(1, steps + 1, max(1, steps // 10)):
        folder = tmp_path / f"killed-{step}"
        folder.mkdir()
        shutil.copy(kept.path, folder)
        killed_at(step, COPYING + call, folder)
        settings = replace(kept.settings, database=str(folder / kept.path.name), spool_directory="")
        killed = Kept(settings)
        assert killed.visible() == ALL_VISIBLE, step
        with writing(killed.path) as connection:
            assert drift(connection) == [], step
        copy = folder / "copy.duckdb"
        if copy.exists():
            assert Kept(replace(settings, database=str(copy))).visible() == ALL_VISIBLE, step
        compact(settings)
        assert killed.visible() == ALL_VISIBLE, step
        assert list(folder.glob("*.compacting*")) == [], step
