"""`frames` and `frame_callback`: frames of a loop, and of a plugin that reports its progress."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from time import perf_counter_ns
from typing import Any, ParamSpec, TypeVar, overload

from opentelemetry.context import get_current

from otel_forgesyte.context import JOB_KEY
from otel_forgesyte.overlays import drawn

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@overload
def frames(iterable: Iterable[T], *, fps: float | None = None) -> Iterator[T]: ...


@overload
def frames(iterable: AsyncIterable[T], *, fps: float | None = None) -> AsyncIterator[T]: ...


def frames(
    iterable: Iterable[T] | AsyncIterable[T], *, fps: float | None = None
) -> Iterator[T] | AsyncIterator[T]:
    """Record each pass through a loop's body as one frame of the surrounding job.

    `for picture in frames(pictures): ...`, and likewise with `async for`. What the iterable takes
    to give the next item does not count. Frames are numbered on from the job's last. `fps` is the
    rate to record; without one it is measured from the end of one pass to the end of the next, so
    the first frame has none. A pass that `break` or an exception leaves is not recorded: which of
    the two it was, and so whether the frame was drawn, cannot be known here.
    """
    if isinstance(iterable, AsyncIterable):
        return _async_passes(iterable, fps)
    return _passes(iterable, fps)


def _passes(iterable: Iterable[T], fps: float | None) -> Iterator[T]:
    rate = _Rate(fps)
    for item in iterable:
        started_ns = perf_counter_ns()
        yield item
        drawn(started_ns, None, 0, rate.now())


async def _async_passes(iterable: AsyncIterable[T], fps: float | None) -> AsyncIterator[T]:
    rate = _Rate(fps)
    async for item in iterable:
        started_ns = perf_counter_ns()
        yield item
        drawn(started_ns, None, 0, rate.now())


@overload
def frame_callback(callback: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def frame_callback(callback: None = None, /) -> Callable[..., None]: ...


def frame_callback(callback: Callable[..., Any] | None = None, /) -> Callable[..., Any]:
    """A progress callback that records a frame at each call, then calls `callback`, if any.

    For plugins that hold the loop and report `progress_callback(i, total)`: a frame is the time
    since the call before (the first: since this one). Its number is the first argument if that is
    an int, else the job's next. `callback`'s own time does not count. Frames belong to the job that
    surrounds this call, also when the plugin reports from a thread of its own.
    """
    made_in = get_current()
    rate = _Rate(None)
    started_ns = perf_counter_ns()

    def progress(*args: Any, **kwargs: Any) -> Any:
        nonlocal started_ns
        context = get_current()
        index = args[0] if args and type(args[0]) is int else None
        drawn(started_ns, index, 0, rate.now(), context if JOB_KEY in context else made_in)
        try:
            return None if callback is None else callback(*args, **kwargs)
        finally:
            started_ns = perf_counter_ns()

    return progress if callback is None else functools.wraps(callback)(progress)


class _Rate:
    """Frames per second from the end of one frame to the end of the next."""

    __slots__ = ("_ended_ns", "_given")

    def __init__(self, given: float | None) -> None:
        self._given = given
        self._ended_ns = 0

    def now(self) -> float | None:
        """The rate at the frame that ends now; None for the first."""
        if self._given is not None:
            return self._given
        before_ns, self._ended_ns = self._ended_ns, perf_counter_ns()
        interval_ns = self._ended_ns - before_ns
        return 1_000_000_000 / interval_ns if before_ns and interval_ns else None
