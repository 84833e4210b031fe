"""Which device the work asked for, and which one it really ran on."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from opentelemetry.context import create_key, get_value

from otel_forgesyte.context import OPERATION_KEY, current_job
from otel_forgesyte.events import device_event
from otel_forgesyte.exceptions import message, shortened, type_name
from otel_forgesyte.failures import failed
from otel_forgesyte.semconv import (
    FORGESYTE_DEVICE_NAME,
    FORGESYTE_DEVICE_REQUESTED,
    FORGESYTE_DEVICE_USED,
)
from otel_forgesyte.telemetry import emitters
from otel_forgesyte.values import text

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from otel_forgesyte.operation import Operation

ATTEMPT_KEY: Final = create_key("forgesyte-device-attempt")

_SAME = {"cuda": "gpu"}
_INDEXED = frozenset({"cuda", "gpu", "mps", "cpu"})


def canonical_device(device: Any) -> str | None:
    """The one name of a device: `cuda`, `cuda:1`, `gpu` and `gpu:0` are all `gpu`.

    `mps` and `cpu` lose an index too; any other name is kept in lower case. None stays None.
    """
    if device is None:
        return None
    return _canonical(device if type(device) is str else text(device) or "")


@lru_cache(maxsize=256)
def _canonical(device: str) -> str | None:
    name = device.strip().lower()
    family, _, index = name.partition(":")
    if family in _INDEXED and (not index or index.isdecimal()):
        name = _SAME.get(family, family)
    return name or None


def report_device(requested: Any, used: Any, reason: str | BaseException | None = None) -> None:
    """Report which device the running plugin asked for, and which one it got.

    Call it where the decision falls, inside a plugin or job: both are known by the device used
    from then on. Differing devices (in canonical form) are a fallback; `reason` says why. With
    `requested` None nothing particular was asked for. Never raises.
    """
    try:
        asked, got = decided(requested, used)
        operation = current_operation()
        job = current_job()
        _tell_attempts(operation)
        if operation is not None:
            operation.device = got
            _name_device(operation.span, got)
        if job is not None:
            job.device = got
            if job.span is not None:
                _name_device(job.span, got)
        name = operation.plugin if operation is not None else None
        record_decision(asked, got, reason, job.job_id if job is not None else None, name)
    except Exception as error:  # noqa: BLE001 - telemetry never fails the work
        failed("device report", error)


def decided(requested: Any, used: Any) -> tuple[str, str]:
    """Both devices in canonical form.

    Raises:
        ValueError: no device was named as the one used.
    """
    got = canonical_device(used)
    if got is None:
        raise ValueError("report_device needs the name of the device that is used")
    return canonical_device(requested) or got, got


def record_decision(  # noqa: PLR0913 - a decision and where it fell
    requested: str,
    used: str,
    reason: str | BaseException | None,
    job_id: str | None,
    plugin: str | None,
    *,
    timestamp: int | None = None,
) -> None:
    """Emit one device decision: its log event, and for a fallback one count."""
    said = None if reason is None else reason_text(reason)
    device_event(requested, used, said, job_id, plugin, timestamp=timestamp)
    if requested != used:
        labels = {FORGESYTE_DEVICE_REQUESTED: requested, FORGESYTE_DEVICE_USED: used}
        emitters().fallbacks.add(1, labels)


def reason_text(error: object) -> str:
    """Why a device did not work: the text given, or an exception's type and message."""
    if isinstance(error, str):
        return shortened(error)
    if not isinstance(error, BaseException):
        return message(error)
    name, said = type_name(error), message(error)
    return name if said == name else f"{name}: {said}"


class Attempt:
    """One try of a `device_fallback`, in the context below it: has a device been reported there?"""

    __slots__ = ("operation", "outer", "reported")

    def __init__(self) -> None:
        self.operation = current_operation()
        self.outer = current_attempt()
        self.reported = False


def current_attempt() -> Attempt | None:
    """The innermost try of a `device_fallback` that surrounds the caller."""
    return cast("Attempt | None", get_value(ATTEMPT_KEY))


def current_operation() -> Operation | None:
    """The innermost job or plugin that surrounds the caller."""
    return cast("Operation | None", get_value(OPERATION_KEY))


def _tell_attempts(operation: Operation | None) -> None:
    attempt = current_attempt()
    while attempt is not None and attempt.operation is operation:
        attempt.reported = True
        attempt = attempt.outer


def _name_device(span: Span, device: str) -> None:
    # A task that outlives its job may still report; the SDK would warn about an ended span.
    if span.is_recording():
        span.set_attribute(FORGESYTE_DEVICE_NAME, device)
