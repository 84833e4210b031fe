"""Any value as something JSON and DuckDB can hold, without losing the rest of its record.

The happy path never comes here: orjson refuses what needs it, or the encoded text shows it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, cast

MAX_STRING = 262_144
"""Characters kept of one string. DuckDB refuses JSON documents over 16 MiB."""
_MAX_DEPTH = 32  # orjson stops at 254 levels; nobody reads that many
_LEAST_INT, _MOST_INT = -(2**63), 2**64 - 1  # what JSON numbers survive in orjson and in DuckDB


def sanitize(value: Any, max_string: int = MAX_STRING, depth: int = 0) -> Any:  # noqa: PLR0911
    """Return the value as plain dicts, lists, strings and numbers; never raises for odd content."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if _LEAST_INT <= value <= _MOST_INT else clean_text(_digits(value), 4_300)
    if isinstance(value, float):
        return json_double(value)
    if isinstance(value, str):
        return clean_text(value, max_string)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return digest(bytes(cast("Any", value)))
    if depth >= _MAX_DEPTH:
        return f"[nested deeper than {_MAX_DEPTH} levels]"
    return _sanitize_container(value, max_string, depth + 1)


def _sanitize_container(value: Any, max_string: int, depth: int) -> Any:
    if isinstance(value, Mapping):
        mapping: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return {
            clean_text(_text(key), max_string): sanitize(item, max_string, depth)
            for key, item in mapping.items()
        }
    if isinstance(value, (Sequence, AbstractSet)):
        items = cast("Collection[Any]", value)
        return [sanitize(item, max_string, depth) for item in items]
    return clean_text(_text(value), max_string)


def json_double(value: float) -> float | str:
    """Return the number, or the name OTLP/JSON gives it (DuckDB casts these names to DOUBLE)."""
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def clean_text(text: str, limit: int) -> str:
    """Return the text as valid Unicode, cut to a length with a note of what it was."""
    if len(text) > limit:
        text = f"{text[:limit]}… [cut: {len(text)} characters]"
    # A lone surrogate has no UTF-8 form: written as its escape, so it can still be recognised.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def digest(content: bytes) -> dict[str, Any]:
    """Return what is recorded in place of bytes: images and secrets are never copied."""
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def has_non_finite(value: Any) -> bool:
    """Tell whether NaN or an infinity is inside; orjson writes those as null without a word."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        mapping: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return any(has_non_finite(item) for item in mapping.values())
    if isinstance(value, (list, tuple)):
        return any(has_non_finite(item) for item in cast("Sequence[Any]", value))
    return False


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python refuses to write more than 4,300 digits in decimal
        return hex(number)


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a user's __str__ may raise anything; noted in place
        return f"[{type(value).__name__}: str() raised {type(error).__name__}]"
