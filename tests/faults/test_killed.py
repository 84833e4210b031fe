"""Rows 1, 2 and 15: processes that die, at any moment and at every step."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import drain
from tests.faults.conftest import accounted_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.duckdb.conftest import Target
    from tests.faults.conftest import Bench

_NOT_ACCEPTED_S = 2.5  # a second in the SDK's queue, and as long again on a busy machine


@pytest.mark.parametrize("seed", [1, 2])
def test_writers_killed_at_random_lose_nothing_they_had_accepted(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    writers = [bench.start() for _ in range(2)]
    for writer in writers:
        writer.tell("on_and_on")
    for _ in range(3):
        time.sleep(chance.uniform(1.0, 2.0))
        writers.pop(0).kill()
        writers.append(bench.start())
        writers[-1].tell("on_and_on")
    time.sleep(chance.uniform(1.0, 2.0))
    for writer in writers:
        writer.kill()
    result = bench.adds_up()
    assert len(result.told.kept) > 100


@pytest.mark.parametrize("end", ["sigterm", "leave", "sigkill"])
def test_what_a_process_loses_by_dying_is_younger_than_a_flush_interval(
    bench: Bench, end: str
) -> None:
    writer = bench.start(OTEL_BSP_SCHEDULE_DELAY="1000", OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="1")
    if end == "leave":
        for _ in range(3):
            writer.do("jobs", 50)
            time.sleep(0.5)
        writer.tell("leave")
        writer.process.wait(10)
        died_at = time.time()
    else:
        writer.do("jobs", 50)  # it has started
        writer.tell("on_and_on")
        time.sleep(4)
        died_at = time.time()
        writer.process.send_signal(signal.SIGTERM if end == "sigterm" else signal.SIGKILL)
        writer.process.wait(10)
    result = bench.adds_up()
    accepted = result.told.kept | result.told.doubtful
    late = [
        key
        for key, ended_at in result.told.times.items()
        if key not in accepted and ended_at < died_at - _NOT_ACCEPTED_S
    ]
    assert late == []
    assert len(result.told.kept) >= 50


@pytest.fixture
def template(undrained: Target, tmp_path: Path) -> Path:
    """A database with one span in it, and a spool with sealed segments for 200 more."""
    for spans in (1, 200):
        tracer = undrained.tracer(undrained.spans(segment_bytes=30_000))
        for number in range(spans):
            tracer.start_span("s", attributes={"text": f"{number}" * 40}).end()
        undrained.shutdown()
        undrained.made.clear()
        if spans == 1:
            undrained.drain()
    place = tmp_path / "template"
    place.mkdir()
    shutil.copy(undrained.path, place)
    shutil.copytree(undrained.spool, place / undrained.spool.name)
    return place


def _lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


EVERY = pytest.param(1, marks=[pytest.mark.slow, pytest.mark.exhaustive])


@pytest.mark.parametrize("stride", [EVERY, 6])
def test_a_drainer_killed_at_any_of_its_steps_leaves_each_record_to_be_stored_once(
    run_module: Callable[..., subprocess.CompletedProcess[str]],
    template: Path,
    tmp_path: Path,
    stride: int,
) -> None:
    told = _lines(run_module("steps", "kill", template, tmp_path, stride))
    ends = [line for line in told if "stored" in line]
    assert len(ends) > 6
    for end in ends:
        found = end["stored"], end["left"], end["rows"], end["segments"], end["aside"]
        assert found == (201, 0, [201, 201], 0, 0), end
    if stride == 1:
        places = {line.get("at") for line in told}
        assert places >= {"store", "_ingest", "_record", "is_checkpointed", "has_kept", "unlink"}


@pytest.mark.parametrize("what", ["delete", "replace"])
@pytest.mark.parametrize("stride", [EVERY, 11])
def test_a_database_deleted_or_replaced_at_any_step_of_a_drain_takes_no_record_with_it(
    run_module: Callable[..., subprocess.CompletedProcess[str]],
    template: Path,
    tmp_path: Path,
    what: str,
    stride: int,
) -> None:
    told = _lines(run_module("steps", what, template, tmp_path, stride))
    ends = [line for line in told if "stored" in line]
    assert len(ends) > 3
    # The span that was in the deleted file is gone with it; the undisturbed run has it.
    for end in ends[:-1]:
        stored = 200 if what == "delete" else 201
        assert (end["stored"], end["left"], end["segments"]) == (stored, 0, 0), end


@pytest.mark.parametrize("stride", [EVERY, 16])
def test_a_disk_that_is_full_at_any_size_of_the_database_neither_loses_nor_doubles(
    run_module: Callable[..., subprocess.CompletedProcess[str]],
    template: Path,
    tmp_path: Path,
    stride: int,
) -> None:
    """Somewhere on the way COMMIT is durable and its checkpoint fails: a naive retry doubles."""
    told = _lines(run_module("steps", "limit", template, tmp_path, stride))
    ends = [line for line in told if "stored" in line]
    assert len(ends) > 2
    for end in ends:
        assert (end["stored"], end["left"], end["rows"]) == (201, 0, [201, 201]), end
    assert any("checkpoint" in str(line.get("error")) for line in told)


def test_a_commit_whose_checkpoint_failed_is_not_repeated(
    undrained: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    tracer = undrained.tracer()
    for _ in range(100):
        tracer.start_span("s").end()
    undrained.shutdown()
    failed = run_python(
        """
        import sys, resource
        from otel_forgesyte_duckdb import Settings, batches, database, drain
        # What is committed stays in the write-ahead log, as when the checkpoint has no room.
        connect, store = database._connect, batches.store
        def connect_with_log(path, settings):
            connection = connect(path, settings)
            connection.execute("SET wal_autocheckpoint = '1GB'")
            return connection
        def store_and_fill(*arguments):
            store(*arguments)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        database._connect, batches.store = connect_with_log, store_and_fill
        drain(Settings(database=sys.argv[1]))
        """,
        undrained.path,
    )
    assert failed.returncode == 1
    assert "checkpoint" in failed.stderr
    assert undrained.path.with_name("telemetry.duckdb.wal").stat().st_size > 0
    assert len(undrained.segments("spans")) == 1
    drain(undrained.settings)
    assert accounted_for(undrained, 100).stored == 100
    assert undrained.value("SELECT count(DISTINCT span_id) FROM otel.spans") == 100
    assert undrained.segments() == []
