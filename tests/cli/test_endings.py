"""How commands end: the exit code, one line on standard error, and quiet on a closed pipe."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from typing import IO, TYPE_CHECKING

import duckdb
import pytest
from typer.testing import CliRunner

from otel_forgesyte.cli import ExitCode, app
from otel_forgesyte.cli.exits import exit_code_help
from tests.cli.conftest import COMMAND
from tests.pythons import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]


def _one_line(finished: Finished) -> str:
    """The message, which is all that was said."""
    assert finished.out == ""
    assert finished.err.startswith("otel-forgesyte: ")
    assert finished.err.count("\n") == 1
    return finished.err.removeprefix("otel-forgesyte: ").rstrip("\n")


def test_0_where_the_answer_was_given(cli: Run, database: Path) -> None:
    assert cli("jobs", "-d", database).code == 0


def test_3_for_a_backup_into_a_folder_that_is_not_there(
    cli: Run, database: Path, tmp_path: Path
) -> None:
    finished = cli("backup", "nowhere/copy.duckdb", "-d", database)

    assert finished.code == 3
    assert _one_line(finished) == f"there is no folder {tmp_path / 'nowhere'}: make it first"


def test_1_for_a_job_nobody_recorded(cli: Run, database: Path) -> None:
    finished = cli("job", "j9", "-d", database)

    assert finished.code == 1
    assert _one_line(finished).startswith(f"no job 'j9' in {database}; try ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("jobs", "--bogus"), "No such option: --bogus (see 'otel-forgesyte jobs --help')"),
        (("nonsense",), "No such command 'nonsense' (see 'otel-forgesyte --help')"),
        ((), "Missing command (see 'otel-forgesyte --help')"),
        (("schema",), "Missing command (see 'otel-forgesyte schema --help')"),
        (("jobs", "--older-than", "1h"), "Invalid value: --older-than needs --running"),
        (("jobs", "--running", "--failed"), "Invalid value: --running lists jobs that have not"),
        (("jobs", "--running", "--older-than", "soon"), "Invalid value for '--older-than': 'soon'"),
        (("sql", "SELEC 1"), "the query was refused: Parser Error: syntax error"),
        (("sql", "FROM no_such_table"), "the query was refused: Catalog Error: Table with name"),
        (("sql", "SELECT 'x'::INTEGER"), "the query was refused: Conversion Error"),
        (("sql", "DELETE FROM job_metrics"), "the query was refused: Invalid Input Error"),
        (("jobs", "-d", "s3://bucket/file"), "argument database: only a file path"),
        (("schema", "show", "nothing"), "no table or view 'nothing'; there are job_metrics, "),
    ],
)
def test_2_for_a_mistake_of_the_caller(
    cli: Run, database: Path, arguments: tuple[str, ...], message: str
) -> None:
    finished = cli(*arguments, OTEL_EXPORTER_DUCKDB_DATABASE=str(database))

    assert finished.code == 2
    assert _one_line(finished).startswith(message)


def test_2_for_a_setting_that_cannot_be_understood(cli: Run) -> None:
    finished = cli("jobs", OTEL_EXPORTER_DUCKDB_THREADS="many")

    assert finished.code == 2
    assert "OTEL_EXPORTER_DUCKDB_THREADS is 'many'" in _one_line(finished)


def test_3_where_there_is_no_database(cli: Run, tmp_path: Path) -> None:
    finished = cli("jobs", "-d", "none.duckdb")

    assert finished.code == 3
    assert _one_line(finished).startswith(f"there is no database at {tmp_path / 'none.duckdb'}")


def test_3_where_the_file_is_not_a_database(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "picture.duckdb").write_bytes(b"PNG" * 10_000)

    finished = cli("jobs", "-d", "picture.duckdb")

    assert finished.code == 3
    assert "not a valid DuckDB database file" in _one_line(finished)


def test_3_where_a_newer_version_wrote_it(cli: Run, database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE otel.schema_version SET version = 99")

    finished = cli("jobs", "-d", database)

    assert finished.code == 3
    assert "schema version 99" in _one_line(finished)


def test_70_for_a_defect_with_the_traceback_only_on_request(
    monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("otel_forgesyte.reading.reader.Reader.job_summary", fail)

    plain = CliRunner().invoke(app, ["jobs", "-d", str(database)])
    traced = CliRunner().invoke(app, ["--traceback", "jobs", "-d", str(database)])

    assert plain.exit_code == traced.exit_code == 70
    assert plain.output.startswith("otel-forgesyte: internal error: RuntimeError: a defect; ")
    assert plain.output.count("\n") == 1
    assert "Traceback (most recent call last)" in traced.output


def test_every_exit_code_is_explained_in_the_help(cli: Run) -> None:
    finished = cli("--help")

    assert finished.code == 0
    for code in ExitCode:
        assert f"{code.value}: " in finished.out
        assert f"{code.value}: " in exit_code_help()


def test_a_pipe_closed_early_is_no_error(database: Path) -> None:
    command = f"{COMMAND} sql 'SELECT * FROM range(300000)' -d '{database}' | head -n 2"

    finished = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "range\n0\n", "")


def _unread(pipe: IO[str]) -> int:
    answer = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, sys.byteorder)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["jobs", "--watch", "--every", "0.1"], 0), (["sql", "-"], 130)]
)
def test_ctrl_c_is_quiet_and_is_how_a_watch_ends(
    database: Path, arguments: list[str], code: int
) -> None:
    process = subprocess.Popen(
        [COMMAND, *arguments, "-d", str(database)],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    if "--watch" in arguments:
        headings = 0
        while headings < 2:
            headings += process.stdout.readline().startswith("plugin\t")
    else:
        process.stdin.write("SELECT 1")
        process.stdin.flush()
        while _unread(process.stdin):  # until it reads, it is still starting
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)

    assert (process.returncode, errors) == (code, "")


def test_the_version_is_told(cli: Run) -> None:
    assert cli("--version").out.startswith("otel-forgesyte 0.")


def test_starting_up_loads_neither_duckdb_nor_the_sdk() -> None:
    source = (
        "import sys, otel_forgesyte.cli; "
        "heavy = ('duckdb', 'opentelemetry.sdk', 'otel_forgesyte_duckdb', 'skimage')"
        "; sys.exit(', '.join(name for name in heavy if name in sys.modules) or None)"
    )

    finished = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False
    )

    assert finished.stderr == ""
    assert finished.returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_can_be_had(cli: Run, shell: str) -> None:
    finished = cli("--show-completion", shell, SHELL=f"/bin/{shell}")

    assert finished.code == 0
    assert "otel" in finished.out.lower()


def test_job_ids_are_completed(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from otel_forgesyte.cli.completion import job_ids

    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_DATABASE", str(database))
    assert job_ids("j") == ["j4", "j3", "j2", "j1"]
    assert job_ids("st") == ["stuck"]

    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_DATABASE", os.fspath(database) + ".none")
    assert job_ids("j") == []
