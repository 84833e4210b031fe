"""Many jobs at once never mix."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte import current_job_id, job, plugin, report_device, telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.domain.recorder import Recorder

THREADS = 8
JOBS = 500


def _assert_each_job_has_its_plugins(recorded: Recorder, jobs: int) -> None:
    traces: dict[int, set[str]] = {}
    names: Counter[str] = Counter()
    for span in recorded.spans:
        assert span.context is not None
        assert span.attributes is not None
        job_id = str(span.attributes["forgesyte.job.id"])
        traces.setdefault(span.context.trace_id, set()).add(job_id)
        names[span.name] += 1
    assert len(traces) == jobs
    assert all(len(ids) == 1 for ids in traces.values())
    assert len({job_id for ids in traces.values() for job_id in ids}) == jobs
    assert names == {"job execute": jobs, "plugin outer": jobs, "plugin inner": jobs}


def test_eight_threads_of_500_jobs_mix_no_ids(recorded: Recorder) -> None:
    @plugin
    def inner(expected: str) -> None:
        assert current_job_id() == expected

    @plugin
    def outer(expected: str) -> None:
        inner(expected)
        assert current_job_id() == expected

    @job
    def execute(job_id: str) -> None:
        outer(job_id)
        assert current_job_id() == job_id

    def work(thread: int) -> None:
        for number in range(JOBS):
            execute(f"{thread}-{number}")
        assert current_job_id() is None

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))
    _assert_each_job_has_its_plugins(recorded, THREADS * JOBS)
    ((_, count),) = recorded.counts("forgesyte.job.duration")
    assert count == THREADS * JOBS


def test_interleaved_tasks_mix_no_ids(recorded: Recorder) -> None:
    @plugin
    async def inner(expected: str) -> None:
        await asyncio.sleep(0)
        assert current_job_id() == expected

    @plugin
    async def outer(expected: str) -> None:
        await asyncio.gather(inner(expected), asyncio.sleep(0))
        assert current_job_id() == expected

    @job
    async def execute(job_id: str) -> None:
        await asyncio.sleep(0)
        await outer(job_id)
        assert current_job_id() == job_id

    async def run() -> None:
        await asyncio.gather(*(execute(str(number)) for number in range(200)))
        assert current_job_id() is None

    asyncio.run(run())
    _assert_each_job_has_its_plugins(recorded, 200)


def test_a_thread_started_by_asyncio_belongs_to_the_job(recorded: Recorder) -> None:
    @plugin
    def inner() -> str | None:
        return current_job_id()

    @job
    async def execute(job_id: str) -> str | None:
        del job_id
        return await asyncio.to_thread(inner)

    assert asyncio.run(execute("j")) == "j"
    assert recorded.span("plugin inner").parent == recorded.span("job execute").context


def test_a_declaration_shared_by_threads_ends_the_right_job(recorded: Recorder) -> None:
    declared = job(plugin="p")
    inside = threading.Barrier(2)
    leave_first = threading.Event()

    def first() -> str:
        with declared as running:
            inside.wait()
            return running.job_id

    def second() -> str:
        with declared as running:
            inside.wait()
            leave_first.wait()
            assert running.span.is_recording()
            return running.job_id

    with ThreadPoolExecutor(2) as threads:
        one, two = threads.submit(first), threads.submit(second)
        assert one.result() != ""
        leave_first.set()
        assert two.result() != one.result()
    assert [span.attributes["forgesyte.job.id"] for span in recorded.spans if span.attributes] == [
        one.result(),
        two.result(),
    ]


def test_a_device_reported_in_one_job_does_not_reach_another(recorded: Recorder) -> None:
    reported = threading.Barrier(2)

    @job
    def execute(job_id: str, uses: str) -> None:
        del job_id
        report_device(uses, uses)
        reported.wait()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(execute, ["a", "b"], ["cpu", "mps"]))
    devices = {
        span.attributes["forgesyte.job.id"]: span.attributes["forgesyte.device.name"]
        for span in recorded.spans
        if span.attributes is not None
    }
    assert devices == {"a": "cpu", "b": "mps"}


def test_a_declaration_under_many_threads_ends_each_ones_own_plugin() -> None:
    declared = plugin(plugin="p")
    others: list[object] = []

    def work() -> None:
        for _ in range(5_000):
            with declared as running:
                pass
            if running.context:  # an operation parts from its context when it ends
                others.append(running)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert others == []


def test_threads_that_start_together_share_one_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def slow(*_: object) -> object:
        time.sleep(0.02)
        made.append(object())
        return made[-1]

    monkeypatch.setattr(telemetry, "_emitters", None)
    monkeypatch.setattr(telemetry, "Emitters", slow)
    with ThreadPoolExecutor(THREADS) as threads:
        asked = [threads.submit(telemetry.emitters) for _ in range(THREADS)]
        bound = [each.result() for each in asked]
    assert len(made) == 1
    assert bound == made * THREADS


FORKED_WHILE_COUNTING = """
import os, sys, threading
from otel_forgesyte import failures
held, done = threading.Event(), threading.Event()
class Place(str):
    def __hash__(self):
        held.set()
        done.wait()
        return 1
threading.Thread(target=failures.failed, args=(Place("p"), ValueError())).start()
held.wait()
child = os.fork()
if child == 0:
    failures.failed("in the child", ValueError())
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
done.set()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_while_another_thread_counts_a_failure_can_count_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED_WHILE_COUNTING],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert ran.stdout == "7\n"


def test_a_failure_may_be_counted_while_one_is_being_counted(
    expected_failures: Callable[[], dict[str, int]],
) -> None:
    class Interrupted(str):
        __slots__ = ()

        def __hash__(self) -> int:
            telemetry.failed("signal handler", ValueError())
            return 1

    counting = threading.Thread(
        target=telemetry.failed, args=(Interrupted("p"), ValueError()), daemon=True
    )
    counting.start()
    counting.join(5)
    assert not counting.is_alive()
    assert expected_failures()["signal handler"] > 0
