"""Every kind of function is wrapped as what it is."""

from __future__ import annotations

import asyncio
import functools
import inspect
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace

from otel_forgesyte import constant, current_job_id, frame, job, plugin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.domain.recorder import Recorder


@job(job_id="name")
def greet(name: str) -> str:
    return f"hello {name}"


@plugin
async def greet_later(name: str) -> str:
    await asyncio.sleep(0)
    return f"hello {name}"


@frame
def draw(index: int) -> int:
    return index


@pytest.mark.parametrize("function", [greet, greet_later, draw])
def test_a_decorated_function_is_pickled_by_reference(function: Any) -> None:
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301 - made one line above


def test_a_decorated_function_runs_in_another_process() -> None:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert processes.submit(greet, "you").result() == "hello you"


@pytest.mark.parametrize("decorate", [job, plugin, frame, job(), plugin(), frame()])
def test_each_kind_of_function_stays_of_its_kind(decorate: Any) -> None:
    def function() -> None: ...

    async def coroutine() -> None: ...

    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    assert not inspect.iscoroutinefunction(decorate(function))
    assert inspect.iscoroutinefunction(decorate(coroutine))
    assert inspect.isgeneratorfunction(decorate(generator))
    assert inspect.isasyncgenfunction(decorate(async_generator))


def test_a_coroutine_is_current_while_it_runs(recorded: Recorder) -> None:
    @job(job_id=constant("j"))
    async def execute() -> str | None:
        await asyncio.sleep(0)
        return current_job_id()

    assert asyncio.run(execute()) == "j"
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "done"


def test_a_coroutine_that_is_never_awaited_records_nothing(recorded: Recorder) -> None:
    @job
    async def execute() -> None: ...

    execute().close()
    assert recorded.spans == []


def test_an_object_that_is_async_in_its_call_is_awaited(recorded: Recorder) -> None:
    class Model:
        async def __call__(self, factor: int) -> int:
            await asyncio.sleep(0)
            return factor

    model = plugin(plugin=constant("m"))(Model())
    assert asyncio.run(model(3)) == 3
    assert recorded.span("plugin m")


def test_a_partial_of_a_coroutine_function_is_awaited(recorded: Recorder) -> None:
    @functools.partial
    async def execute(factor: int) -> int:
        await asyncio.sleep(0)
        return factor

    assert asyncio.run(plugin(plugin=constant("m"))(execute)(3)) == 3
    assert recorded.span("plugin m")


def test_a_builtin_is_a_plugin_by_its_name(recorded: Recorder) -> None:
    assert plugin(len)([1, 2]) == 2
    assert recorded.span("plugin len")


def test_with_blocks_work_in_coroutines(recorded: Recorder) -> None:
    async def execute() -> None:
        async with job(job_id="j", plugin="server"), plugin(plugin="ocr") as running:
            await asyncio.sleep(0)
            assert running.job_id == current_job_id() == "j"
        assert current_job_id() is None

    asyncio.run(execute())
    assert recorded.span("plugin ocr").parent == recorded.span("job server").context


def test_arguments_that_do_not_fit_are_refused_as_before(recorded: Recorder) -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        greet()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert recorded.attributes("job greet")["error.type"] == "TypeError"


def test_what_a_function_leaves_attached_does_not_reach_its_caller(recorded: Recorder) -> None:
    @job
    def careless() -> None:
        stray = recorded.tracer_provider.get_tracer("x").start_span("stray")
        from opentelemetry.context import attach

        attach(trace.set_span_in_context(stray))

    careless()
    assert trace.get_current_span() is trace.INVALID_SPAN
