"""A generator is current only while its body runs, and ends with it."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from otel_forgesyte import current_job_id, job, plugin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.domain.recorder import Recorder


@job(job_id="name")
def walk(name: str, steps: int = 3) -> Generator[str | None, str | None, dict[str, int]]:
    """Yields the job that is current, as seen from within."""
    for _ in range(steps):
        yield current_job_id()
    return {"steps": steps, "of": len(name)}


@job(job_id="name")
async def walk_later(name: str, steps: int = 3) -> AsyncGenerator[str | None, str | None]:
    for _ in range(steps):
        await asyncio.sleep(0)
        yield current_job_id()
    del name


def statuses(recorded: Recorder) -> dict[str, str]:
    return {
        str(span.attributes["forgesyte.job.id"]): str(span.attributes["forgesyte.job.status"])
        for span in recorded.spans
        if span.attributes is not None
    }


def test_a_generator_is_one_job_from_its_first_step_to_its_last(recorded: Recorder) -> None:
    running = walk("a")
    assert recorded.spans == []
    assert list(running) == ["a", "a", "a"]
    assert statuses(recorded) == {"a": "done"}


def test_the_context_of_a_generator_does_not_leak_to_its_caller(recorded: Recorder) -> None:
    running = walk("a")
    assert next(running) == "a"
    assert current_job_id() is None
    assert trace.get_current_span() is trace.INVALID_SPAN
    running.close()
    assert current_job_id() is None
    assert statuses(recorded) == {"a": "cancelled"}


def test_interleaved_generators_keep_their_jobs(recorded: Recorder) -> None:
    a, b = walk("a"), walk("b")
    assert [next(a), next(b), next(a), next(b)] == ["a", "b", "a", "b"]
    assert list(b) == ["b"]
    assert list(a) == ["a"]
    assert statuses(recorded) == {"b": "done", "a": "done"}


def test_the_return_value_of_a_generator_is_forwarded(recorded: Recorder) -> None:
    def outer() -> Generator[Any, Any, Any]:
        return (yield from walk("ab", 1))

    delegating = outer()
    next(delegating)
    with pytest.raises(StopIteration) as stop:
        next(delegating)
    assert stop.value.value == {"steps": 1, "of": 2}
    assert statuses(recorded) == {"ab": "done"}


def test_the_return_value_tells_the_outcome(recorded: Recorder) -> None:
    @job(job_id=lambda _: "g")
    def execute() -> Generator[int, None, dict[str, str]]:
        yield 1
        return {"error": "no frames"}

    list(execute())
    assert statuses(recorded) == {"g": "error"}


def test_sent_values_and_thrown_exceptions_reach_the_body(recorded: Recorder) -> None:
    received: list[Any] = []

    @plugin
    def body() -> Generator[int, Any, str]:
        received.append((yield 1))
        try:
            yield 2
        except ValueError as error:
            received.append(error)
        yield 3
        return "end"

    running = body()
    thrown = ValueError("thrown")
    assert next(running) == 1
    assert running.send("sent") == 2
    assert running.throw(thrown) == 3
    assert received == ["sent", thrown]
    with pytest.raises(StopIteration):
        next(running)
    assert recorded.span("plugin body").status.status_code is StatusCode.UNSET
    assert thrown.__context__ is None


def test_an_exception_of_the_body_carries_nothing_of_ours(recorded: Recorder) -> None:
    @job
    def body() -> Generator[int, Any, None]:
        with suppress(ValueError):
            yield 1
        yield 2
        raise KeyError("k")

    running = body()
    next(running)
    running.throw(ValueError("v"))
    with pytest.raises(KeyError) as caught:
        next(running)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert recorded.attributes("job body")["error.type"] == "KeyError"


def test_an_early_break_is_cancelled_and_not_an_error(recorded: Recorder) -> None:
    for item in walk("a"):
        assert item == "a"
        break
    gc.collect()
    assert statuses(recorded) == {"a": "cancelled"}
    assert recorded.spans[0].status.status_code is StatusCode.UNSET
    assert recorded.logs("exception") == []
    ((labels, _),) = recorded.counts("forgesyte.job.duration")
    assert labels["forgesyte.job.status"] == "cancelled"


def test_a_plugin_that_is_broken_off_is_cancelled(recorded: Recorder) -> None:
    @plugin
    def body() -> Generator[int, None, None]:
        yield 1

    next(body())
    gc.collect()
    assert recorded.attributes("plugin body")["forgesyte.job.status"] == "cancelled"
    assert recorded.span("plugin body").status.status_code is StatusCode.UNSET


def test_closing_runs_the_cleanup_of_the_body_inside_its_job(recorded: Recorder) -> None:
    seen: list[str | None] = []

    @job(job_id="name")
    def body(name: str) -> Generator[int, None, None]:
        try:
            yield len(name)
        finally:
            seen.append(current_job_id())

    running = body("a")
    next(running)
    running.close()
    running.close()
    assert seen == ["a"]
    assert statuses(recorded) == {"a": "cancelled"}


def test_a_body_that_returns_when_closed_is_cancelled_too(recorded: Recorder) -> None:
    @job(job_id=lambda _: "a")
    def body() -> Generator[int, None, str]:
        try:
            yield 1
        except GeneratorExit:
            return "early"
        return "late"

    running: Any = body()
    next(running)
    closed = running.close()
    if sys.version_info >= (3, 13):
        assert closed == "early"
    assert statuses(recorded) == {"a": "cancelled"}


def test_a_body_that_ignores_being_closed_is_told_so_as_before(recorded: Recorder) -> None:
    @job
    def body() -> Generator[int, None, None]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    running = body()
    next(running)
    with pytest.raises(RuntimeError, match="generator ignored GeneratorExit"):
        running.close()
    assert recorded.spans == []


def test_an_exception_raised_while_closing_leaves_unchanged(recorded: Recorder) -> None:
    failure = OSError("disk")

    @job
    def body() -> Generator[int, None, None]:
        try:
            yield 1
        finally:
            raise failure

    running = body()
    next(running)
    with pytest.raises(OSError, match="disk") as caught:
        running.close()
    assert caught.value is failure
    assert recorded.attributes("job body")["error.type"] == "OSError"


def test_a_generator_may_be_closed_from_another_thread(
    recorded: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    running = walk("a")
    next(running)
    closer = threading.Thread(target=running.close)
    closer.start()
    closer.join()
    assert statuses(recorded) == {"a": "cancelled"}
    assert current_job_id() is None
    assert caplog.records == []


def test_a_generator_may_be_advanced_by_many_threads(recorded: Recorder) -> None:
    running = walk("a", steps=4)
    seen: list[str | None] = []
    for _ in range(4):
        thread = threading.Thread(target=lambda: seen.append(next(running)))
        thread.start()
        thread.join()
    assert seen == ["a"] * 4
    assert list(running) == []
    assert statuses(recorded) == {"a": "done"}


def test_a_generator_that_is_never_started_records_nothing(recorded: Recorder) -> None:
    running: Any = walk("a")
    del running
    gc.collect()
    assert recorded.spans == []


def test_an_exception_thrown_before_the_first_step_records_nothing(recorded: Recorder) -> None:
    with pytest.raises(ValueError, match="v"):
        walk("a").throw(ValueError("v"))
    assert recorded.spans == []


def test_a_span_that_the_body_holds_open_is_current_again_at_its_next_step(
    recorded: Recorder,
) -> None:
    tracer = recorded.tracer_provider.get_tracer("x")

    @job
    def body() -> Generator[int, None, None]:
        with tracer.start_as_current_span("held") as held:
            yield 1
            assert trace.get_current_span() is held
            tracer.start_span("below").end()

    running = body()
    next(running)
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert list(running) == []
    assert recorded.span("below").parent == recorded.span("held").context
    assert recorded.span("held").parent == recorded.span("job body").context


def test_an_async_generator_is_one_job(recorded: Recorder) -> None:
    async def consume() -> list[str | None]:
        seen = [item async for item in walk_later("a")]
        assert current_job_id() is None
        return seen

    assert asyncio.run(consume()) == ["a", "a", "a"]
    assert statuses(recorded) == {"a": "done"}


def test_async_generators_interleaved_in_one_task_keep_their_jobs(recorded: Recorder) -> None:
    async def consume() -> list[str | None]:
        a, b = walk_later("a", 2), walk_later("b", 2)
        seen = [await anext(a), await anext(b), await anext(a), await anext(b)]
        assert current_job_id() is None
        await a.aclose()
        assert [item async for item in b] == []
        return seen

    assert asyncio.run(consume()) == ["a", "b", "a", "b"]
    assert statuses(recorded) == {"a": "cancelled", "b": "done"}


def test_an_async_generator_forwards_what_is_sent_and_thrown(recorded: Recorder) -> None:
    received: list[Any] = []

    @plugin
    async def body() -> AsyncGenerator[int, Any]:
        received.append((yield 1))
        try:
            yield 2
        except ValueError as error:
            received.append(error)
        yield 3

    async def drive() -> None:
        thrown = ValueError("v")
        running = body()
        assert await anext(running) == 1
        assert await running.asend("sent") == 2
        assert await running.athrow(thrown) == 3
        assert received == ["sent", thrown]
        with pytest.raises(StopAsyncIteration):
            await anext(running)

    asyncio.run(drive())
    assert recorded.span("plugin body").status.status_code is StatusCode.UNSET


def test_an_async_generator_may_be_closed_from_another_task(
    recorded: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    async def drive() -> None:
        running = walk_later("a")
        await anext(running)
        await asyncio.create_task(_close(running))
        assert current_job_id() is None

    async def _close(running: AsyncGenerator[Any, Any]) -> None:
        await running.aclose()
        assert current_job_id() is None

    asyncio.run(drive())
    assert statuses(recorded) == {"a": "cancelled"}
    assert caplog.records == []


@pytest.mark.parametrize("attempt", range(5))
def test_an_async_generator_left_open_is_closed_by_the_loop_without_complaint(
    recorded: Recorder, caplog: pytest.LogCaptureFixture, attempt: int
) -> None:
    cleaned: list[int] = []

    @job(job_id="name")
    async def body(name: str) -> AsyncGenerator[int, None]:
        try:
            yield len(name)
        finally:
            await asyncio.sleep(0.001)
            cleaned.append(attempt)

    kept: list[Any] = []

    async def drive() -> None:
        for number in range(5):
            running = body(f"job {number}")
            kept.append(running)
            await anext(running)

    asyncio.run(drive())
    assert cleaned == [attempt] * 5
    assert set(statuses(recorded).values()) == {"cancelled"}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_an_async_body_that_returns_when_closed_is_cancelled_too(recorded: Recorder) -> None:
    @job(job_id=lambda _: "a")
    async def body() -> AsyncGenerator[int, None]:
        with suppress(GeneratorExit):
            yield 1

    async def drive() -> None:
        running = body()
        await anext(running)
        await running.aclose()

    asyncio.run(drive())
    assert statuses(recorded) == {"a": "cancelled"}


def test_an_async_generator_dropped_by_its_task_is_cancelled(recorded: Recorder) -> None:
    async def drive() -> None:
        async for _ in walk_later("a"):
            break
        gc.collect()
        await asyncio.sleep(0.01)

    asyncio.run(drive())
    assert statuses(recorded) == {"a": "cancelled"}


def test_an_async_generator_cancelled_while_it_waits_is_cancelled(recorded: Recorder) -> None:
    @job(job_id="name")
    async def body(name: str) -> AsyncGenerator[int, None]:
        await asyncio.sleep(60)
        yield len(name)

    async def drive() -> None:
        async def first() -> int:
            return await anext(body("a"))

        waiting = asyncio.create_task(first())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(drive())
    assert statuses(recorded) == {"a": "cancelled"}
