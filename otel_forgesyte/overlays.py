"""`frame`: the time that drawing one overlay frame takes.

A frame is a measurement, not a span (8 µs against 20): one append to whatever `send_frames_to` was
given. Who it was travels with it and never becomes a label.
"""

from __future__ import annotations

import time
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast, overload

from opentelemetry.context import get_current
from opentelemetry.trace import get_current_span

from otel_forgesyte.context import JOB_KEY, OPERATION_KEY, JobState
from otel_forgesyte.failures import failed
from otel_forgesyte.operation import Step
from otel_forgesyte.telemetry import record_render
from otel_forgesyte.values import Constant, Parameters, Reader, Value, compiled, unmarked
from otel_forgesyte.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from opentelemetry.context import Context

    from otel_forgesyte.operation import Operation

P = ParamSpec("P")
R = TypeVar("R")


class Frame(NamedTuple):
    """One drawn frame of a job; `time_unix_nano` is when it was finished."""

    time_unix_nano: int
    duration_s: float
    job_id: str | None
    plugin: str | None
    device: str | None
    index: int  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride] - hides tuple.index
    dropped: int = 0
    fps: float | None = None
    trace_id: int | None = None
    span_id: int | None = None


class FrameSink(Protocol):
    """Takes each frame of a job; it records `forgesyte.overlay.render.duration` for it too."""

    def append(self, frame: Frame, /) -> object:
        """Take one frame, on the thread that drew it."""
        ...


# What the columns of a frame's row hold: 32 bits, and for the duration 32 bits of milliseconds.
_LARGEST_NUMBER = 2**31 - 1
_LONGEST_S = 2_147_483

_sink: FrameSink | None = None


def send_frames_to(sink: FrameSink | None) -> None:
    """Hand frames to `sink` from now on; with None they are only measured, without identity."""
    global _sink  # noqa: PLW0603 - one destination per process, as OpenTelemetry's own
    _sink = sink


def emit(frame: Frame) -> None:
    """Send one frame on its way; outside of any job it has no row to become and is only timed.

    One with numbers that no row can hold is counted as a failure and goes nowhere. Never raises.
    """
    sink = _sink
    try:
        if not (
            0 <= frame.index <= _LARGEST_NUMBER
            and 0 <= frame.dropped <= _LARGEST_NUMBER
            and 0 <= frame.duration_s <= _LONGEST_S  # false for NaN too
            and (frame.fps is None or 0 <= frame.fps <= _LARGEST_NUMBER)
        ):
            raise ValueError(f"not a frame: {frame}")  # noqa: TRY301 - counted like any other
        if sink is None or frame.job_id is None:
            record_render(frame)
        else:
            sink.append(frame)
    except Exception as error:  # noqa: BLE001 - telemetry never fails the work
        failed("frame", error)


def drawn(
    started_ns: int, index: Any, dropped: Any, fps: Any, context: Context | None = None
) -> None:
    """Emit a frame begun at `started_ns` (`perf_counter_ns`) and finished now, in `context`.

    `index` None means the next of its job. Never raises.
    """
    duration_s = (perf_counter_ns() - started_ns) / 1_000_000_000
    try:
        if context is None:
            context = get_current()
        job = cast("JobState | None", context.get(JOB_KEY))
        known = cast("Operation | None", context.get(OPERATION_KEY)) or job
        device = None if known is None else known.device
        if device is None and job is not None:
            device = job.device  # as one of its plugins reported it
        if index is None:
            index = 0 if job is None else next(job.frames)
        span = get_current_span(context).get_span_context()
        emit(
            Frame(
                time.time_ns(),
                duration_s,
                None if job is None else job.job_id,
                None if known is None else known.plugin,
                device,
                int(index),
                int(dropped or 0),
                None if fps is None else float(fps),
                span.trace_id or None,
                span.span_id or None,
            )
        )
    except Exception as error:  # noqa: BLE001 - an index of the user's may be anything
        failed("frame", error)


