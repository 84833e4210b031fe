"""A lake with its catalog in PostgreSQL and its files on S3, as several machines have it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_forgesyte.reading import open_reader
from otel_forgesyte_duckdb import drain, store_status
from otel_forgesyte_duckdb.lake_maintenance import maintain
from tests.lake.conftest import Lake
from tests.targets.extensions import skip_without
from tests.targets.s3 import S3Server, skip_without_s3

skip_without("ducklake", "postgres")
skip_without_s3()

# More rows in a batch than the catalog takes itself.
_JOBS = 1_500
_MACHINE = """
    import sys
    from otel_forgesyte import configure, job

    @job
    def work(job_id):
        pass

    telemetry = configure()
    for number in range(int(sys.argv[2])):
        work(f"{sys.argv[1]}-{number}")
    telemetry.shutdown(timeout_millis=3_000)
    print("ended")
"""
_CLI = "from otel_forgesyte.cli import main; main()"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.close()


@pytest.fixture
def bucket(lake: Lake, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The lake, with its files on S3 and the key in the environment."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return Lake(lake.server, lake.name, lake.folder, f"s3://{s3.bucket}/{lake.name}")


def test_machines_write_to_a_bucket_and_anybody_with_a_key_reads_it(
    bucket: Lake, s3: S3Server, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    machines = [
        start_python(_MACHINE, name, _JOBS, **bucket.environment(name)) for name in ("one", "two")
    ]
    for machine in machines:
        told, errors = machine.communicate(timeout=120)
        assert (told, errors) == ("ended\n", "")
    for name in ("one", "two"):
        drain(bucket.settings(name))

    # A reader knows the database alone: where its files are, the catalog says.
    questions = open_reader(bucket.database)
    before = questions.job_summary().fetchall()
    assert [row[:3] for row in before] == [("work", "done", 2 * _JOBS)]
    files = [name for name in s3.names() if name.startswith(f"{bucket.name}/otel/spans/")]
    assert len(files) >= 2

    done = maintain(bucket.settings(), keep_days=0)
    left = [name for name in s3.names() if name.startswith(f"{bucket.name}/otel/spans/")]
    assert len(left) == 1
    assert done.removed_files >= 2
    assert questions.job_summary().fetchall() == before


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AWS_SECRET_ACCESS_KEY", "not-the-key"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")],
)
def test_while_a_bucket_cannot_be_written_to_records_wait_and_none_is_set_aside(
    variable: str,
    value: str,
    bucket: Lake,
    start_python: Callable[..., subprocess.Popen[str]],
) -> None:
    environment = {**bucket.environment(), variable: value}
    machine = start_python(_MACHINE, "one", _JOBS, **environment)
    told, errors = machine.communicate(timeout=120)
    assert (told, errors.count("records wait there")) == ("ended\n", 1)
    status = store_status(bucket.settings())
    assert (status.dead_lines, status.dropped) == (0, {})
    assert status.spooled_lines >= _JOBS

    drain(bucket.settings())
    status = store_status(bucket.settings())
    assert (status.spooled_lines, status.dead_lines, status.unaccounted) == (0, 0, 0)
    assert bucket.rows("SELECT count(*), count(DISTINCT job_id) FROM job_metrics") == [
        (_JOBS, _JOBS)
    ]


@pytest.mark.slow
def test_a_key_is_in_nothing_that_is_printed_or_stored(
    bucket: Lake,
    s3: S3Server,
    start_python: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
) -> None:
    secret = "s3cr3t-that-is-wrong"  # noqa: S105 - so that errors are told, too
    environment = {**bucket.environment(), "AWS_SECRET_ACCESS_KEY": secret}
    told, errors = start_python(_MACHINE, "one", _JOBS, **environment).communicate(timeout=120)
    printed = told + errors
    assert "403" in printed
    for command in ("doctor", "drain", "maintain"):
        result = subprocess.run(
            [sys.executable, "-c", _CLI, command],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        printed += result.stdout + result.stderr
    secrets = (secret, s3.environment["AWS_SECRET_ACCESS_KEY"])
    assert not [each for each in secrets if each in printed]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [each for each in secrets for held in files if each.encode() in held]
