"""`device_fallback`: run a function on the first of several devices that works."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, cast

from opentelemetry.context import attach, set_value

from otel_forgesyte.context import current_job, leave
from otel_forgesyte.devices import (
    ATTEMPT_KEY,
    Attempt,
    canonical_device,
    current_operation,
    reason_text,
    report_device,
)
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
        TypeError: no device is given, `on` is no exception class or tuple of them, the function
            takes no such parameter, or it is a generator function: its caller has used the first
            items by the time a later one fails.
    """
    if not devices:
        raise TypeError("device_fallback needs at least one device")
    for kind in on if isinstance(on, tuple) else (on,):
        # Not when the function fails: the TypeError would then replace its exception.
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers are not all typed
            raise TypeError(f"on={on!r} must be an exception class or a tuple of them")

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if isinstance(function, (staticmethod, classmethod)):
            descriptor = cast("Any", function)
            return cast("Callable[P, R]", type(descriptor)(decorate(descriptor.__func__)))
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
        named = known is not None and known.kind is known.KEYWORD_ONLY
        if not (positional or named or any(p.kind is p.VAR_KEYWORD for p in parameters.values())):
            raise TypeError(f"device_fallback needs a parameter that can be passed as {parameter}=")
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
    if isinstance(asked, str) and asked in devices:
        # Before the canonical names, which make one device of "gpu:0" and "gpu:1".
        return devices[devices.index(asked) :]
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
        self._device: Any = None
        self._is_last = False

    def begin(self, number: int) -> None:
        """Begin the attempt on the device of this number."""
        # By number: one device may stand in the chain more than once.
        self._device = self.devices[number]
        self._is_last = number == len(self.devices) - 1
        self._attempt = Attempt()
        self._token = attach(set_value(ATTEMPT_KEY, self._attempt))

    def is_over(self, error: BaseException) -> bool:
        """Record the failed attempt; whether `error` must leave, as no device is left to try."""
        leave(self._token)
        if is_cancellation(error) or not isinstance(error, self._on):
            return True
        try:
            self._record(error)
        except Exception as own:  # noqa: BLE001 - telemetry never fails the work
            failed("device fallback", own)
        return self._is_last

    def _record(self, error: BaseException) -> None:
        name = canonical_device(self._device) or ""
        # Only text is kept: the exception's frames hold the memory of the device that ran out.
        said = reason_text(error)
        self._reasons.append(f"{name}: {said}" if self._reasons else said)
        operation, job = current_operation(), current_job()
        if operation is not None and is_marked(error, operation.trail):
            return
        plugin = None if operation is None else operation.plugin
        job_id = None if job is None else job.job_id
        exception_event(error, job_id, plugin, None, device=name, is_final=self._is_last)
        if self._is_last and operation is not None:
            mark(error, operation.trail)  # it leaves now, and the operation would log it again

    def worked(self) -> None:
        """Report the device that worked, unless the function told better itself."""
        leave(self._token)
        if not self._attempt.reported:
            report_device(self.devices[0], self._device, "; ".join(self._reasons) or None)


def _function(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        attempts = plan.attempts(args, kwargs)
        for number, device in enumerate(attempts.devices):
            new_args, new_kwargs = plan.place.put(device, args, kwargs)
            attempts.begin(number)
            try:
                result = function(*new_args, **new_kwargs)
            except BaseException as error:
                if attempts.is_over(error):
                    raise
                # The next attempt runs outside this block: its exceptions carry no __context__.
                continue
            attempts.worked()
            return result
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    return call


def _coroutine(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        attempts = plan.attempts(args, kwargs)
        for number, device in enumerate(attempts.devices):
            new_args, new_kwargs = plan.place.put(device, args, kwargs)
            attempts.begin(number)
            try:
                result = await function(*new_args, **new_kwargs)
            except BaseException as error:
                if attempts.is_over(error):
                    raise
                continue
            attempts.worked()
            return result
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    return call
