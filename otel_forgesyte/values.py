"""Where a decorator finds a value: a parameter, a path into one, a callable, or a constant.

All that can be decided is decided at decoration. A call then runs one small closure over
`(args, kwargs)`; the signature is bound in full only for a callable, which asks for all arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeGuard, TypeVar, cast
from uuid import UUID

from otel_forgesyte.failures import failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

T = TypeVar("T")

Arguments: TypeAlias = "Mapping[str, Any]"
"""The bound arguments of one call by parameter name, defaults filled in."""

Reader: TypeAlias = "Callable[[tuple[Any, ...], dict[str, Any]], Any]"
TextReader: TypeAlias = "Callable[[tuple[Any, ...], dict[str, Any]], str | None]"

LONGEST_TEXT = 256


# No dataclass: that module and the classes it made were 4 of the 11 ms that `from otel_forgesyte
# import job` took after the OpenTelemetry API. Nothing else on that way needs it.
class Constant(Generic[T]):
    """A value that is meant as it is; made by `constant`."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"constant({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.value == cast("Any", other).value

    def __hash__(self) -> int:
        return hash(self.value)


def unmarked(value: Any) -> Any:
    """The value itself, whether or not it was marked with `constant`."""
    return cast("Any", value).value if isinstance(value, Constant) else value


def constant(value: T) -> Constant[T]:
    """Mark `value` as the value itself: a bare string in a decorator names a parameter."""
    return Constant(value)


Value: TypeAlias = (
    "str | int | float | UUID | Enum | datetime | Constant[Any] | Callable[[Arguments], Any] | None"
)
"""What a decorator's argument may be.

A string is a parameter name or a dotted path into one (`"job.job_id"`; each step an attribute, or a
key where the value is a mapping). A callable takes the bound `Arguments`. `constant(x)` is `x`, and
so is any value of another type. None means the default. In context-manager use there are no
parameters, so a string is the value.
"""


def is_path(value: object) -> TypeGuard[str]:
    """Whether a decorator's argument names a parameter: text, but no enum member that is text."""
    return isinstance(value, str) and not isinstance(value, Enum)


class Parameters:
    """The parameters of one function, as far as a call needs them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.signature: inspect.Signature | None
        try:
            self.signature = inspect.signature(function)
        except (TypeError, ValueError):  # some builtins carry none: only constants can be read
            self.signature = None
        known = {} if self.signature is None else dict(self.signature.parameters)
        self._known = known
        self._keywords = any(p.kind is p.VAR_KEYWORD for p in known.values())

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def reader(self, name: str) -> Reader | None:
        """What reads the argument of `name`; None when no call can have one."""
        parameter = self._known.get(name)
        if parameter is None:
            return _keyword(name, None) if self._keywords else None
        if parameter.kind is parameter.VAR_KEYWORD:
            named = frozenset(self._known)
            return lambda _args, kwargs: {k: v for k, v in kwargs.items() if k not in named}
        position = list(self._known).index(name)
        if parameter.kind is parameter.VAR_POSITIONAL:
            return lambda args, _kwargs: args[position:]
        default = None if parameter.default is parameter.empty else parameter.default
        if parameter.kind is parameter.KEYWORD_ONLY:
            return _keyword(name, default)
        return _positional(position, name, default)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """All arguments of one call by name, defaults filled in.

        Raises:
            TypeError: the call does not fit the signature, or there is none to fit.
        """
        if self.signature is None:
            raise TypeError("this function has no signature to read arguments from")
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments


def _keyword(name: str, default: object) -> Reader:
    return lambda _args, kwargs: kwargs.get(name, default)


def _positional(position: int, name: str, default: object) -> Reader:
    return lambda args, kwargs: (
        args[position] if len(args) > position else kwargs.get(name, default)
    )


def compiled(value: Value, parameters: Parameters) -> Reader | None:
    """The reader of a value given to a decorator; None when nothing was given.

    Raises:
        LookupError: a path begins with a name that is no parameter.
    """
    if value is None:
        return None
    if is_path(value):
        return path_reader(value, parameters)
    if callable(value) and not isinstance(value, type):
        extract = value
        return lambda args, kwargs: extract(parameters.bind(args, kwargs))
    plain = unmarked(value)
    return lambda _args, _kwargs: plain


def path_reader(path: str, parameters: Parameters, *, lenient: bool = False) -> Reader | None:
    """The reader of `"parameter"` or `"parameter.step.step"`.

    `lenient` is for paths that nobody asked for: a missing parameter gives None, a missing
    attribute reads as None.

    Raises:
        LookupError: no such parameter, unless lenient.
    """
    root, *steps = path.split(".")
    read = parameters.reader(root)
    if read is None:
        if lenient:
            return None
        raise LookupError(
            f"{path!r}: no parameter is named {root!r} (a value meant as it is: constant({path!r}))"
        )
    if not steps:
        return read
    return lambda args, kwargs: follow(read(args, kwargs), steps, lenient=lenient)


def follow(value: Any, steps: Sequence[str], *, lenient: bool = False) -> Any:
    """What stands at the end of a dotted path; None as soon as a step is None or a missing key.

    Raises:
        AttributeError: a step names no attribute, unless lenient.
    """
    for step in steps:
        if value is None:
            return None
        if isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(step)
        elif lenient:
            value = getattr(value, step, None)
        else:
            value = getattr(value, step)
    return value


def text(value: Any) -> str | None:
    """`value` as a short text: ids and enum members as their value, at most 256 characters.

    None and the empty string give None. An object without a `__str__` of its own is known by its
    `name`; never by its `repr`, which for an image or a result can take seconds and megabytes.

    Raises:
        TypeError: `value` is a container or bytes, or has neither text nor name.
    """
    if type(value) is str:  # nearly always; an Enum may be a str too, and its value is wanted
        return value[:LONGEST_TEXT] or None
    if value is None:
        return None
    if isinstance(value, Enum):
        return text(value.value)
    if isinstance(value, (str, int, float, UUID)):
        return str(value)[:LONGEST_TEXT] or None
    kind = cast("Any", type(value))
    container = isinstance(value, (bytes, bytearray, Mapping, Sequence))
    if not container and kind.__str__ is not object.__str__:
        return str(value)[:LONGEST_TEXT]
    name = None if container else getattr(value, "name", None)
    if isinstance(name, str):
        return text(name)
    raise TypeError(f"a {kind.__qualname__} cannot stand as a short text")


def text_reader(  # noqa: PLR0913 - what to read, and what in its place
    value: Value,
    parameters: Parameters,
    place: str,
    defaults: Sequence[str] = (),
    *,
    otherwise: str | None = None,
    canonical: Callable[[Any], str | None] = text,
) -> TextReader:
    """The reader of a short text in `canonical` form, which never raises.

    `defaults` are paths to try, in order, when no value is given; the first whose parameter exists
    is taken. Where nothing is found, `otherwise`. A value that cannot be used is counted, and the
    defaults serve instead.
    """
    if value is not None and not is_path(value) and not callable(value):
        fixed = plain_text(value, place, canonical=canonical) or otherwise
        return lambda _args, _kwargs: fixed
    read: Reader | None = None
    try:
        read = compiled(value, parameters)
    except LookupError as error:
        failed(place, error)
    if read is None:
        paths = (path for path in defaults if path.split(".")[0] in parameters)
        read = next((path_reader(path, parameters, lenient=True) for path in paths), None)
    if read is None:
        return lambda _args, _kwargs: otherwise
    found = read

    def read_text(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        try:
            return canonical(found(args, kwargs)) or otherwise
        except Exception as error:  # noqa: BLE001 - the user's extractor or type may raise anything
            failed(place, error)
            return otherwise

    return read_text


def plain_text(
    value: Value, place: str, *, canonical: Callable[[Any], str | None] = text
) -> str | None:
    """The text of a value given to a context manager, where strings are values; never raises."""
    try:
        return canonical(unmarked(value))
    except Exception as error:  # noqa: BLE001 - a type of the user's may raise anything
        failed(place, error)
        return None
