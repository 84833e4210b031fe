"""Who writes, who reads and who serves: the same answers, and clear words where there are none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte.reading import (
    NoSuchJob,
    QuestionRefused,
    Reader,
    ServerUnreachable,
    TokenRefused,
    open_reader,
)
from otel_forgesyte_duckdb import Settings, store_status
from otel_forgesyte_schema.errors import ConfigError
from tests.quack.conftest import START, Server, serve_command
from tests.scenarios.quack import missing
from tests.waiting import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = 'it\'s $job_id; DROP TABLE "jobs" -- \\ ☃'
APPLICATION = """
import sys
from otel_forgesyte import configure, frame, job, plugin, report_device
@plugin
def find(value):
    report_device("gpu", "cpu", "no gpu here")
    with frame(0):
        return {"boxes": [value]}
@job
def analyse(job_id, value):
    return find(value)
with configure(database=sys.argv[1]) as telemetry:
    for number in range(10):
        analyse(f"job-{number}", number)
    analyse(sys.argv[2], 0)
"""


def run_application(path: Path) -> None:
    subprocess.run([sys.executable, "-c", APPLICATION, str(path), HOSTILE], check=True, timeout=60)


def command(*arguments: str) -> tuple[int, str, str]:
    finished = subprocess.run(
        [sys.executable, "-c", START, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.returncode, finished.stdout, finished.stderr.strip()


def answers(reader: Reader) -> list[object]:
    relations = [
        reader.job_summary(),
        reader.avg_plugin_duration(),
        reader.overlay_performance(HOSTILE),
        reader.device_usage_stats(),
        reader.running_jobs(older_than=60),
        reader.recent_jobs(5, status="done"),
        reader.sql("SELECT job_id FROM job_metrics WHERE job_id = ? ORDER BY 1", [HOSTILE]),
    ]
    rows = [(relation.columns, relation.fetchall()) for relation in relations]
    return [*rows, reader.job(HOSTILE)]


@pytest.mark.slow
def test_applications_that_drain_leave_it_to_the_server_and_readers_get_what_the_file_holds(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    run_application(server.path)  # in thread mode: it is elected, and cannot open the file
    reader = open_reader(server.uri)
    wait_for(lambda: reader.sql("SELECT count(*) FROM job_metrics").fetchall() == [(11,)])
    wait_for(lambda: not list(Settings(database=str(server.path)).spool.glob("*.seg")))
    over_quack = answers(reader)
    with pytest.raises(NoSuchJob):
        reader.job("nobody's")
    assert server.end() == 0
    assert over_quack == answers(open_reader(server.path))
    status = store_status(Settings(database=str(server.path)))
    assert (status.spooled_segments, status.dead_lines, status.dropped) == (0, 0, {})


@pytest.mark.slow
def test_a_server_killed_and_started_again_answers_the_next_question(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    reader = open_reader(server.uri)
    assert reader.sql("SELECT 1").fetchall() == [(1,)]
    server.kill()
    run_application(server.path)  # which notices nothing
    again = serve(port=server.port)
    assert again.uri == server.uri
    wait_for(lambda: reader.sql("SELECT count(*) FROM job_metrics").fetchall() == [(11,)])
    os.kill(again.holder, signal.SIGKILL)
    assert reader.sql("SELECT count(*) FROM job_metrics").fetchall() == [(11,)]


@pytest.mark.slow
def test_the_command_line_asks_a_server_as_it_asks_a_file(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    run_application(server.path)
    reader = open_reader(server.uri)
    wait_for(lambda: reader.sql("SELECT count(*) FROM job_metrics").fetchall() == [(11,)])
    ask = ("--database", server.uri)
    assert command(*ask, "sql", "SELECT count(*) AS jobs FROM job_metrics")[:2] == (0, "jobs\n11\n")
    assert command(*ask, "job", HOSTILE)[0] == 0
    assert command(*ask, "jobs")[1].splitlines()[1].startswith("analyse\tdone\t11")
    assert command(*ask, "status")[1].splitlines()[0] == f"server\t{server.uri}"
    assert command(*ask, "doctor")[0] == 0
    code, _, said = command(*ask, "drain")
    assert code == 2
    assert "a server is asked, not written to" in said
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_TOKEN", "another-token")
    code, said, _ = command(*ask, "doctor")
    assert code == 1
    assert f"{server.uri} does not know this token" in said


@pytest.mark.slow
def test_trouble_is_said_in_words_that_tell_what_to_do(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    with pytest.raises(QuestionRefused, match="one SELECT at a time"):
        open_reader(server.uri).sql("DELETE FROM job_metrics")
    nobody = f"quack:127.0.0.1:{free_port()}"
    with pytest.raises(ServerUnreachable, match=f"nobody answers at {nobody}"):
        open_reader(nobody, timeout_s=0.1).job_summary()
    assert command("--database", nobody, "doctor")[0] == 1
    code, said, _ = command("--database", "quack:127.0.0.1:http", "doctor")
    assert code == 1
    assert "'quack:127.0.0.1:http' is not the address of a server: give quack:HOST:PORT" in said
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_TOKEN", "another-token")
    with pytest.raises(TokenRefused, match="does not know this token"):
        open_reader(server.uri).job_summary()
    monkeypatch.delenv("OTEL_EXPORTER_DUCKDB_TOKEN")
    with pytest.raises(TokenRefused, match="OTEL_EXPORTER_DUCKDB_TOKEN_FILE"):
        open_reader(server.uri)


def test_without_a_token_one_is_made_that_only_its_owner_reads(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_DUCKDB_TOKEN")
    server = serve()
    file = server.path.with_name("telemetry.duckdb.token")
    assert server.lines[-1] == f"SQL at {server.uri}, token in {file}"
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_TOKEN_FILE", str(file))
    assert open_reader(server.uri).sql("SELECT 1").fetchall() == [(1,)]


@pytest.mark.slow
def test_two_servers_do_not_share_a_port(serve: Callable[..., Server], tmp_path: Path) -> None:
    # quack listens with SO_REUSEPORT: the second one would get every other question.
    server = serve()
    address = f"127.0.0.1:{server.port}"
    finished = subprocess.run(
        serve_command(tmp_path / "other.duckdb", "--quack", address),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 1
    assert f"cannot listen on {address}: another process listens there" in finished.stderr


def test_a_host_that_others_reach_is_refused_unless_asked_for(tmp_path: Path) -> None:
    finished = subprocess.run(
        serve_command(tmp_path / "a.duckdb", "--quack", "0.0.0.0:9494"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 2
    assert "quack has no TLS of its own" in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_writers_are_told_that_a_server_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="OTEL_EXPORTER_DUCKDB_DRAIN=external"):
        Settings.resolve(database="quack:127.0.0.1:9494")
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_DATABASE", "quack:127.0.0.1")
    with pytest.raises(ConfigError, match="a server is asked, not written to"):
        Settings.resolve()


def test_where_duckdb_has_no_quack_the_rest_is_served_and_it_is_said(tmp_path: Path) -> None:
    if not missing():
        pytest.skip("DuckDB has quack here")
    path = tmp_path / "a.duckdb"
    process = subprocess.Popen(serve_command(path), stdout=subprocess.PIPE, text=True)
    try:
        lines = [process.stdout.readline() for _ in range(3)] if process.stdout else []
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert lines[1].startswith("OTLP/HTTP at ")
    assert lines[2].startswith("no SQL over quack: DuckDB ")
    assert "has no extension 'quack' here" in lines[2]
    assert process.returncode == 0
    assert not path.with_name("a.duckdb.token").exists()
    code, _, said = command("serve", "--database", str(path), "--quack", "127.0.0.1")
    assert code == 1
    assert "has no extension 'quack' here" in said
