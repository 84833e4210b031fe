"""A database that stays open while it is served, and is drained all the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import DuckDBSpanExporter, Settings, reading
from otel_forgesyte_duckdb.draining import Drainer
from otel_forgesyte_duckdb.held import HeldDestination
from otel_forgesyte_schema.errors import DatabaseLocked, TelemetryError
from tests.serving.test_the_same_rows import make_spans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def held(tmp_path: Path) -> Iterator[HeldDestination]:
    destination = HeldDestination(Settings(database=str(tmp_path / "a.duckdb")).anchored())
    yield destination
    destination.close()


def spool_spans(path: Path) -> Settings:
    exporter = DuckDBSpanExporter(database=path, drain="external")
    exporter.export(make_spans())
    exporter.shutdown()
    return Settings(database=str(path)).anchored()


def drained(settings: Settings, held: HeldDestination) -> int:
    drainer = Drainer(settings, held)
    assert drainer.elect()
    try:
        return drainer.drain(time.monotonic() + 10).stored
    finally:
        drainer.resign()


def test_a_forgotten_transaction_of_a_reader_keeps_no_segment(
    held: HeldDestination, tmp_path: Path
) -> None:
    reader = held.connection.cursor()
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM otel.spans").fetchall() == [(0,)]
    settings = spool_spans(tmp_path / "a.duckdb")
    assert drained(settings, held) == 5
    assert held.has_kept
    assert list(settings.spool.glob("*.seg")) == []
    assert reader.execute("SELECT count(*) FROM otel.spans").fetchall() == [(0,)]
    reader.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM otel.spans").fetchall() == [(5,)]


def test_others_of_this_process_are_told_that_it_is_held(
    held: HeldDestination, tmp_path: Path
) -> None:
    del held
    with pytest.raises(DatabaseLocked), reading(tmp_path / "a.duckdb", timeout_s=0.1):
        pass


def test_a_file_that_was_replaced_takes_no_segment_with_it(
    held: HeldDestination, tmp_path: Path
) -> None:
    (tmp_path / "a.duckdb").rename(tmp_path / "gone.duckdb")
    settings = spool_spans(tmp_path / "a.duckdb")
    drained(settings, held)
    assert held.is_lost
    assert not held.has_kept
    assert list(settings.spool.glob("*-spans-*.seg")) != []


def test_sql_reaches_no_file_but_the_database_and_its_spool(
    held: HeldDestination, tmp_path: Path
) -> None:
    import duckdb

    (tmp_path / "other.txt").write_text("secret", encoding="utf-8")
    for sql in (
        f"FROM read_text('{tmp_path}/other.txt')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.duckdb' AS other",
        "INSERT INTO job_metrics SELECT * FROM job_metrics",  # a view: nothing is appended to it
    ):
        with pytest.raises(duckdb.Error):
            held.connection.execute(sql)


def test_a_file_of_another_schema_is_refused_and_let_go(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(tmp_path / "b.duckdb") as connection:
        connection.execute("CREATE TABLE job_metrics (mine INTEGER)")
    with pytest.raises(TelemetryError, match="job_metrics"):
        HeldDestination(Settings(database=str(tmp_path / "b.duckdb")).anchored())
    with duckdb.connect(tmp_path / "b.duckdb") as connection:
        assert connection.execute("FROM job_metrics").fetchall() == []
