"""With include_spool, what was recorded and not yet stored is part of the answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte.reading import NoDatabase, open_reader
from otel_forgesyte_duckdb import Settings, drain
from otel_forgesyte_duckdb.segments import SegmentFile, list_segments
from tests.reading.exporting import Jobs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "spooled.duckdb"


def _undrained(database: Path, *job_ids: str) -> Jobs:
    """Jobs in an open segment that nobody drains."""
    jobs = Jobs(str(database), drain="external", flush_interval_s=60)
    for job_id in job_ids:
        jobs.record(job_id)
    return jobs


def _seal_and_drain(database: Path, jobs: Jobs) -> None:
    jobs.shutdown()
    drain(Settings.resolve(database=str(database)))


def _job_ids(database: Path, *, include_spool: bool) -> list[str]:
    with open_reader(database, include_spool=include_spool) as reader:
        rows = reader.sql("SELECT job_id FROM job_metrics ORDER BY job_id").fetchall()
    return [row[0] for row in rows]


def test_records_still_being_written_are_included(target: Path) -> None:
    _seal_and_drain(target, _undrained(target, "a"))
    waiting = _undrained(target, "b", "c")

    assert _job_ids(target, include_spool=False) == ["a"]
    assert _job_ids(target, include_spool=True) == ["a", "b", "c"]
    waiting.shutdown()


def test_sealed_segments_are_included_and_stored_once_they_count_once(target: Path) -> None:
    _seal_and_drain(target, _undrained(target, "a"))
    _undrained(target, "b").shutdown()

    assert _job_ids(target, include_spool=True) == ["a", "b"]
    drain(Settings.resolve(database=str(target)))
    assert _job_ids(target, include_spool=True) == ["a", "b"]


def test_a_segment_the_ledger_knows_is_not_counted_twice(target: Path, tmp_path: Path) -> None:
    _undrained(target, "a").shutdown()
    (segment,) = (tmp_path / "spooled.duckdb.spool").glob("*-spans-*.seg")
    content = segment.read_bytes()
    drain(Settings.resolve(database=str(target)))
    segment.write_bytes(content)  # as when the drainer dies between COMMIT and the removal

    with open_reader(target, include_spool=True) as reader:
        assert reader.sql("SELECT count(*) FROM otel.spans").fetchall() == [(1,)]


def test_a_job_is_read_as_a_tree_before_anything_was_stored(target: Path) -> None:
    waiting = _undrained(target, "first")

    with open_reader(target, include_spool=True) as reader:
        job = reader.job("first")
    waiting.shutdown()

    assert (job.status, job.plugin) == ("done", "faces")
    assert [span.name for span in job.spans] == ["job faces"]
    assert not target.exists()


def test_neither_database_nor_spool_is_changed(target: Path) -> None:
    _seal_and_drain(target, _undrained(target, "a"))
    _undrained(target, "b").shutdown()
    spool = target.with_name("spooled.duckdb.spool")
    before = {path.name: path.read_bytes() for path in spool.iterdir() if path.is_file()}

    _job_ids(target, include_spool=True)

    after = {path.name: path.read_bytes() for path in spool.iterdir() if path.is_file()}
    assert after == before
    assert _job_ids(target, include_spool=False) == ["a"]


def test_a_segment_that_cannot_be_read_is_left_out_with_a_warning(
    target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _seal_and_drain(target, _undrained(target, "a"))
    _undrained(target, "b").shutdown()
    broken = target.with_name("spooled.duckdb.spool") / "1-0123456789ab-spans-00000001-1.seg"
    broken.write_text("this is not JSON\n", encoding="utf-8")

    with caplog.at_level(logging.WARNING, "otel_forgesyte.reading.spooled"):
        assert _job_ids(target, include_spool=True) == ["a", "b"]

    assert str(broken) in caplog.text


def test_sql_sees_the_copy_and_the_relation_outlives_it(target: Path) -> None:
    waiting = _undrained(target, "a")

    with open_reader(target, include_spool=True) as reader:
        answer = reader.sql("SELECT job_id FROM job_metrics WHERE job_id = $id", {"id": "a"})
        tables = reader.sql("SHOW TABLES").fetchall()
        with pytest.raises(duckdb.CatalogException):
            reader.sql("FROM no_such_table")
    waiting.shutdown()

    assert answer.fetchall() == [("a",)]
    assert [row[0] for row in tables] == [
        "device_usage", "job_metrics", "overlay_metrics", "plugin_metrics",
    ]  # fmt: skip


def test_without_database_and_spool_there_is_nothing_to_read(target: Path) -> None:
    with open_reader(target, include_spool=True) as reader, pytest.raises(NoDatabase):
        reader.job_summary()


def test_a_segment_sealed_while_it_is_being_read_is_not_lost(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = _undrained(target, "a")
    spool = target.with_name("spooled.duckdb.spool")
    listed = [list_segments(spool)]
    waiting.shutdown()

    def stale_once(folder: Path) -> list[SegmentFile]:
        return listed.pop() if listed else list_segments(folder)

    monkeypatch.setattr("otel_forgesyte_duckdb.segments.list_segments", stale_once)

    assert _job_ids(target, include_spool=True) == ["a"]


def test_half_a_line_of_a_killed_writer_is_left_out(target: Path) -> None:
    _seal_and_drain(target, _undrained(target, "a"))
    spool = target.with_name("spooled.duckdb.spool")
    (spool / "1-0123456789ab-spans-00000001.open").write_bytes(b'{"trace_id": "00')

    assert _job_ids(target, include_spool=True) == ["a"]
