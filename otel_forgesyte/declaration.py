"""What `job(...)` and `plugin(...)` share: the context manager, and the names read from a call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from opentelemetry.context import get_current

from otel_forgesyte.context import OPERATION_KEY
from otel_forgesyte.devices import canonical_device
from otel_forgesyte.failures import failed
from otel_forgesyte.operation import UNSPECIFIED, Operation, Unrecorded
from otel_forgesyte.values import (
    Parameters,
    TextReader,
    Value,
    is_path,
    plain_text,
    text_reader,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from otel_forgesyte.objectives import Objective

__all__ = [
    "UNSPECIFIED",
    "Declaration",
    "device_reader",
    "names_of",
    "plugin_reader",
    "state_objective",
]

_PLUGIN_PARAMETERS = ("plugin", "plugin_id", "plugin_name")

O = TypeVar("O", bound=Operation)  # noqa: E741 - the operation that `as` gives


def names_of(function: Callable[..., Any]) -> tuple[str, str]:
    """A function's short name, and the one for `code.function.name`."""
    name: str = getattr(function, "__name__", type(function).__name__)
    return name, f"{function.__module__}.{getattr(function, '__qualname__', name)}"


def plugin_reader(value: Value, parameters: Parameters, place: str, otherwise: str) -> TextReader:
    """The reader of the plugin's name in a call."""
    return text_reader(value, parameters, place, _PLUGIN_PARAMETERS, otherwise=otherwise)


def state_objective(
    objective: Objective | None, value: Value, parameters: Parameters, names: tuple[str, str]
) -> None:
    """Note a decorated function's objective under the plugin name that each call will have."""
    if objective is None:
        return
    from otel_forgesyte.objectives import state  # a dataclass, which few applications make

    otherwise, function_name = names
    if value is None:
        by_call = any(name in parameters for name in _PLUGIN_PARAMETERS)
    else:
        by_call = is_path(value) or callable(value)
    name = None if by_call else plain_text(value, "objective") or otherwise
    state(objective, name, function_name)


def device_reader(value: Value, parameters: Parameters, place: str) -> TextReader:
    """The reader of the canonical name of the device in a call."""
    return text_reader(value, parameters, place, ("device",), canonical=canonical_device)


class Declaration(ABC, Generic[O]):
    """A declared operation, entered with `with` or `async with`, as often as one likes.

    One declaration may be entered by many threads and tasks at once: which of its operations an
    exit ends is read from the context of the exit.
    """

    def __init__(self) -> None:
        # By id, as every step on a dict is atomic: a list shifts under another thread's feet.
        self._entered: dict[int, O] = {}

    @abstractmethod
    def _open(self) -> O:
        """Start one operation."""

    def __enter__(self) -> O:
        try:
            operation = self._open()
        except Exception as error:  # noqa: BLE001 - telemetry never fails the work
            failed("operation start", error)
            operation = cast("O", Unrecorded())
        self._entered[id(operation)] = operation
        operation.attach()
        return operation

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        operation = self._left()
        if error is None:
            operation.succeed(None, (), {})
        else:
            operation.fail(error)

    async def __aenter__(self) -> O:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def _left(self) -> O:
        ours = self._entered.pop(id(get_current().get(OPERATION_KEY)), None)
        # None: the body left a context of its own attached, or the exit runs in another task.
        return self._entered.popitem()[1] if ours is None else ours
