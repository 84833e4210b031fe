"""The draining child process: started when needed, ended with its parent, replaced when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

from otel_forgesyte_duckdb import Settings, drain
from otel_forgesyte_duckdb.election import drainer_pid
from tests.processes.servers import rows
from tests.pythons import StartPython
from tests.waiting import wait_for

# Records a span for each line it is sent, and answers what `force_flush` said.
WRITER = """
    import sys
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(flush_interval_s=0.1)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for line in sys.stdin:
        provider.get_tracer("t").start_span(line.strip()).end()
        print(exporter.force_flush(), flush=True)
    provider.shutdown()
    print("duckdb" in sys.modules, flush=True)
"""
CHILD = {"OTEL_EXPORTER_DUCKDB_DRAIN": "child"}


def _record(writer: subprocess.Popen[str], name: str) -> str:
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(f"{name}\n")
    writer.stdin.flush()
    return writer.stdout.readline().strip()


def _names(database: Path) -> list[str]:
    return [name for (name,) in rows(database, "SELECT name FROM otel.spans ORDER BY name")]


def _child_of(writer: subprocess.Popen[str]) -> psutil.Process:
    [child] = psutil.Process(writer.pid).children()
    return child


def _has_ended(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def test_a_child_stores_for_an_application_that_never_imports_duckdb(
    database: Path, start: StartPython
) -> None:
    writer = start(WRITER, **CHILD)
    assert _record(writer, "first") == "True"
    child = _child_of(writer)
    assert drainer_pid(Path(f"{database}.spool")) == child.pid
    assert _names(database) == ["first"]
    out, error = writer.communicate(timeout=20)
    assert (out, error, writer.returncode) == ("False\n", "", 0)
    assert _has_ended(child)


def test_what_the_child_is_told_stands_neither_in_its_command_line_nor_in_its_environment(
    database: Path, tmp_path: Path, start: StartPython
) -> None:
    source = WRITER.replace("flush_interval_s", f"database={str(database)!r}, flush_interval_s")
    writer = start(source, **CHILD | {"OTEL_EXPORTER_DUCKDB_DATABASE": ""})
    assert _record(writer, "first") == "True"
    child = _child_of(writer)
    assert str(database) not in " ".join(child.cmdline())
    assert str(database) not in " ".join(child.environ().values())
    assert _names(tmp_path / "telemetry.duckdb") == ["first"]


def test_only_one_of_several_processes_has_a_child(database: Path, start: StartPython) -> None:
    writers = [start(WRITER, **CHILD) for _ in range(3)]
    for number, writer in enumerate(writers):
        assert _record(writer, f"s{number}") == "True"
    wait_for(lambda: sum(len(psutil.Process(each.pid).children()) for each in writers) == 1)
    for writer in writers:
        assert writer.communicate(timeout=20)[1] == ""
    assert _names(database) == ["s0", "s1", "s2"]


def test_a_killed_parent_is_followed_by_its_child_which_first_stores_what_it_left(
    database: Path, start: StartPython
) -> None:
    source = WRITER.replace("exporter.force_flush()", "True").replace("=0.1", "=3600.0")
    writer = start(source, **CHILD)
    starter = start(WRITER, **CHILD)  # has the child, and is killed too
    assert _record(starter, "first") == "True"
    child = _child_of(starter)
    assert _record(writer, "left in an open segment") == "True"
    writer.kill()
    writer.wait()
    starter.kill()
    starter.wait()
    killed_at = time.monotonic()
    wait_for(lambda: _has_ended(child), "its end", 10)
    assert time.monotonic() - killed_at < 5
    assert _names(database) == ["first", "left in an open segment"]


def test_a_fork_of_the_application_does_not_keep_the_child_alive(
    database: Path, start: StartPython
) -> None:
    source = WRITER.replace(
        "provider.shutdown()",
        "forked = os.fork()\n    if forked == 0:\n        time.sleep(60)\n    os._exit(0)",
    ).replace("import sys", "import os, sys, time, warnings; warnings.simplefilter('ignore')", 1)
    writer = start(source, **CHILD)
    assert _record(writer, "first") == "True"
    child = _child_of(writer)
    assert writer.stdin is not None
    writer.stdin.close()
    writer.wait(20)
    wait_for(lambda: _has_ended(child), "its end", 10)
    assert _names(database) == ["first"]


def test_a_killed_child_is_replaced_and_that_is_said_once(
    database: Path, start: StartPython
) -> None:
    writer = start(WRITER, **CHILD)
    children: list[int] = []
    for number in range(3):
        assert _record(writer, f"s{number}") == "True"
        child = _child_of(writer)
        children.append(child.pid)
        child.kill()
    killed_at = time.monotonic()
    assert _record(writer, "last") == "True"
    assert time.monotonic() - killed_at < 5
    _, error = writer.communicate(timeout=20)
    assert len(set(children)) == 3
    assert error.count("ended with status -9; another will follow") == 1
    assert _names(database) == ["last", "s0", "s1", "s2"]


def test_ctrl_c_ends_the_application_and_not_its_child_before_it(
    database: Path, start: StartPython
) -> None:
    source = WRITER.replace("for line", "import signal\n    for line")
    writer = start(source, **CHILD)
    assert _record(writer, "first") == "True"
    child = _child_of(writer)
    assert os.getpgid(child.pid) == child.pid != os.getpgid(writer.pid)
    for number in (signal.SIGINT, signal.SIGTERM):
        child.send_signal(number)
    assert _record(writer, "second") == "True"
    assert _child_of(writer).pid == child.pid
    writer.communicate(timeout=20)
    assert _names(database) == ["first", "second"]


def test_a_database_that_somebody_else_has_keeps_neither_the_end_nor_the_child_waiting(
    database: Path, start: StartPython
) -> None:
    holder = start("import duckdb, sys; c = duckdb.connect(sys.argv[1]); input()", database)
    wait_for(database.exists)
    writer = start(WRITER.replace("force_flush()", "force_flush(1_000)"), **CHILD)
    assert _record(writer, "first") == "False"
    child = _child_of(writer)
    ending_at = time.monotonic()
    _, error = writer.communicate(timeout=20)
    assert time.monotonic() - ending_at < 4
    assert error.count("DatabaseLocked") == 1
    assert _has_ended(child)
    holder.communicate("\n")
    drain(Settings(database=str(database)))
    assert _names(database) == ["first"]


def test_a_module_path_of_the_application_is_the_childs_too_and_its_directory_is_not(
    tmp_path: Path, start: StartPython
) -> None:
    (tmp_path / "duckdb.py").write_text("raise SystemExit('took a file of the directory')")
    source = WRITER.replace("import sys", "import sys; sys.path.remove('')", 1)
    writer = start(source, **CHILD)
    assert _record(writer, "first") == "True"
    assert writer.communicate(timeout=20)[1] == ""


def test_in_external_mode_a_flush_waits_for_nobody_and_the_records_for_whoever_drains(
    database: Path, start: StartPython
) -> None:
    writer = start(WRITER, OTEL_EXPORTER_DUCKDB_DRAIN="external")
    started_at = time.monotonic()
    assert _record(writer, "first") == "False"
    assert time.monotonic() - started_at < 5
    assert writer.communicate(timeout=20)[0] == "False\n"
    drain(Settings(database=str(database)))
    assert _names(database) == ["first"]
