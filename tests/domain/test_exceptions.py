"""The user's exception leaves as it came, and is recorded once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import gc
import logging
import pickle
import threading
import traceback
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import NoOpTracerProvider, StatusCode

from otel_forgesyte import current_job_id, job, plugin, telemetry
from otel_forgesyte.exceptions import is_cancellation, message, stack, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.domain.recorder import Recorder


class Unspeakable(Exception):  # noqa: N818 - named for what it does
    """An error that cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("not today")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


class Fatal(BaseException):
    """An error outside of `Exception`."""


EVERY_KIND: list[BaseException] = [
    ValueError("v"),
    KeyError("k"),
    StopIteration(3),
    StopAsyncIteration(),
    RecursionError("deep"),
    MemoryError(),
    OSError(2, "gone"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    AssertionError(),
    KeyboardInterrupt(),
    SystemExit(3),
    Fatal("f"),
    Unspeakable(),
]


def raiser(error: BaseException) -> Callable[[], None]:
    def execute() -> None:
        raise error

    return execute


@pytest.mark.parametrize("error", EVERY_KIND, ids=lambda error: type(error).__name__)
def test_every_kind_of_exception_leaves_unchanged_and_is_recorded(
    recorded: Recorder, error: BaseException
) -> None:
    before = dict(vars(error))
    with pytest.raises(type(error)) as caught:
        job(raiser(error))()
    assert caught.value is error
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.__suppress_context__ is False
    assert not getattr(error, "__notes__", [])
    assert vars(error) == before
    span = recorded.span("job execute")
    assert span.status.status_code is StatusCode.ERROR
    assert recorded.attributes("job execute")["error.type"] == type_name(error)
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "error"
    assert span.events == ()
    (event,) = recorded.events("exception")
    assert event["exception.type"] == type_name(error)


def test_the_traceback_gains_one_frame_for_each_decorator_and_no_more() -> None:
    error = ValueError("v")
    with pytest.raises(ValueError, match="v"):
        job(plugin(raiser(error)))()
    functions = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert functions[1:] == ["call", "call", "execute"]


def test_a_coroutine_raises_what_its_body_raised(recorded: Recorder) -> None:
    error = ValueError("v")

    @job
    async def execute() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(ValueError, match="v") as caught:
        asyncio.run(execute())
    assert caught.value is error
    assert error.__context__ is None
    assert len(recorded.events("exception")) == 1


def test_an_exception_that_passes_plugins_and_a_job_is_logged_once(recorded: Recorder) -> None:
    @plugin
    def inner() -> None:
        raise ValueError("bad box")

    @plugin
    def outer() -> None:
        inner()

    @job(job_id="name")
    def execute(name: str) -> None:
        del name
        outer()

    with pytest.raises(ValueError, match="bad box") as caught:
        execute("j")
    assert vars(caught.value) == {}
    for name in ("plugin inner", "plugin outer", "job execute"):
        assert recorded.attributes(name)["error.type"] == "ValueError"
        assert recorded.span(name).status.description == "bad box"
    (log,) = recorded.logs("exception")
    record = log.log_record
    inner_span = recorded.span("plugin inner")
    assert inner_span.context is not None
    assert record.span_id == inner_span.context.span_id
    assert record.severity_number is SeverityNumber.ERROR
    assert record.body == "bad box"
    attributes = dict(record.attributes or {})
    assert attributes["forgesyte.job.id"] == "j"
    assert attributes["forgesyte.plugin.name"] == "inner"
    assert attributes["exception.type"] == "ValueError"
    assert attributes["exception.message"] == "bad box"
    assert 'raise ValueError("bad box")' in str(attributes["exception.stacktrace"])


def test_the_error_type_is_a_label_of_the_duration(recorded: Recorder) -> None:
    with pytest.raises(ValueError, match="v"):
        job(plugin(raiser(ValueError("v"))))()
    ((labels, _),) = recorded.counts("forgesyte.plugin.execution.duration")
    assert labels["error.type"] == "ValueError"
    ((labels, _),) = recorded.counts("forgesyte.job.duration")
    assert labels["error.type"] == "ValueError"


def test_an_exception_that_the_job_handles_leaves_the_job_done(recorded: Recorder) -> None:
    @job
    def execute() -> str:
        try:
            plugin(raiser(ValueError("v")))()
        except ValueError:
            return "handled"
        return "unreachable"

    assert execute() == "handled"
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "done"
    assert len(recorded.events("exception")) == 1


def test_the_same_exception_in_a_later_job_is_logged_there_too(recorded: Recorder) -> None:
    error = ValueError("cached")
    for _ in range(2):
        with pytest.raises(ValueError, match="cached"):
            job(raiser(error))()
    assert len(recorded.events("exception")) == 2


def test_an_exception_that_one_job_handled_is_logged_again_in_the_next(recorded: Recorder) -> None:
    error = ValueError("cached")

    @job
    def handle() -> None:
        with suppress(ValueError):
            plugin(raiser(error))()

    handle()
    assert pickle.loads(pickle.dumps(error)).args == ("cached",)  # noqa: S301 - our own bytes
    handle()
    with pytest.raises(ValueError, match="cached"):
        job(raiser(error))()
    assert len(recorded.events("exception")) == 3
    assert vars(error) == {}


def test_an_exception_that_passes_a_job_within_a_job_is_logged_once(recorded: Recorder) -> None:
    with pytest.raises(ValueError, match="v"), job(plugin="outer"):
        job(raiser(ValueError("v")))()
    assert len(recorded.events("exception")) == 1


def test_a_new_exception_raised_while_another_is_handled_is_logged_with_it(
    recorded: Recorder,
) -> None:
    @job
    def execute() -> None:
        try:
            plugin(raiser(ValueError("first")))()
        except ValueError as error:
            raise OSError("second") from error

    with pytest.raises(OSError, match="second") as caught:
        execute()
    assert isinstance(caught.value.__cause__, ValueError)
    first, second = recorded.events("exception")
    assert first["exception.message"] == "first"
    assert "direct cause" in second["exception.stacktrace"]


@pytest.mark.parametrize("kind", [asyncio.CancelledError, concurrent.futures.CancelledError])
def test_cancellation_is_cancelled_and_not_an_error(
    recorded: Recorder, kind: type[BaseException]
) -> None:
    with pytest.raises(kind):
        job(plugin(raiser(kind())))()
    span = recorded.span("job execute")
    assert span.status.status_code is StatusCode.UNSET
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "cancelled"
    assert recorded.attributes("plugin execute")["forgesyte.job.status"] == "cancelled"
    assert "error.type" not in recorded.attributes("plugin execute")
    assert recorded.logs("exception") == []


def test_a_cancelled_task_is_a_cancelled_job(recorded: Recorder) -> None:
    @job
    async def execute() -> None:
        await asyncio.sleep(60)

    async def cancel() -> None:
        task = asyncio.create_task(execute())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "cancelled"


def test_a_timeout_is_an_error(recorded: Recorder) -> None:
    @job
    async def execute() -> None:
        await asyncio.wait_for(asyncio.sleep(60), 0.001)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(execute())
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "error"


def test_a_killed_greenlet_is_a_cancellation() -> None:
    killed = type("GreenletExit", (BaseException,), {"__module__": "greenlet"})
    assert is_cancellation(killed())


def test_a_subclass_of_a_cancellation_is_a_cancellation() -> None:
    class Stopped(asyncio.CancelledError):
        pass

    assert is_cancellation(Stopped())
    assert not is_cancellation(ValueError())


def test_a_coroutine_closed_from_another_thread_raises_and_logs_nothing(
    recorded: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    @job
    async def execute() -> None:
        await asyncio.sleep(0)

    running: Coroutine[Any, Any, None] = execute()
    contextvars.copy_context().run(running.send, None)
    closer = threading.Thread(target=running.close)
    closer.start()
    closer.join()
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "cancelled"
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_a_with_block_left_by_an_exception_records_it(recorded: Recorder) -> None:
    error = ValueError("v")
    with pytest.raises(ValueError, match="v") as caught, job(plugin="p"):
        raise error
    assert caught.value is error
    assert recorded.attributes("job p")["error.type"] == "ValueError"


def test_an_exception_of_a_module_is_named_with_its_module() -> None:
    assert type_name(Fatal()) == f"{__name__}.Fatal"
    assert type_name(concurrent.futures.CancelledError()) == (
        "concurrent.futures._base.CancelledError"
    )


def test_an_exception_without_a_message_is_known_by_its_type(recorded: Recorder) -> None:
    with pytest.raises(AssertionError):
        job(raiser(AssertionError()))()
    assert recorded.span("job execute").status.description == "AssertionError"
    assert message(Unspeakable()) == "Unspeakable"


def test_a_huge_message_is_cut_and_says_so(recorded: Recorder) -> None:
    with pytest.raises(ValueError, match="x"):
        job(raiser(ValueError("x" * 20_000_000)))()
    description = recorded.span("job execute").status.description
    assert description is not None
    assert len(description) < 4_200
    assert description.endswith(" [19995904 characters cut]")
    (event,) = recorded.events("exception")
    assert len(event["exception.stacktrace"]) < 33_000


def test_the_end_of_a_long_stack_is_what_is_kept() -> None:
    with pytest.raises(ValueError, match="the end") as caught:
        raiser(ValueError("y" * 100_000 + "the end"))()
    kept = stack(caught.value)
    assert len(kept) < 33_000
    assert kept.rstrip().endswith("the end")
    assert kept.startswith("[")


def test_a_handled_exception_is_not_kept_alive_by_its_record(recorded: Recorder) -> None:
    class Tensor:
        pass

    held: list[weakref.ref[Tensor]] = []

    @plugin
    def fail() -> None:
        tensor = Tensor()
        held.append(weakref.ref(tensor))
        raise ValueError("out of memory")

    with job(plugin="p"):
        with suppress(ValueError):
            fail()
        gc.collect()
        assert held[0]() is None
    assert len(recorded.events("exception")) == 1


def test_what_ended_is_freed_without_the_garbage_collector(recorded: Recorder) -> None:
    @job
    @plugin
    def execute(value: int) -> int:
        return value

    telemetry.use_providers(NoOpTracerProvider(), recorded.meter_provider)
    execute(1)
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            execute(1)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_job_is_gone_from_the_context_after_an_exception() -> None:
    with pytest.raises(ValueError, match="v"):
        job(raiser(ValueError("v")))()
    assert current_job_id() is None


def test_without_a_logger_that_listens_no_stack_is_formatted(
    recorded: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry._logs import NoOpLoggerProvider

    from otel_forgesyte import events, telemetry

    def format_stack(error: BaseException) -> str:
        raise AssertionError(error)

    monkeypatch.setattr(events, "stack", format_stack)
    telemetry.use_providers(recorded.tracer_provider, recorded.meter_provider, NoOpLoggerProvider())
    with pytest.raises(ValueError, match="v"):
        job(raiser(ValueError("v")))()
    assert recorded.attributes("job execute")["error.type"] == "ValueError"
