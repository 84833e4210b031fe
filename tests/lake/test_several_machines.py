from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from otel_forgesyte_duckdb import drain, store_status
from tests.lake.conftest import Lake
from tests.targets.extensions import skip_without

skip_without("ducklake", "postgres")

_MACHINE = """
    import sys, time
    from otel_forgesyte import configure, constant, job, plugin

    @plugin(plugin=constant("half"))
    def half(): pass

    @job
    def work(job_id):
        half()

    rounds, jobs = int(sys.argv[1]), int(sys.argv[2])
    telemetry = configure()
    for number in range(rounds):
        for name in range(jobs):
            work(f"job-{name}")
        time.sleep(0.2)
    telemetry.shutdown(timeout_millis=int(sys.argv[3]))
    print("ended")
"""


def test_two_machines_tell_of_the_same_jobs_and_each_job_has_one_row(
    lake: Lake, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    machines = [
        start_python(_MACHINE, 8, 20, 30_000, **lake.environment(name)) for name in ("one", "two")
    ]
    for machine in machines:
        told, errors = machine.communicate(timeout=120)
        # Nor was there a word about both creating the lake at the same moment.
        assert (told, errors) == ("ended\n", "")
    for name in ("one", "two"):
        drain(lake.settings(name))

    assert lake.rows("SELECT count(*), count(DISTINCT job_id) FROM job_metrics") == [(20, 20)]
    assert lake.rows("SELECT DISTINCT status FROM job_metrics") == [("done",)]
    assert lake.rows("SELECT count(*), count(DISTINCT id) FROM plugin_metrics") == [(320, 320)]
    assert lake.rows("SELECT count(*), count(DISTINCT span_id) FROM otel.spans") == [(640, 640)]


@pytest.mark.slow
def test_postgresql_crashes_five_times_under_load_and_every_record_is_stored_once(
    lake: Lake, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    machine = start_python(_MACHINE, 60, 20, 30_000, **lake.environment())
    for _ in range(5):
        time.sleep(2.0)
        lake.server.kill()
        time.sleep(0.5)
        lake.server.start()
    told, errors = machine.communicate(timeout=120)
    assert told == "ended\n", (machine.returncode, errors)
    assert "Traceback" not in errors
    drain(lake.settings())

    status = store_status(lake.settings())
    assert (status.spooled_lines, status.dead_lines, status.dropped) == (0, 0, {})
    assert status.unaccounted == 0
    assert lake.rows("SELECT count(*), count(DISTINCT span_id) FROM otel.spans") == [(2400, 2400)]
    assert lake.rows("SELECT count(*), count(DISTINCT job_id) FROM job_metrics") == [(20, 20)]
    assert lake.rows("SELECT count(*), count(DISTINCT id) FROM plugin_metrics") == [(1200, 1200)]


def test_without_postgresql_records_wait_in_the_spool_and_nothing_is_set_aside(
    lake: Lake, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    lake.server.kill()
    try:
        machine = start_python(_MACHINE, 2, 5, 3_000, **lake.environment())
        told, _ = machine.communicate(timeout=60)
        status = store_status(lake.settings())
    finally:
        lake.server.start()
    assert told == "ended\n"
    assert (status.stored, status.dead_lines, status.dropped) == (None, 0, {})
    assert status.spooled_lines >= 20

    drain(lake.settings())
    assert lake.rows("SELECT count(*), count(DISTINCT span_id) FROM otel.spans") == [(20, 20)]
