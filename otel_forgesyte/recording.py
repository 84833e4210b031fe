"""`record_job`, `record_plugin`, `record_device`, `record_frame`: work that already happened.

For what no decorator can wrap: a queue that is told afterwards, a submission that another process
will work on, rows from a log. None of them raises once it is called with its named arguments; what
cannot be recorded is counted in `otel_forgesyte.telemetry.failures()`.

`started_at` is a `Moment`: a naive datetime is UTC, a number is seconds since the epoch (an int of
10^17 or more: nanoseconds). Durations are in seconds. Without a start, the work ends now; without a
duration it lasted from its start until now, and without either it took no time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, get_current
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_current_span

from otel_forgesyte.context import JOB_KEY, SPAN_KEY, JobState, current_job, new_job_id
from otel_forgesyte.declaration import UNSPECIFIED
from otel_forgesyte.devices import canonical_device, current_operation, decided, record_decision
from otel_forgesyte.events import exception_event
from otel_forgesyte.exceptions import message, shortened, type_name
from otel_forgesyte.failures import failed
from otel_forgesyte.moments import Moment, unix_nano, within_calendar
from otel_forgesyte.outcome import canonical_status, error_text
from otel_forgesyte.overlays import Frame, emit
from otel_forgesyte.semconv import (
    ERROR_TYPE,
    FORGESYTE_DEVICE_NAME,
    FORGESYTE_JOB_ID,
    FORGESYTE_JOB_QUEUE_WAIT,
    FORGESYTE_JOB_STATUS,
    FORGESYTE_OPERATION_NAME,
    FORGESYTE_PLUGIN_NAME,
    FORGESYTE_PLUGIN_SOFT_ERROR,
    FORGESYTE_PLUGIN_TOOL,
    JobStatusValues,
    OperationNameValues,
)
from otel_forgesyte.telemetry import emitters, measure
from otel_forgesyte.values import text

if TYPE_CHECKING:
    from collections.abc import Mapping

Error = str | BaseException | None

_UNENDED = frozenset({JobStatusValues.QUEUED.value, JobStatusValues.RUNNING.value})
_FAILED = JobStatusValues.ERROR.value


def record_job(  # noqa: PLR0913 - named arguments, one for each column of a job
    job_id: Any,
    *,
    plugin: str = UNSPECIFIED,
    status: str | None = None,
    started_at: Moment | None = None,
    duration_s: float | None = None,
    device: Any = None,
    error: Error = None,
    enqueued_at: Moment | None = None,
) -> None:
    """Record a job that has ended, or one that is queued or running elsewhere.

    `status` may be spelt as the application spells it; by default it is `error` with an `error`
    and `done` without. With `queued` or `running` the job's row appears in that state, whatever
    the duration, until its end is recorded. Never raises.
    """
    try:
        word = canonical_status(status) if status else (_FAILED if error is not None else "done")
        name = text(plugin) or UNSPECIFIED
        where = canonical_device(device)
        start, end = _span_of_time(started_at, 0.0 if word in _UNENDED else duration_s)
        values = get_current().copy()
        values[JOB_KEY] = state = JobState(text(job_id) or new_job_id(), name, where)
        attributes: dict[str, Any] = {
            FORGESYTE_OPERATION_NAME: OperationNameValues.JOB.value,
            FORGESYTE_JOB_ID: state.job_id,
            FORGESYTE_PLUGIN_NAME: name,
            FORGESYTE_JOB_STATUS: word,
        }
        labels = {FORGESYTE_PLUGIN_NAME: name, FORGESYTE_JOB_STATUS: word}
        _add_device(where, attributes, labels)
        _add_error(error, attributes, labels)
        wait_s = None if enqueued_at is None else max(start - unix_nano(enqueued_at), 0) / 1e9
        if wait_s is not None:
            attributes[FORGESYTE_JOB_QUEUE_WAIT] = wait_s
        failure = error if error is not None else ("" if word == _FAILED else None)
        context = _span(f"job {name}", values, attributes, start, end, failure, state)
        if wait_s is not None:
            measure(emitters().queue_duration, wait_s, {FORGESYTE_PLUGIN_NAME: name}, context)
        if word not in _UNENDED:
            measure(emitters().job_duration, (end - start) / 1e9, labels, context)
    except Exception as own:  # noqa: BLE001 - telemetry never fails the work
        failed("record_job", own)


def record_plugin(  # noqa: PLR0913 - named arguments, one for each column of an execution
    plugin: str,
    *,
    job_id: Any = None,
    tool: str | None = None,
    started_at: Moment | None = None,
    duration_s: float | None = None,
    device: Any = None,
    error: Error = None,
    soft_error: bool | str = False,
) -> None:
    """Record one execution of a plugin that has ended.

    `job_id` defaults to the surrounding job's, else to a fresh one. `error` is what it raised,
    `soft_error` what its result reported (True when there is no text). Never raises.
    """
    try:
        name = text(plugin) or UNSPECIFIED
        where = canonical_device(device)
        start, end = _span_of_time(started_at, duration_s)
        values = get_current().copy()
        state = _job_state(job_id, name)
        values[JOB_KEY] = state
        attributes: dict[str, Any] = {
            FORGESYTE_OPERATION_NAME: OperationNameValues.PLUGIN.value,
            FORGESYTE_JOB_ID: state.job_id,
            FORGESYTE_PLUGIN_NAME: name,
        }
        labels: dict[str, Any] = {FORGESYTE_PLUGIN_NAME: name}
        tool_name = text(tool)
        if tool_name is not None:
            attributes[FORGESYTE_PLUGIN_TOOL] = labels[FORGESYTE_PLUGIN_TOOL] = tool_name
        _add_device(where, attributes, labels)
        _add_error(error, attributes, labels)
        failure = error
        if error is None and soft_error is not False and soft_error is not None:  # pyright: ignore[reportUnnecessaryComparison] - callers are not all typed
            attributes[FORGESYTE_PLUGIN_SOFT_ERROR] = labels[FORGESYTE_PLUGIN_SOFT_ERROR] = True
            failure = error_text(soft_error)
        title = f"plugin {name}" if tool_name is None else f"plugin {name}.{tool_name}"
        context = _span(title, values, attributes, start, end, failure, state)
        measure(emitters().plugin_duration, (end - start) / 1e9, labels, context)
    except Exception as own:  # noqa: BLE001 - telemetry never fails the work
        failed("record_plugin", own)


def record_device(  # noqa: PLR0913 - named arguments, one for each column of a decision
    requested: Any,
    used: Any,
    reason: str | BaseException | None = None,
    *,
    job_id: Any = None,
    plugin: str | None = None,
    decided_at: Moment | None = None,
) -> None:
    """Record a device decision that was made elsewhere; the running plugin keeps its device.

    `job_id` and `plugin` default to the surrounding ones, `decided_at` to now. Never raises.
    """
    try:
        asked, got = decided(requested, used)
        job, operation = current_job(), current_operation()
        known_id = text(job_id) or (None if job is None else job.job_id)
        known_plugin = text(plugin) or (None if operation is None else operation.plugin)
        timestamp = None if decided_at is None else unix_nano(decided_at)
        record_decision(asked, got, reason, known_id, known_plugin, timestamp=timestamp)
    except Exception as own:  # noqa: BLE001 - telemetry never fails the work
        failed("record_device", own)


def record_frame(  # noqa: PLR0913 - named arguments, one for each column of a frame
    index: int,
    duration_s: float,
    *,
    job_id: Any = None,
    dropped: int = 0,
    fps: float | None = None,
    plugin: str | None = None,
    device: Any = None,
    drawn_at: Moment | None = None,
) -> None:
    """Record one overlay frame whose drawing took `duration_s` and ended at `drawn_at`, or now.

    `job_id`, `plugin` and `device` default to the surrounding ones. Never raises.
    """
    try:
        job = current_job()
        known = current_operation() or job
        span = get_current_span().get_span_context()
        emit(
            Frame(
                time.time_ns() if drawn_at is None else unix_nano(drawn_at),
                max(float(duration_s), 0.0),
                text(job_id) or (None if job is None else job.job_id),
                text(plugin) or (None if known is None else known.plugin),
                canonical_device(device) or (None if known is None else known.device),
                int(index),
                int(dropped),
                None if fps is None else float(fps),
                span.trace_id or None,
                span.span_id or None,
            )
        )
    except Exception as own:  # noqa: BLE001 - telemetry never fails the work
        failed("record_frame", own)


def _span_of_time(started_at: Moment | None, duration_s: float | None) -> tuple[int, int]:
    """Start and end in nanoseconds; an end before the start becomes the start."""
    now = time.time_ns()
    if started_at is None:
        return within_calendar(now - max(round((duration_s or 0.0) * 1e9), 0)), now
    start = unix_nano(started_at)
    end = now if duration_s is None else within_calendar(start + round(duration_s * 1e9))
    return start, max(end, start)


def _job_state(job_id: Any, plugin: str) -> JobState:
    given = text(job_id)
    job = current_job()
    if job is not None and given in {None, job.job_id}:
        return job
    return JobState(given or new_job_id(), plugin, None)


def _add_device(device: str | None, *where: dict[str, Any]) -> None:
    if device is not None:
        for attributes in where:
            attributes[FORGESYTE_DEVICE_NAME] = device


def _add_error(error: Error, *where: dict[str, Any]) -> None:
    if isinstance(error, BaseException):
        for attributes in where:
            attributes[ERROR_TYPE] = type_name(error)


def _span(  # noqa: PLR0913, PLR0917 - everything that a span is
    name: str,
    values: dict[str, Any],
    attributes: Mapping[str, Any],
    start: int,
    end: int,
    failure: Error,
    job: JobState,
) -> Context:
    """Write one whole span, and the log event of its exception; gives the context it stood in."""
    # All that can fail comes before the span starts: one that never ends would stay "running".
    said = shortened(failure) if isinstance(failure, str) else message(failure)
    status = None if failure is None else Status(StatusCode.ERROR, said or None)
    span: Span = emitters().start_span(
        name, Context(values), SpanKind.INTERNAL, attributes, start_time=start
    )
    try:
        context = Context({**values, SPAN_KEY: span})
        if isinstance(failure, BaseException):
            exception_event(failure, job.job_id, attributes[FORGESYTE_PLUGIN_NAME], context)
        if status is not None:
            span.set_status(status)
    finally:
        span.end(end)
    return context
