"""Children of `multiprocessing` with a draining child process: each its own, or its parent's."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from otel_forgesyte_duckdb import Settings, drain
from tests.processes.servers import environment, stored

WORK = """
    import multiprocessing, sys, warnings
    from otel_forgesyte import configure, job, plugin

    warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads: what is tested here

    @plugin
    def find_edges(job_id):
        return {"edges": job_id}

    @job
    def analyse(job_id):
        return find_edges(job_id)

    def in_a_child(job_id):
        configure()
        analyse(job_id)
        return "duckdb" in sys.modules

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        with configure() as telemetry:
            analyse("parent before")
            assert telemetry.force_flush()  # the draining process is there when others are forked
            with context.Pool(2) as pool:
                assert not any(pool.map(in_a_child, [f"pool-{number}" for number in range(20)]))
                pool.close()  # leaving the block terminates them, with what they have in memory
                pool.join()
            processes = [context.Process(target=in_a_child, args=(f"p-{n}",)) for n in range(3)]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
                assert process.exitcode == 0
            analyse("parent after")
        assert "duckdb" not in sys.modules
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_and_processes_store_each_job_once_and_never_import_duckdb(
    database: Path, tmp_path: Path, method: str
) -> None:
    script = tmp_path / "work.py"
    script.write_text(textwrap.dedent(WORK))  # a file: spawned children import it
    done = subprocess.run(
        [sys.executable, str(script), method],
        env=environment(database, OTEL_EXPORTER_DUCKDB_DRAIN="child"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    drain(Settings(database=str(database)))
    names = ["parent before", "parent after", *(f"pool-{number}" for number in range(20))]
    expected = dict.fromkeys([*names, "p-0", "p-1", "p-2"], 1)
    assert dict(stored(database)) == expected
    assert dict(stored(database, "plugin_metrics")) == expected
