"""Row 3: no space under the spool, the database, or both; and what happens when it returns."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import DatabaseLocked, drain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Application, Bench
    from tests.soak.disk import SmallDisk


_JOURNAL_BYTES = 60_000  # the limit is on every file of the process, its journal too


def _fill(application: Application, disk: SmallDisk | None, spare: int) -> None:
    """Takes the space away: from the disk, or where that cannot be had, from the process."""
    if disk is not None:
        disk.fill(spare)
    else:
        _limit(application, max(spare, _JOURNAL_BYTES))


def _free(application: Application, disk: SmallDisk | None) -> None:
    if disk is not None:
        disk.free()
    else:
        _limit(application, resource.RLIM_INFINITY)


def _limit(application: Application, size: int) -> None:
    limits = size, resource.RLIM_INFINITY
    resource.prlimit(application.process.pid, resource.RLIMIT_FSIZE, limits)


def test_a_disk_full_under_both_is_counted_and_recording_resumes_when_space_returns(
    bench: Bench, disk: SmallDisk | None
) -> None:
    application = bench.start()
    application.do("jobs", 50)
    assert application.do("flush") is True
    _fill(application, disk, 0)
    assert application.do("jobs", 500) < 1.0
    application.do("flush", 1)
    _free(application, disk)
    application.do("jobs", 50)
    application.do("flush")
    said = application.end()
    result = bench.adds_up()
    assert result.dropped["disk_full"] > 0
    assert set(result.dropped) == {"disk_full"}
    assert result.unsaid.total() == 0
    assert said.count("dropping spans: disk_full") == 1


def test_a_disk_full_under_the_database_alone_keeps_everything_in_the_spool(
    bench: Bench, disk: SmallDisk | None, tmp_path: Path
) -> None:
    bench.spool = tmp_path / "spool"
    application = bench.start()
    application.do("jobs", 10)
    assert application.do("flush") is True
    _fill(application, disk, 0 if disk else bench.database.stat().st_size)
    for _ in range(3):
        application.do("jobs", 100)
        application.do("flush", 1)
    assert list(bench.spool.glob("*-spans-*.seg")) != []
    _free(application, disk)
    assert application.do("flush") is True
    application.end()
    result = bench.adds_up()
    assert (result.stored, result.dropped.total()) == (result.told.accepted, 0)


def test_a_disk_with_a_little_room_that_both_fight_over_loses_nothing_uncounted(
    bench: Bench, disk: SmallDisk | None
) -> None:
    application = bench.start()
    application.do("jobs", 10)
    assert application.do("flush") is True
    _fill(application, disk, 400_000)
    for _ in range(3):
        application.do("jobs", 100)
        application.do("flush", 1)
    _free(application, disk)
    assert application.do("flush") is True
    application.end()
    result = bench.adds_up()
    assert set(result.dropped) <= {"disk_full"}
    assert result.unsaid.total() == 0


def test_a_file_size_limit_under_the_spool_alone_tears_no_line(bench: Bench) -> None:
    application = bench.start(
        OTEL_EXPORTER_DUCKDB_DRAIN="external", OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="3600"
    )
    application.do("jobs", 20)
    time.sleep(0.5)
    _limit(application, _JOURNAL_BYTES)
    application.do("jobs", 300)
    time.sleep(1)
    drain(bench.settings)
    _limit(application, resource.RLIM_INFINITY)
    application.do("jobs", 20)
    application.end()
    result = bench.adds_up()
    assert result.dead == 0
    assert result.dropped["disk_full"] > 0
    assert result.unsaid.total() == 0


@pytest.mark.parametrize("spare", [60_000])
def test_a_database_first_made_on_a_full_disk_is_not_taken_for_a_damaged_one(
    bench: Bench, disk: SmallDisk | None, tmp_path: Path, spare: int
) -> None:
    bench.spool = tmp_path / "spool"
    application = bench.start()
    assert application.do("status") == []
    _fill(application, disk, spare)
    application.do("jobs", 5)
    for _ in range(3):
        application.do("flush", 1)
    _free(application, disk)
    assert application.do("flush") is True
    said = application.end()
    assert list(bench.database.parent.glob("*.corrupt.*")) == []
    assert "is damaged" not in said
    bench.adds_up()


def test_two_processes_on_a_full_disk_take_up_draining_again(
    bench: Bench, disk: SmallDisk | None
) -> None:
    pair = [bench.start(), bench.start()]
    for application in pair:
        application.do("jobs", 20)
        application.do("flush")
    for application in pair:
        _fill(application, disk, 50_000)
        application.do("jobs", 20)
    time.sleep(2)
    for application in pair:
        _free(application, disk)
    began = time.monotonic()
    for application in pair:
        application.do("jobs", 20)
        assert application.do("flush") is True
        application.end()
    assert time.monotonic() - began < 10
    try:
        bench.adds_up()
    except DatabaseLocked as error:  # both have ended
        pytest.fail(str(error))
