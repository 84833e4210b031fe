"""Row 5: directories that may not be written to, before the start and while running."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import Settings, drain
from tests.faults.conftest import environment
from tests.soak.tally import tally

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOBODY = 65_534
PROGRAM = f"""
import os, sys
from pathlib import Path
from otel_forgesyte import configure, job
from tests.soak.journal import observe
import duckdb, opentelemetry.sdk.trace.export, otel_forgesyte_duckdb, otel_forgesyte.setup.assembly
if os.getuid() == 0:  # modes do not bind root
    os.setgid({_NOBODY}); os.setuid({_NOBODY})
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
print([work(f"a-{{n}}") for n in range(10)] == [f"a-{{n}}" for n in range(10)])
if when not in ("before", "missing"):
    telemetry.force_flush()
    where = {{"spool": spool, "database": database}}[when]
    mode = where.stat().st_mode
    where.chmod(0o555 if when == "spool" else 0o400)
    for n in range(10):
        work(f"b-{{n}}")
    telemetry.force_flush(1_000)
    where.chmod(mode)
    for n in range(10):
        work(f"c-{{n}}")
print(telemetry.shutdown())
journal.tell("end")
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that nobody in particular may reach: pytest's own are for their owner alone."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    for each in (folder, folder / "data", folder / "journals"):
        each.mkdir(exist_ok=True)
        each.chmod(0o755)
        if os.getuid() == 0:
            os.chown(each, _NOBODY, _NOBODY)
    yield folder
    (folder / "data").chmod(0o755)
    shutil.rmtree(folder)


def _settings(folder: Path) -> Settings:
    return Settings(database=str(folder / "data" / "telemetry.duckdb"))


# Another user may not read what coverage measures by, and a process that tries prints a traceback.
_UNMEASURED = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}


def _run(folder: Path, when: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), when],
        cwd=folder,
        env=environment({"HOME": str(folder), **_UNMEASURED}),
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
