"""Rows 6, 7 and 8: the database or its write-ahead log is not what it was."""

from __future__ import annotations

import logging
import os
import random
import shutil
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_duckdb import drain
from tests.faults.conftest import accounted_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.duckdb.conftest import Target

COMMITTED_IN_THE_LOG = """
    import os, signal, sys
    from otel_forgesyte_duckdb import Settings, batches, database, drain
    connect, store = database._connect, batches.store
    def connect_with_log(path, settings):
        connection = connect(path, settings)
        connection.execute("SET wal_autocheckpoint = '1GB'")
        return connection
    def store_and_die(*arguments):
        store(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    database._connect, batches.store = connect_with_log, store_and_die
    drain(Settings(database=sys.argv[1]))
"""


def _spans(target: Target, name: str, count: int) -> None:
    tracer = target.tracer(target.spans())
    for number in range(count):
        tracer.start_span(name, attributes={"number": number, "text": "x" * 100}).end()
    target.shutdown()
    target.made.clear()


def _flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        [byte] = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ (1 << offset % 8)]))


def _everything(target: Target) -> int:
    """Reads every column of every row, so that no damaged block stays unread."""
    tables = ("otel.spans", "otel.segments", "otel.resources", "job_metrics")
    for table in tables:
        target.query(f"SELECT * FROM {table}")
    return int(target.value("SELECT count(*) FROM otel.spans"))


@pytest.mark.parametrize(
    "tries", [pytest.param(60, marks=[pytest.mark.slow, pytest.mark.exhaustive]), 6]
)
@pytest.mark.parametrize("way", ["cut", "flipped"])
def test_a_database_cut_or_flipped_anywhere_never_loses_a_row_in_silence(
    undrained: Target, tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str, tries: int
) -> None:
    _spans(undrained, "before", 50)
    undrained.drain()
    whole = tmp_path / "whole"
    shutil.copy(undrained.path, whole)
    size = whole.stat().st_size
    chance = random.Random(5)  # noqa: S311 - a test's dice
    offsets = [*range(0, 12_288, 2_047), *(chance.randrange(size) for _ in range(tries))]
    set_aside = 0
    for offset in offsets:
        for path in tmp_path.glob("telemetry.duckdb*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copy(whole, undrained.path)
        _spans(undrained, "after", 5)
        if way == "cut":
            os.truncate(undrained.path, offset)
        else:
            _flip(undrained.path, offset)
        caplog.clear()
        with caplog.at_level(logging.CRITICAL):
            refused = _refusal(undrained)
        aside = list(tmp_path.glob("telemetry.duckdb.corrupt.*"))
        loud = [record for record in caplog.records if record.levelno == logging.CRITICAL]
        assert len(aside) == len(loud), offset
        set_aside += len(aside)
        if refused:
            assert undrained.segments("spans"), offset  # loud, and the records wait
        elif aside:
            assert accounted_for(undrained, 5).stored == 5, offset
        else:
            assert _all_or_an_error(undrained) in {55, None}, offset
    assert set_aside > 2


def _refusal(target: Target) -> bool:
    try:
        drain(target.settings)
    except duckdb.Error:
        return True
    return False


def _all_or_an_error(target: Target) -> int | None:
    try:
        return _everything(target)
    except duckdb.Error:
        return None


def _damaged(log: bytes, how: str, offset: int) -> bytes:
    match how:
        case "cut":
            return log[:offset]
        case "zeroed":
            return log[:offset] + bytes(len(log) - offset)
        case _:
            return log[:offset] + bytes([log[offset] ^ 0x10]) + log[offset + 1 :]


@pytest.mark.parametrize("how", ["cut", "zeroed", "flipped", "foreign"])
def test_a_damaged_write_ahead_log_costs_no_record_and_doubles_none(
    undrained: Target,
    tmp_path: Path,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    how: str,
) -> None:
    """Its segments stay in the spool until a checkpoint has made them safe."""
    _spans(undrained, "before", 50)
    undrained.drain()
    _spans(undrained, "after", 50)
    assert run_python(COMMITTED_IN_THE_LOG, undrained.path).returncode == -9
    log = undrained.path.with_name("telemetry.duckdb.wal")
    content = log.read_bytes()
    kept = tmp_path / "kept"
    kept.mkdir()
    for path in (undrained.path, undrained.spool):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, kept / path.name)
    chance = random.Random(8)  # noqa: S311 - a test's dice
    offsets = [0, 9, 17, len(content) - 3, *(chance.randrange(len(content)) for _ in range(4))]
    for offset in offsets:
        for path in tmp_path.glob("telemetry.duckdb*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in kept.iterdir():
            copied = tmp_path / path.name
            (shutil.copytree if path.is_dir() else shutil.copy)(path, copied)
        if how == "foreign":
            _log_of_another_database(tmp_path, log)
        else:
            log.write_bytes(_damaged(content, how, offset))
        drain(undrained.settings)
        assert accounted_for(undrained, 100).stored == 100, offset
        assert undrained.value("SELECT count(DISTINCT span_id) FROM otel.spans") == 100, offset
        assert undrained.segments() == [], offset
        if how == "foreign":
            break


def _log_of_another_database(folder: Path, log: Path) -> None:
    other = folder / "other.duckdb"
    connection = duckdb.connect(str(other))
    connection.execute("SET wal_autocheckpoint = '1GB'; PRAGMA disable_checkpoint_on_shutdown")
    connection.execute("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
    connection.close()
    shutil.move(str(other) + ".wal", log)
    other.unlink()
