"""Row 5: directories that may not be written to, before the start and while running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import Settings, drain
from tests.faults.conftest import environment
from tests.soak.tally import tally

if TYPE_CHECKING:
    from collections.abc import Iterator

# Modes do not bind root unless it gives up what lets it pass them by.
_AS_BOUND_BY_MODES = (
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]
    if os.getuid() == 0
    else []
)
PROGRAM = """
import sys
from pathlib import Path
from otel_forgesyte import configure, job
from tests.soak.journal import observe
folder, when = Path(sys.argv[1]), sys.argv[2]
database = folder / "data" / "telemetry.duckdb"
spool = folder / "data" / "telemetry.duckdb.spool"
journal = observe(folder / "journals")

@job
def work(job_id):
    return job_id

if when == "missing":
    database = folder / "data" / "not" / "there" / "telemetry.duckdb"
if when in ("before", "missing"):
    (folder / "data").chmod(0o555)
telemetry = configure(database=database)
print([work(f"a-{n}") for n in range(10)] == [f"a-{n}" for n in range(10)])
if when not in ("before", "missing"):
    telemetry.force_flush()
    where = {"spool": spool, "database": database}[when]
    mode = where.stat().st_mode
    where.chmod(0o555 if when == "spool" else 0o400)
    for n in range(10):
        work(f"b-{n}")
    telemetry.force_flush(1_000)
    where.chmod(mode)
    for n in range(10):
        work(f"c-{n}")
print(telemetry.shutdown())
journal.tell("end")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a place for the database that can be removed whatever became of its mode."""
    for name in ("data", "journals"):
        (tmp_path / name).mkdir()
    yield tmp_path
    (tmp_path / "data").chmod(0o755)


def _settings(folder: Path) -> Settings:
    return Settings(database=str(folder / "data" / "telemetry.duckdb"))


def _run(folder: Path, when: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*_AS_BOUND_BY_MODES, sys.executable, "-c", PROGRAM, str(folder), when],
        cwd=folder,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("when", ["before", "missing"])
def test_a_directory_closed_from_the_start_is_one_clear_error_and_the_application_runs(
    folder: Path, when: str
) -> None:
    done = _run(folder, when)
    assert done.stdout.splitlines()[0] == "True"
    told = [line for line in done.stderr.splitlines() if "cannot write to" in line]
    assert len(told) == 1, done.stderr
    assert str(folder / "data") in told[0]
    assert "make it writable or set OTEL_EXPORTER_DUCKDB_DATABASE" in told[0]
    # Nothing was accepted, and nothing is there.
    assert tally(_settings(folder), folder / "journals").told.accepted == 0
    assert list((folder / "data").iterdir()) == []


@pytest.mark.parametrize("when", ["spool", "database"])
def test_a_directory_or_file_closed_for_a_while_is_counted_and_taken_up_again(
    folder: Path, when: str
) -> None:
    done = _run(folder, when)
    drain(_settings(folder))
    result = tally(_settings(folder), folder / "journals")
    assert result.problems() == []
    assert {f"c-{n}" for n in range(10)} <= result.told.kept
    if when == "spool":
        assert set(result.dropped) <= {"write_failed_EACCES"}
        assert result.unsaid.total() == 0
    else:
        assert result.dropped.total() == 0
        assert "cannot drain" in done.stderr
