"""`device_fallback`: run a function on the first of several devices that works."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, cast

from otel_forgesyte.context import current_job
from otel_forgesyte.devices import canonical_device, current_operation, reason_text, report_device
from otel_forgesyte.events import exception_event
from otel_forgesyte.exceptions import is_cancellation, is_marked, mark
from otel_forgesyte.failures import failed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")
R = TypeVar("R")

Errors = type[BaseException] | tuple[type[BaseException], ...]


def device_fallback(
    *devices: str, parameter: str = "device", on: Errors = Exception
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Call a function with each device in turn until one works.

    The device is passed as `parameter`. A device that the caller passes is tried first, and then
    those that follow it in `devices` (all of them if it is not among them). Each failed attempt is
    logged with its stack; the device that worked is reported like `report_device`, with the failed
    attempts as the reason, unless the function reported one itself. When all fail, the last
    exception leaves unchanged.

    Args:
        devices: Names in order of preference, as the function understands them.
        parameter: The function's parameter that takes the device.
        on: Exceptions after which the next device is tried; any other leaves at once. Cancellation
            always does.

    Raises:
        TypeError: no device is given, or a generator function is decorated: its caller has used
            the first items by the time a later one fails.
    """
    if not devices:
        raise TypeError("device_fallback needs at least one device")

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("device_fallback cannot start a generator over; decorate what it calls")
        plan = _Plan(devices, _Place.of(function, parameter), on)
        wrap = _coroutine if inspect.iscoroutinefunction(function) else _function
        return cast("Callable[P, R]", wrap(function, plan))

    return decorate


class _Place(NamedTuple):
    """Where a call holds its device."""

    parameter: str
    position: int | None

    @classmethod
    def of(cls, function: Callable[..., Any], parameter: str) -> _Place:
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            return cls(parameter, None)
        known = parameters.get(parameter)
        positional = known is not None and known.kind is known.POSITIONAL_OR_KEYWORD
        return cls(parameter, list(parameters).index(parameter) if positional else None)

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.position is not None and len(args) > self.position:
            return args[self.position]
        return kwargs.get(self.parameter)

    def put(
        self, device: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        position = self.position
        if position is not None and len(args) > position:
            return (*args[:position], device, *args[position + 1 :]), kwargs
        return args, {**kwargs, self.parameter: device}


class _Plan(NamedTuple):
    devices: tuple[str, ...]
    place: _Place
    on: Errors

    def attempts(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Attempts:
        asked = self.place.read(args, kwargs)
        return _Attempts(_order(asked, self.devices), self.on)


def _order(asked: Any, devices: tuple[str, ...]) -> Sequence[Any]:
    if asked is None:
        return devices
    try:
        names = [canonical_device(device) for device in devices]
        name = canonical_device(asked)
    except Exception as error:  # noqa: BLE001 - the function may know what we cannot read
        failed("device fallback", error)
        return (asked,)
    if name not in names:
        return (asked, *devices)
    return (asked, *devices[names.index(name) + 1 :])


class _Attempts:
    """One call's attempts: what failed so far, and what is recorded of it."""

    def __init__(self, devices: Sequence[Any], on: Errors) -> None:
        self.devices = devices
        self._on = on
        self._reasons: list[str] = []
        operation = current_operation()
        self._reports = 0 if operation is None else operation.reports

    def is_over(self, error: BaseException, device: Any) -> bool:
        """Record the failed attempt; whether `error` must leave, as no device is left to try."""
        if is_cancellation(error) or not isinstance(error, self._on):
            return True
        try:
            self._record(error, device)
        except Exception as own:  # noqa: BLE001 - telemetry never fails the work
            failed("device fallback", own)
        return device is self.devices[-1]

    def _record(self, error: BaseException, device: Any) -> None:
        name = canonical_device(device) or ""
        # Only text is kept: the exception's frames hold the memory of the device that ran out.
        said = reason_text(error)
        self._reasons.append(f"{name}: {said}" if self._reasons else said)
        operation, job = current_operation(), current_job()
        if operation is not None and is_marked(error, operation.trail):
            return
        plugin = None if operation is None else operation.plugin
        job_id = None if job is None else job.job_id
        is_last = device is self.devices[-1]
        exception_event(error, job_id, plugin, None, device=name, is_final=is_last)
        if is_last and operation is not None:
            mark(error, operation.trail)  # it leaves now, and the operation would log it again

    def worked(self, device: Any) -> None:
        """Report the device that worked, unless the function told better itself."""
        operation = current_operation()
        if operation is not None and operation.reports > self._reports:
            return
        report_device(self.devices[0], device, "; ".join(self._reasons) or None)


def _function(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        attempts = plan.attempts(args, kwargs)
        for device in attempts.devices:
            new_args, new_kwargs = plan.place.put(device, args, kwargs)
            try:
                result = function(*new_args, **new_kwargs)
            except BaseException as error:
                if attempts.is_over(error, device):
                    raise
                # The next attempt runs outside this block: its exceptions carry no __context__.
                continue
            attempts.worked(device)
            return result
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    return call


def _coroutine(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        attempts = plan.attempts(args, kwargs)
        for device in attempts.devices:
            new_args, new_kwargs = plan.place.put(device, args, kwargs)
            try:
                result = await function(*new_args, **new_kwargs)
            except BaseException as error:
                if attempts.is_over(error, device):
                    raise
                continue
            attempts.worked(device)
            return result
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    return call
