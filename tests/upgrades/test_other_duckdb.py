"""One file under two versions of DuckDB in turn. Needs an interpreter that has the other one:

OTEL_FORGESYTE_OTHER_PYTHON=/path/to/python python -m pytest tests/upgrades
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from otel_forgesyte_schema import SCHEMA_VERSION
from tests.upgrades.conftest import APPLICATION, OLDER, Archive, finished, unpack
from tests.upgrades.test_stored_databases import limited_to

OTHER = os.environ.get("OTEL_FORGESYTE_OTHER_PYTHON", "")
COMMAND = "from otel_forgesyte.cli import main; main()"
COUNT = (
    "import duckdb, sys; connection = duckdb.connect(sys.argv[1], read_only=True);"
    " print(connection.execute('SELECT count(*) FROM otel.spans').fetchall())"
)

pytestmark = pytest.mark.skipif(
    not OTHER, reason="OTEL_FORGESYTE_OTHER_PYTHON names no interpreter with another DuckDB"
)


def _command(python: str, folder: Path, *arguments: str) -> str:
    ended = finished([python, "-c", COMMAND, *arguments], folder)
    assert (ended.code, ended.err) == (0, ""), arguments
    return ended.out


def _answers(python: str, folder: Path) -> dict[str, Any]:
    ended = finished([python, str(APPLICATION), "answers"], folder)
    assert (ended.code, ended.err) == (0, "")
    said: dict[str, Any] = json.loads(ended.out)
    return said


def test_the_other_interpreter_has_another_duckdb(tmp_path: Path) -> None:
    show = "import duckdb; print(duckdb.__version__)"
    versions = {finished([each, "-c", show], tmp_path).out for each in (OTHER, sys.executable)}

    assert len(versions) == 2
    assert "" not in versions


@pytest.mark.slow
@pytest.mark.parametrize("archive", OLDER, ids=str)
@pytest.mark.parametrize("migrates_first", [OTHER, sys.executable], ids=["other", "this"])
def test_what_one_duckdb_migrates_and_the_other_drains_into_both_can_read(
    archive: Archive, migrates_first: str, tmp_path: Path
) -> None:
    stored = unpack(archive, tmp_path)
    drains = OTHER if migrates_first == sys.executable else sys.executable
    _command(migrates_first, tmp_path, "schema", "migrate")
    for python in (migrates_first, drains):
        assert limited_to(_answers(python, tmp_path), stored.answers) == stored.answers

    [backup] = stored.backups()
    assert finished([drains, "-c", COUNT, str(backup)], tmp_path).out == "[(17,)]\n"

    _command(drains, tmp_path, "drain")

    for python in (migrates_first, drains):
        equal = f"{stored.database} equals schema version {SCHEMA_VERSION}\n"
        assert _command(python, tmp_path, "schema", "check") == equal
        jobs = json.loads(_command(python, tmp_path, "jobs", "--json"))
        assert sum(each["jobs"] for each in jobs) == 8
    assert _answers(OTHER, tmp_path) == _answers(sys.executable, tmp_path)
