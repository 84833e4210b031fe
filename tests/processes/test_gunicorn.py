"""Real gunicorn, four workers, one database: a job row and a plugin row for each request, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from otel_forgesyte import open_reader
from otel_forgesyte_duckdb import drain
from tests.processes.servers import Server, environment, gunicorn, rows, stored
from tests.waiting import wait_for

REQUESTS = 200


def _assert_each_is_stored_once(server: Server) -> None:
    assert stored(server.database) == server.told
    assert stored(server.database, "plugin_metrics") == server.told
    assert set(server.told.values()) == {1}


@pytest.mark.parametrize("preload", [(), ("--preload",)], ids=["no preload", "preload"])
@pytest.mark.parametrize("mode", ["thread", "child"])
def test_each_request_to_four_workers_is_one_row(
    database: Path, mode: str, preload: tuple[str, ...]
) -> None:
    with gunicorn(database, *preload, OTEL_EXPORTER_DUCKDB_DRAIN=mode) as server:
        answers = server.ask_often(REQUESTS)
        assert not any(answer["duckdb"] for answer in answers if mode == "child")
        assert server.stop() == 0
    assert len(server.told) == REQUESTS
    _assert_each_is_stored_once(server)
    assert list(server.settings.spool.glob("*.seg")) == []
    assert "Traceback" not in server.said()
    # Each worker has metric readers that run: without them, these would be fewer.
    counted = "SELECT sum(count)::INT FROM otel.metric_points WHERE name = 'forgesyte.job.duration'"
    assert rows(database, counted) == [(REQUESTS,)]


@pytest.mark.slow
def test_a_command_line_and_a_reader_beside_the_workers_keep_nobody_from_storing(
    database: Path,
) -> None:
    command = [str(Path(sys.executable).with_name("otel-forgesyte")), "jobs", "--latest", "5"]
    ended: list[subprocess.CompletedProcess[str]] = []
    counts: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            [(count,)] = open_reader(database).sql("SELECT count(*) FROM job_metrics").fetchall()
            counts.append(count)

    def ask() -> None:
        while not stop.is_set():
            ended.append(
                subprocess.run(
                    command, env=environment(database), capture_output=True, text=True, check=False
                )
            )

    with gunicorn(database) as server:
        assert server.ask("flush=1")["flushed"]
        threads = [threading.Thread(target=read), threading.Thread(target=ask)]
        for thread in threads:
            thread.start()
        for _ in range(4):
            server.ask_often(REQUESTS // 4)
            server.ask("flush=1")
        stop.set()
        for thread in threads:
            thread.join()
        assert server.stop() == 0
    _assert_each_is_stored_once(server)
    assert [one.stderr for one in ended if one.returncode] == []
    assert len(ended) >= 1
    assert counts == sorted(counts)
    assert counts[-1] > counts[0] >= 1


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["thread", "child"])
def test_workers_that_are_recycled_after_a_few_requests_store_each(
    database: Path, mode: str
) -> None:
    recycled = ("--max-requests", "40")
    with gunicorn(database, *recycled, OTEL_EXPORTER_DUCKDB_DRAIN=mode) as server:
        answers = server.ask_often(REQUESTS)
        assert server.stop() == 0
    assert len({answer["pid"] for answer in answers}) > 4
    _assert_each_is_stored_once(server)


@pytest.mark.slow
def test_a_graceful_reload_under_load_loses_and_doubles_nothing(database: Path) -> None:
    with gunicorn(database, "--preload") as server:
        before = {answer["pid"] for answer in server.ask_often(REQUESTS // 4)}
        server.process.send_signal(signal.SIGHUP)
        server.ask_often(REQUESTS // 2)
        wait_for(lambda: before.isdisjoint(server.workers()))
        after = {answer["pid"] for answer in server.ask_often(REQUESTS // 4)}
        assert server.stop() == 0
    assert before.isdisjoint(after)
    _assert_each_is_stored_once(server)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["thread", "child"])
def test_a_killed_worker_loses_nothing_that_was_flushed_and_its_successor_goes_on(
    database: Path, mode: str
) -> None:
    with gunicorn(database, OTEL_EXPORTER_DUCKDB_DRAIN=mode) as server:
        server.ask_often(REQUESTS // 2)
        victim = server.ask("flush=1")
        assert victim["flushed"]
        told_by_victim = {job for job in server.told if job.startswith(f"{victim['pid']}-")}
        os.kill(victim["pid"], signal.SIGKILL)
        wait_for(lambda: victim["pid"] not in server.workers())
        for _ in range(REQUESTS // 2):
            server.ask_or_not()
        assert server.stop() == 0
    drain(server.settings)
    counted = stored(database)
    assert set(counted.values()) == {1}
    assert told_by_victim <= counted.keys()
    assert set(server.told) - counted.keys() == set()


@pytest.mark.slow
def test_a_worker_that_takes_too_long_is_ended_with_its_records_stored(database: Path) -> None:
    with gunicorn(database, "--timeout", "2", workers=1) as server:
        server.ask_often(20, at_once=1)
        first = server.ask()["pid"]
        assert server.ask_or_not("sleep=60") is None
        assert server.ask()["pid"] != first
        assert server.stop() == 0
    drain(server.settings)
    counted = stored(database)
    assert "WORKER TIMEOUT" in server.said()
    assert set(server.told) - counted.keys() == set()
    # The job of the request that never got an answer was recorded before it slept.
    assert sum(counted.values()) == len(counted) == len(server.told) + 1