class FrameDeclaration:
    """A declared frame: decorate what draws one, or enter it with `with` or `async with`.

    Entered by one thread at a time: make one for each frame.
    """

    __slots__ = ("_dropped", "_fps", "_index", "_started_ns")

    def __init__(self, index: Any, dropped: Any, fps: Any) -> None:
        self._index = index
        self._dropped = dropped
        self._fps = fps
        self._started_ns = 0

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Make each call of `function`, or each step of a generator, one frame."""
        return wrapped(function, self._begin)

    def __enter__(self) -> None:
        self._started_ns = perf_counter_ns()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            index, dropped, fps = self._index, self._dropped, self._fps
            drawn(self._started_ns, unmarked(index), unmarked(dropped), unmarked(fps))

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def _begin(self, function: Callable[..., Any]) -> Callable[..., Step]:
        parameters = Parameters(function)
        read_index = _reader(self._index, parameters, _INDEX_PARAMETERS)
        read_dropped = _reader(self._dropped, parameters)
        read_fps = _reader(self._fps, parameters)

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Step:
            index = read_index(args, kwargs)
            return _DrawnStep(index, read_dropped(args, kwargs), read_fps(args, kwargs))

        return begin


class _DrawnStep(Step):
    """Times a call, or each step of a generator, as one frame; what raises has drawn none."""

    __slots__ = ("_dropped", "_fps", "_index", "_started_ns", "_stepped")

    def __init__(self, index: Any, dropped: Any, fps: Any) -> None:
        self._index = index
        self._dropped = dropped
        self._fps = fps
        self._stepped = False

    def attach(self) -> None:
        """Note when the drawing begins."""
        self._started_ns = perf_counter_ns()

    def suspend(self) -> None:
        """A generator has drawn one frame; the next one follows it in number."""
        drawn(self._started_ns, self._index, self._dropped, self._fps)
        self._stepped = True
        if isinstance(self._index, int):
            self._index += 1

    def succeed(self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002 - as declared by `Step`
        """A function has drawn its frame; the step that ends a generator draws none."""
        if not self._stepped:
            drawn(self._started_ns, self._index, self._dropped, self._fps)


@overload
def frame(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def frame(
    index: int | str | Constant[Any] | None = None, /, dropped: Value = 0, fps: Value = None
) -> FrameDeclaration: ...


@overload
def frame(*, index: Value = None, dropped: Value = 0, fps: Value = None) -> FrameDeclaration: ...


def frame(
    first: Any = None, /, dropped: Value = 0, fps: Value = None, *, index: Value = None
) -> Any:
    """Record the time that drawing one overlay frame takes.

    Use it as `with frame(index, dropped=2, fps=29.9):`, or on a function that draws one frame
    (`@frame`, `@frame(index="number")`), or on a generator that draws one for each item it yields.
    A frame whose drawing raises is not recorded.

    Args:
        first: The index, or the function when used bare. A callable that extracts the index must
            be given as `index=`.
        dropped: Frames skipped since the frame before this one.
        fps: Frames per second when this one was drawn.
        index: The frame's position in its job. Default: the parameter `index`, `frame_index`,
            `frame_idx` or `i` of a decorated function, else the next number of the job.

    Outside of any job only the time is measured.
    """
    if callable(first) and not isinstance(first, Constant):
        return FrameDeclaration(None, 0, None)(cast("Callable[..., Any]", first))
    return FrameDeclaration(index if first is None else first, dropped, fps)


_INDEX_PARAMETERS = ("index", "frame_index", "frame_idx", "i")


def _reader(value: Any, parameters: Parameters, defaults: tuple[str, ...] = ()) -> Reader:
    read: Reader | None = None
    try:
        read = compiled(value, parameters)
    except LookupError as error:
        failed("frame", error)
    if read is None:
        name = next((name for name in defaults if name in parameters), None)
        read = parameters.reader(name) if name is not None else None
    if read is None:
        return lambda _args, _kwargs: None
    found = read

    def read_or_none(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return found(args, kwargs)
        except Exception as error:  # noqa: BLE001 - the user's extractor may raise anything
            failed("frame", error)
            return None

    return read_or_none
