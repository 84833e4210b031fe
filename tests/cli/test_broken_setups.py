"""Set-ups broken for real: `doctor` ends with 1, and says what is wrong and what to do about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_schema import SCHEMA_VERSION
from tests.pythons import clean_environment
from tests.quack.conftest import serve_command
from tests.reading.history import make_history
from tests.soak.disk import small_disk
from tests.targets.extensions import REQUIRED, what_is_missing
from tests.waiting import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]

TOKEN = "the-token-of-the-server"  # noqa: S105
HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""
# Its files may grow to a few lines: the disk is full for it alone.
LOSING = """
import resource, sys
from otel_forgesyte import configure, job
@job
def work(job_id):
    return job_id
with configure(database=sys.argv[1]) as telemetry:
    telemetry.force_flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
    for number in range(200):
        work(str(number))
    telemetry.force_flush(500)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
"""
# Modes bind root as everybody once the capability to pass over them is gone (prctl: 24 drops it
# from what the next program may have; 1 is CAP_DAC_OVERRIDE).
BOUND_BY_MODES = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(24, 1)
start = "from otel_forgesyte.cli import main; main()"
os.execv(sys.executable, [sys.executable, "-c", start, *sys.argv[1:]])
"""


def told(finished: Finished) -> dict[str, str]:
    """Return what is wrong, each with what to do."""
    assert finished.code == 1, finished
    problems = json.loads(finished.out)["problems"]
    assert problems
    assert all(problem["remedy"] for problem in problems)
    return {problem["what"]: problem["remedy"] for problem in problems}


@pytest.fixture
def holder(database: Path) -> Iterator[int]:
    """Another process, which has the file open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process.pid
    process.communicate(timeout=10)


def test_a_file_that_another_process_holds(cli: Run, database: Path, holder: int) -> None:
    [(what, remedy)] = told(cli("doctor", "--json", "-d", database)).items()

    assert f"{database} was held by process {holder} for all of 2 s" in what
    assert "stop it" in what
    assert remedy == "close the program that has it open"


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_disk_that_is_full(cli: Run, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, 64 << 20) as disk:
        if disk is None:
            pytest.skip("this user may not mount")
        database = make_history(folder / "telemetry.duckdb")
        disk.fill()
        problems = told(cli("doctor", "--json", "-d", database))

    assert problems == {
        f"the disk of {folder} is nearly full: 0 bytes are free": (
            "make room there, or move the database and its spool"
        )
    }


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_a_disk_that_was_full_for_a_while(cli: Run, tmp_path: Path) -> None:
    database = tmp_path / "telemetry.duckdb"
    subprocess.run(
        [sys.executable, "-c", LOSING, str(database)],
        env=clean_environment(),
        check=True,
        capture_output=True,
        timeout=60,
    )

    problems = told(cli("doctor", "--json", "-d", database))

    lost = {what: remedy for what, remedy in problems.items() if "lost: disk_full" in what}
    assert lost
    assert all("loss_ledger" in remedy for remedy in lost.values())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that asks for `TOKEN`."""
    if missing := what_is_missing("quack", "httpfs"):
        if os.environ.get(REQUIRED):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        serve_command(tmp_path / "telemetry.duckdb", "--quack", address),
        env=clean_environment() | {"OTEL_EXPORTER_DUCKDB_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        text=True,
    )
    started = any(line.startswith("SQL at ") for line in process.stdout or ())
    yield f"quack:{address}"
    process.terminate()
    process.communicate(timeout=30)
    assert started


@pytest.mark.parametrize(
    ("token", "wrong"),
    [("not-the-servers", "does not know this token"), ("", "asks for a token")],
)
def test_a_token_that_is_wrong_or_not_given(cli: Run, server: str, token: str, wrong: str) -> None:
    asked = cli("doctor", "--json", "-d", server, OTEL_EXPORTER_DUCKDB_TOKEN=token)
    [(what, remedy)] = told(asked).items()

    assert f"{server} {wrong}" in what
    assert "OTEL_EXPORTER_DUCKDB_TOKEN_FILE" in what
    assert remedy == "set the token as it says there"
    assert not token or token not in asked.out + asked.err


def test_a_database_that_a_newer_release_wrote(cli: Run, database: Path) -> None:
    newer = SCHEMA_VERSION + 1
    with duckdb.connect(database) as connection:
        connection.execute("INSERT INTO otel.schema_version VALUES (?, now(), '9.0')", [newer])

    problems = told(cli("doctor", "--json", "-d", database))

    [what] = [what for what in problems if what.startswith(str(database))]
    assert f"has schema version {newer}, this otel-forgesyte knows up to {SCHEMA_VERSION}" in what
    assert problems[what] == "pip install --upgrade otel-forgesyte"


@pytest.mark.skipif(sys.platform == "win32", reason="has no modes")
def test_a_folder_that_may_not_be_written_to(database: Path) -> None:
    folder = database.parent
    folder.chmod(0o555)
    try:
        finished = subprocess.run(
            [sys.executable, "-c", BOUND_BY_MODES, "doctor", "-d", str(database)],
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        folder.chmod(0o755)

    assert finished.returncode == 1, finished
    assert (
        f"the folder {folder} may not be written to\n"
        "   -> let this user write there, or set OTEL_EXPORTER_DUCKDB_DATABASE to another place\n"
    ) in finished.stdout
    assert f"the spool directory {database}.spool cannot be made: every record is lost\n" in (
        finished.stdout
    )
