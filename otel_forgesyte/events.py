"""The log events of the domain: an exception, a device decision.

Events are log records with an `event_name` (span events are deprecated). The job and plugin stand
on them as attributes, so that they can be found without joining spans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_forgesyte.exceptions import message, stack, type_name
from otel_forgesyte.failures import failed
from otel_forgesyte.semconv import (
    EVENT_EXCEPTION,
    EVENT_FORGESYTE_DEVICE_SELECTED,
    EXCEPTION_MESSAGE,
    EXCEPTION_STACKTRACE,
    EXCEPTION_TYPE,
    FORGESYTE_DEVICE_FALLBACK,
    FORGESYTE_DEVICE_FALLBACK_REASON,
    FORGESYTE_DEVICE_REQUESTED,
    FORGESYTE_DEVICE_USED,
    FORGESYTE_JOB_ID,
    FORGESYTE_PLUGIN_NAME,
)
from otel_forgesyte.telemetry import emitters

if TYPE_CHECKING:
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.context import Context


def exception_event(  # noqa: PLR0913 - an exception and where it fell
    error: BaseException,
    job_id: str | None,
    plugin: str | None,
    context: Context | None,
    *,
    device: str | None = None,
    is_final: bool = True,
) -> None:
    """Log `error` with its stack, and the `device` it was tried on, if that is what failed.

    An error, or a warning where it is not final, since another attempt follows. Without a logger
    that listens the stack is not even formatted. Never raises.
    """
    try:
        from opentelemetry._logs import SeverityNumber

        severity = SeverityNumber.ERROR if is_final else SeverityNumber.WARN
        if not _is_heard(EVENT_EXCEPTION, severity):
            return
        said = message(error)
        attributes: dict[str, Any] = {
            EXCEPTION_TYPE: type_name(error),
            EXCEPTION_MESSAGE: said,
            EXCEPTION_STACKTRACE: stack(error),
        }
        if device is not None:
            attributes[FORGESYTE_DEVICE_REQUESTED] = device
        _add_place(attributes, job_id, plugin)
        _emit(EVENT_EXCEPTION, severity, said, attributes, context, None)
    except Exception as own:  # noqa: BLE001 - the host's log processor may raise
        failed("log event", own)


def device_event(  # noqa: PLR0913 - a decision and where it fell
    requested: str,
    used: str,
    reason: str | None,
    job_id: str | None,
    plugin: str | None,
    *,
    timestamp: int | None = None,
) -> None:
    """Log one device decision; both names are canonical. A fallback is a warning. Never raises."""
    try:
        from opentelemetry._logs import SeverityNumber

        fallback = requested != used
        severity = SeverityNumber.WARN if fallback else SeverityNumber.INFO
        if not _is_heard(EVENT_FORGESYTE_DEVICE_SELECTED, severity):
            return
        attributes: dict[str, Any] = {
            FORGESYTE_DEVICE_REQUESTED: requested,
            FORGESYTE_DEVICE_USED: used,
            FORGESYTE_DEVICE_FALLBACK: fallback,
        }
        if reason:
            attributes[FORGESYTE_DEVICE_FALLBACK_REASON] = reason
        _add_place(attributes, job_id, plugin)
        said = f"{used} used, {requested} requested"
        _emit(EVENT_FORGESYTE_DEVICE_SELECTED, severity, said, attributes, None, timestamp)
    except Exception as own:  # noqa: BLE001 - the host's log processor may raise
        failed("log event", own)


def _is_heard(event_name: str, severity: SeverityNumber) -> bool:
    return emitters().logger.enabled(severity_number=severity, event_name=event_name)


def _add_place(attributes: dict[str, Any], job_id: str | None, plugin: str | None) -> None:
    if job_id is not None:
        attributes[FORGESYTE_JOB_ID] = job_id
    if plugin is not None:
        attributes[FORGESYTE_PLUGIN_NAME] = plugin


def _emit(  # noqa: PLR0913, PLR0917 - everything that an event is
    event_name: str,
    severity: SeverityNumber,
    body: str,
    attributes: dict[str, Any],
    context: Context | None,
    timestamp: int | None,
) -> None:
    emitters().logger.emit(
        timestamp=timestamp,
        context=context,
        severity_number=severity,
        severity_text=severity.name,
        body=body,
        attributes=attributes,
        event_name=event_name,
    )
