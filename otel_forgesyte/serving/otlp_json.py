"""OTLP/JSON as the protobuf message it stands for.

For a span of eight attributes, protobuf's own `json_format` takes 210 µs more than the binary
encoding, and this 35: it only looks up what each field wants, and leaves building the message to
protobuf's constructor, which is C.
Where OTLP differs from protobuf's mapping, this follows OTLP: ids in hex, numbers for enums, names
in lowerCamelCase alone. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor

AnyMessage = TypeVar("AnyMessage", bound=Message)

_DEEPEST = 100  # messages in messages; what protobuf's binary parser allows
_STANDARD = str.maketrans("-_", "+/")
_IDS = ("trace_id", "span_id", "parent_span_id")


class _Field(NamedTuple):
    name: str
    read: Callable[[Any, int], Any]
    """From the value and how deep it stands."""


_known: dict[str, dict[str, _Field]] = {}


def message_from_json(content: Any, kind: Callable[..., AnyMessage]) -> AnyMessage:
    """Return the message that decoded JSON stands for; fields it does not know are ignored.

    Raises:
        ValueError, TypeError: a value does not fit its field.
    """
    return kind(**_fields_of(cast("Any", kind).DESCRIPTOR, content, 0))


def _fields_of(descriptor: Descriptor, content: Any, depth: int) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ValueError(f"{descriptor.name} is no JSON object")  # noqa: TRY004 - of the body, not of ours
    if depth > _DEEPEST:
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
    fields = _known.get(descriptor.full_name) or _learned(descriptor)
    found: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", content).items():
        field = fields.get(key)
        if field is not None and value is not None:  # null is an absent field
            found[field.name] = field.read(value, depth)
    return found


def _learned(descriptor: Descriptor) -> dict[str, _Field]:
    fields = {each.json_name: _Field(each.name, _reader(each)) for each in descriptor.fields}
    return _known.setdefault(descriptor.full_name, fields)


def _reader(field: FieldDescriptor) -> Callable[[Any, int], Any]:
    read = _single(field)
    if not field.is_repeated:
        return read

    def read_all(values: Any, depth: int) -> list[Any]:
        if not isinstance(values, list):
            raise ValueError(f"{field.json_name} is no JSON array")  # noqa: TRY004
        every: list[Any] = values  # pyright: ignore[reportUnknownVariableType]
        return [read(value, depth) for value in every]

    return read_all


def _single(field: FieldDescriptor) -> Callable[[Any, int], Any]:
    inner = field.message_type
    if inner is not None:
        return lambda value, depth: _fields_of(inner, value, depth + 1)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _hex if field.name in _IDS else _base64
    return _SCALARS.get(field.cpp_type, _whole)


def _hex(value: Any, _depth: int) -> bytes:
    return bytes.fromhex(value)


def _base64(value: Any, _depth: int) -> bytes:
    """Return bytes; of both alphabets and with or without padding, as protobuf's mapping takes."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no base64")  # noqa: TRY004 - of the body, not of ours
    text = value.rstrip("=").translate(_STANDARD)
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _whole(value: Any, _depth: int) -> int:
    """Return an integer; those of 64 bits come as text."""
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value} is no whole number")
    return int(value)


def _real(value: Any, _depth: int) -> float:
    """Return a double; NaN and the infinities come as text, by the names that Python knows too."""
    return float(value)


def _as_is(value: Any, _depth: int) -> Any:
    return value  # the message's constructor refuses another type


_SCALARS: dict[int, Callable[[Any, int], Any]] = {
    FieldDescriptor.CPPTYPE_STRING: _as_is,
    FieldDescriptor.CPPTYPE_BOOL: _as_is,
    FieldDescriptor.CPPTYPE_DOUBLE: _real,
    FieldDescriptor.CPPTYPE_FLOAT: _real,
}
