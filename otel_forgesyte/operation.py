"""One running job or plugin: its span, its place in the context, and its end.

Written by hand rather than with `start_as_current_span`: that costs 4 µs more per call, cannot
step through generators, and records exceptions as span events (115 µs, deprecated).

Nothing here raises. Each step that talks to telemetry is guarded by itself, so that a broken
processor or instrument costs its own signal and no other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import count
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import INVALID_SPAN, SpanKind, Status, StatusCode

from otel_forgesyte.context import JOB_KEY, OPERATION_KEY, SPAN_KEY, JobState, leave, new_job_id
from otel_forgesyte.events import exception_event
from otel_forgesyte.exceptions import is_cancellation, mark, message, type_name, unmark
from otel_forgesyte.failures import failed
from otel_forgesyte.telemetry import emitters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextvars import Token

    from opentelemetry.trace import Span

    Begin = Callable[[tuple[Any, ...], dict[str, Any]], "Step"]


UNSPECIFIED = "unspecified"
"""The plugin's name where neither a value nor a function tells it."""


class Step:
    """What the wrappers need of an operation; as it stands, an operation that records nothing."""

    __slots__ = ()

    def attach(self) -> None:
        """Make the operation current, before its code runs or goes on."""

    def suspend(self) -> None:
        """Take it off the context before a yield; what its code attached comes back with it."""

    def succeed(self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """End it with what its code returned."""

    def fail(self, error: BaseException) -> None:
        """End it with the exception that leaves it."""

    def cancel(self) -> None:
        """End it because the caller wanted no more."""


NOT_RECORDED = Step()


class Unrecorded(Step):
    """What `with` gives where no operation could start: takes what it is told, records nothing."""

    plugin = UNSPECIFIED
    tool = None
    device = None
    span = INVALID_SPAN

    def __init__(self) -> None:
        self.job_id = new_job_id()

    def set_outcome(self, status: str, error_message: Any = None) -> None:
        """Take a job's outcome, and forget it."""

    def set_soft_error(self, message: Any = None) -> None:
        """Take a plugin's soft error, and forget it."""


# An operation and its context hold each other. Parting them at the end frees both at once; left to
# the garbage collector they would make it run more often, on the application's thread.
_NO_CONTEXT = Context()

# From the clock, so that a mark that came pickled from another process is none of ours.
_trails = count(time_ns())


class Operation(Step, ABC):
    """A job or plugin between start and end; what `with job(...) as j` gives.

    `span` is the span under way, `plugin` and `device` what it is known by so far; operations
    inside one another share their `trail`.
    """

    __slots__ = (
        "_here",
        "_outermost",
        "_started_ns",
        "_token",
        "context",
        "device",
        "job",
        "plugin",
        "span",
        "trail",
    )

    def __init__(self, plugin: str, device: str | None) -> None:
        self.plugin = plugin
        self.device = device
        self._token: Token[Context] | None = None

    @property
    def job_id(self) -> str:
        """The id of the job that this belongs to."""
        return self.job.job_id

    def start(
        self, name: str, attributes: Mapping[str, Any], above: Context, job: JobState
    ) -> None:
        """Start the span below `above`, and make the context in which both are current."""
        self.job = job
        values: dict[str, Any] = above.copy()
        outer: Operation | None = values.get(OPERATION_KEY)
        self._outermost = outer is None
        self.trail: int = next(_trails) if outer is None else outer.trail
        try:
            span = emitters().start_span(name, above, SpanKind.INTERNAL, attributes)
            values[SPAN_KEY] = span
        except Exception as error:  # noqa: BLE001 - the host's sampler or processor may raise
            failed("span start", error)
            span = INVALID_SPAN
        values[OPERATION_KEY] = self
        self.span: Span = span
        self.context = self._here = Context(values)
        self._started_ns = perf_counter_ns()

    def attach(self) -> None:
        """Make the operation current."""
        self._token = attach(self._here)

    def suspend(self) -> None:
        """Take it off the context; what its code attached meanwhile comes back at `attach`."""
        self._here = get_current()
        token = self._token
        if token is not None:
            self._token = None
            leave(token)

    def succeed(self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """End the operation with what its code returned."""
        elapsed_s = self._stop()
        try:
            self._returned(result, args, kwargs, elapsed_s)
        except Exception as error:  # noqa: BLE001 - telemetry never fails the work
            failed("operation end", error)
        self.context = self._here = _NO_CONTEXT

    def fail(self, error: BaseException) -> None:
        """End the operation with the exception that leaves it: logged once, otherwise untouched."""
        elapsed_s = self._stop()
        try:
            if is_cancellation(error):
                self._cancelled(elapsed_s)
            else:
                self._log(error)
                self._raised(*_described(error), elapsed_s)
        except Exception as own:  # noqa: BLE001 - as above
            failed("operation end", own)
        self.context = self._here = _NO_CONTEXT

    def cancel(self) -> None:
        """End the operation because the caller wanted no more."""
        elapsed_s = self._stop()
        try:
            self._cancelled(elapsed_s)
        except Exception as error:  # noqa: BLE001 - as above
            failed("operation end", error)
        self.context = self._here = _NO_CONTEXT

    def _log(self, error: BaseException) -> None:
        try:
            if mark(error, self.trail):
                exception_event(error, self.job.job_id, self.plugin, self.context)
            if self._outermost:
                unmark(error)
        except Exception as own:  # noqa: BLE001 - the operation must still end
            failed("exception log", own)

    def _stop(self) -> float:
        token = self._token
        if token is not None:
            self._token = None
            leave(token)
        return (perf_counter_ns() - self._started_ns) / 1_000_000_000

    def _close(self, attributes: Mapping[str, Any] | None, error: str | None = None) -> None:
        """End the span; a text in `error`, even an empty one, makes its status ERROR."""
        span = self.span
        try:
            if attributes is not None:
                # One by one: `set_attributes` copies and cleans a mapping first.
                for name, value in attributes.items():
                    span.set_attribute(name, value)
            if error is not None:
                span.set_status(Status(StatusCode.ERROR, error or None))
        except Exception as own:  # noqa: BLE001 - the span must still end
            failed("span attributes", own)
        try:
            span.end()
        except Exception as own:  # noqa: BLE001 - the host's processor may raise
            failed("span end", own)

    @abstractmethod
    def _returned(
        self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any], elapsed_s: float
    ) -> None:
        """Say what the result means, end the span, and measure."""

    @abstractmethod
    def _raised(self, error_type: str, said: str, elapsed_s: float) -> None:
        """End the span as failed, and measure."""

    @abstractmethod
    def _cancelled(self, elapsed_s: float) -> None:
        """End the span as cancelled, and measure."""


def _described(error: BaseException) -> tuple[str, str]:
    """The type and message of `error`; whatever goes wrong with them, something to end with."""
    try:
        return type_name(error), message(error)
    except Exception as own:  # noqa: BLE001 - the operation must still end
        failed("exception text", own)
        return type(error).__name__, ""


def surrounding(plugin: str) -> tuple[Context, JobState]:
    """The current context and the job in it; outside of any, a context with a fresh one."""
    context: Any = get_current()
    job: JobState | None = context.get(JOB_KEY)
    if job is None:
        job = JobState(new_job_id(), plugin, None)
        context = Context(context, **{JOB_KEY: job})
    return context, job
