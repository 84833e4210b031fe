from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from otel_forgesyte.reading import open_reader
from otel_forgesyte_duckdb import Settings, drain, store_status
from otel_forgesyte_duckdb.destinations import destination_of
from otel_forgesyte_duckdb.lake_maintenance import maintain
from otel_forgesyte_schema import drift
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked
from tests.lake.conftest import Lake
from tests.targets.extensions import skip_without

skip_without("ducklake", "postgres")

_AWAY = "ducklake:postgres:dbname=x host=127.0.0.1 port=1 user=u"


def test_a_password_is_in_nothing_that_is_printed(tmp_path: Path) -> None:
    database = f"{_AWAY} password='hun ter2'"
    environment = {**os.environ, "OTEL_EXPORTER_DUCKDB_DATABASE": database}
    for command in ("doctor", "status", "jobs", "drain"):
        result = subprocess.run(
            [sys.executable, "-c", "from otel_forgesyte.cli import main; main()", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "ter2" not in result.stdout + result.stderr
    settings = Settings.resolve(database=database)
    assert "ter2" not in f"{settings!r} {settings.target} {settings.spool} {Settings.describe()}"


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseLocked, match=r"user=u does not answer: Connection refused"):
        open_reader(f"{_AWAY} password=hunter2").job_summary()


def test_a_new_lake_needs_a_data_path(lake: Lake, tmp_path: Path) -> None:
    settings = Settings.resolve(database=lake.database, spool_directory=str(tmp_path / "s"))
    with (
        pytest.raises(ConfigError, match="set OTEL_EXPORTER_DUCKDB_DATA_PATH"),
        destination_of(settings).writing(),
    ):
        pass


def test_a_catalog_that_is_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    catalog = tmp_path / "lake" / "telemetry.ducklake"
    settings = Settings.resolve(
        database=f"ducklake:{catalog}",
        data_path=str(tmp_path / "data"),
        spool_directory=str(tmp_path / "spool"),
    )
    with destination_of(settings).writing():
        pass
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (catalog, catalog.parent)]
    assert modes == [0o600, 0o700], "small batches are in the catalog itself"


def test_a_lake_where_nothing_was_recorded_says_so(lake: Lake) -> None:
    with pytest.raises(ConfigError, match="nothing has been recorded there yet"):
        open_reader(lake.database).job_summary()
    assert store_status(lake.settings()).stored is None


def test_a_fresh_lake_has_the_canonical_schema_and_can_be_maintained(lake: Lake) -> None:
    from otel_forgesyte_schema import apply

    destination = destination_of(lake.settings())
    with destination.writing() as connection:
        apply(connection, "tests")
        with pytest.raises(Exception, match="disabled by configuration"):
            connection.execute("SELECT * FROM read_text('/etc/hostname')")
    with destination.reading(5.0) as connection:
        assert drift(connection) == []
    drain(lake.settings())
    done = maintain(lake.settings(), keep_days=0)
    assert (done.flushed_tables > 0, done.expired_snapshots > 0) == (True, True)
