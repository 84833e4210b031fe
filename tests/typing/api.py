"""Type-checked, never run: what editors and checkers know about decorated code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from typing_extensions import assert_type

from otel_forgesyte import (
    Objective,
    constant,
    current_job_id,
    device_fallback,
    frame,
    frame_callback,
    frames,
    job,
    plugin,
    record_device,
    record_frame,
    record_job,
    record_plugin,
    report_device,
)


@job
def bare(job_id: str, *, device: str = "cpu") -> int:
    """A parameter list and a result that stay visible."""
    return len(job_id + device)


@job(job_id="request.id", plugin=constant("ocr"), outcome=lambda result: ("done", str(result)))
def with_values(request: Any) -> dict[str, int]:
    """The same with values."""
    return {"seen": len(request)}


@job(objective=Objective(success=0.999, within_s=2.5, fps=None))
def with_an_objective(job_id: str) -> str:
    """What it is held to changes nothing."""
    return job_id


@plugin(tool="tool_name", soft_error=lambda result: result["error"])
async def coroutine(tool_name: str) -> dict[str, str]:
    """Awaiting stays necessary."""
    return {"error": tool_name}


@plugin
def generator(count: int) -> Iterator[int]:
    """Items stay typed."""
    yield count


@plugin
async def async_generator(count: int) -> AsyncIterator[int]:
    """Items stay typed."""
    yield count


@plugin
@device_fallback("gpu", "cpu", on=(RuntimeError, MemoryError))
def on_a_device(value: float, device: str = "gpu") -> float:
    """The device keeps its default."""
    return value * len(device)


@frame
def drawing(index: int) -> bytes:
    """A frame by its own parameter."""
    return bytes(index)


@frame(index="number", dropped=0)
def numbered(number: int) -> bytes:
    """A frame by a named parameter."""
    return bytes(number)


class Tool:
    """Methods are bound as before."""

    @plugin
    def run(self, value: int) -> str:
        """An ordinary method."""
        return str(value)

    @classmethod
    @plugin(plugin=constant("tool"))
    def make(cls, value: int) -> str:
        """A class method."""
        return f"{cls.__name__}{value}"

    @staticmethod
    @plugin
    def free(value: int) -> str:
        """A static method."""
        return str(value)


def synchronous(progress: Callable[[int, int], str]) -> None:
    """What the values are, outside of coroutines."""
    assert_type(bare("j", device="cpu"), int)
    assert_type(with_values([]), dict[str, int])
    assert_type(generator(1), Iterator[int])
    assert_type(on_a_device(1.0), float)
    assert_type(drawing(1), bytes)
    assert_type(numbered(1), bytes)
    assert_type(Tool().run(1), str)
    assert_type(Tool.make(1), str)
    assert_type(Tool.free(1), str)
    assert_type(current_job_id(), str | None)
    with job(job_id=UUID(int=1), enqueued_at=datetime.now()) as running:  # noqa: DTZ005
        assert_type(running.job_id, str)
        running.set_outcome("failed", "why")
    with plugin(plugin="ocr", tool="lines", device="cpu") as execution:
        assert_type(execution.tool, str | None)
        execution.set_soft_error("why")
    with frame(1, dropped=2, fps=29.97):
        report_device("gpu", "cpu", "why")
    assert_type(next(iter(frames([1.0]))), float)
    assert_type(frame_callback(progress)(1, 2), str)
    record_job("j", status="queued", enqueued_at="2024-05-01T12:00:00Z")
    record_plugin("ocr", job_id="j", duration_s=1.5, soft_error="why")
    record_device("gpu", "cpu", job_id="j")
    record_frame(1, 0.01, job_id="j", fps=30)


async def asynchronous(pictures: AsyncIterator[bytes]) -> None:
    """What the values are, in coroutines."""
    assert_type(await coroutine("lines"), dict[str, str])
    async for item in async_generator(1):
        assert_type(item, int)
    async for picture in frames(pictures):
        assert_type(picture, bytes)
    async with job(), plugin(plugin="ocr"), frame(0):
        pass


def mistakes() -> None:
    """What a checker refuses."""
    bare(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    bare("j", nothing=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    job(nothing="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    record_plugin()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
