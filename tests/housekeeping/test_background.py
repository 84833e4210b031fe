"""Retention as an application does it by itself, and what all records add up to afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from otel_forgesyte.cli.application import app
from otel_forgesyte_duckdb import writing
from tests.housekeeping.conftest import make_kept

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

# It records until everything old is archived, and some more.
APPLICATION = """
import sys, time
from pathlib import Path
from otel_forgesyte import configure, job

@job
def live(job_id):
    pass

database, archive, files = sys.argv[1:]
deadline = time.monotonic() + 60
with configure(database=database):
    number, left = 0, 40
    while left and time.monotonic() < deadline:
        live(f"live-{number}")
        number += 1
        left -= len(list(Path(archive).rglob("*.parquet"))) == int(files)
        time.sleep(0.02)
print(number)
"""


def test_an_application_prunes_and_archives_while_it_records_and_every_record_is_accounted_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*arguments: str) -> Any:
        line = [*arguments, "--json", "-d", str(kept.path)]
        assert app(line, prog_name="otel-forgesyte", standalone_mode=False) == 0
        return json.loads(capsys.readouterr().out)

    kept = make_kept(tmp_path, days=1)
    with writing(kept.path) as connection:
        connection.execute(
            "UPDATE otel.schema_version SET applied_at = applied_at - INTERVAL 2 HOUR"
        )
    summary = "SELECT sum(runs)::INTEGER FROM otel.summary_by_minute WHERE plugin = 'ocr'"
    assert kept.value(summary) == 200
    archive = tmp_path / "archive"
    ended = subprocess.run(
        [sys.executable, "-c", APPLICATION, str(kept.path), str(archive), "5"],
        env={
            **os.environ,
            "OTEL_EXPORTER_DUCKDB_RETENTION": "30d",
            "OTEL_EXPORTER_DUCKDB_ARCHIVE_DIRECTORY": str(archive),
            "OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL": "0.1",
        },
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    live = int(ended.stdout)
    status = command("status")

    def adds_up() -> None:
        counted = command("status")
        assert (counted["accepted"], counted["unaccounted"]) == (status["accepted"], 0)
        assert counted["stored"] == counted["accepted"] > live
        assert kept.value("SELECT count(*) FROM job_metrics WHERE plugin = 'live'") == live
        assert kept.rows("SELECT count(*), count(DISTINCT id) FROM otel.all_job_metrics") == [
            (live + 100, live + 100)
        ]
        assert kept.value(summary) == 200

    assert kept.value("SELECT count(*) FROM job_metrics WHERE plugin = 'ocr'") == 0
    assert kept.value("SELECT count(*) FROM otel.spans WHERE name = 'work'") == 0
    adds_up()
    command("compact")
    adds_up()
    command("backup", str(tmp_path / "copy.duckdb"))
    kept.path.unlink()
    shutil.move(tmp_path / "copy.duckdb", kept.path)
    adds_up()
