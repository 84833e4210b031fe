"""Many jobs at once never mix."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from otel_forgesyte import current_job_id, job, plugin, report_device

if TYPE_CHECKING:
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
