"""A redactor as one would write it for the exporter's hook: by key, and by the look of values."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_TAKEN_OUT = "[REDACTED]"
_KEYS = re.compile(
    r"passw(or)?d|secret|token|authorization|api[_-]?key|private[_-]?key|credential|cookie|"
    r"session|dsn|connection[_-]?string",
    re.IGNORECASE,
)
_VALUES = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abpr]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9-]{20,}|"
    r"AIza[0-9A-Za-z_-]{35}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.|-----BEGIN [A-Z ]*PRIVATE KEY|"
    r"://[^/\s:@]+:[^/\s@]+@|Bearer [A-Za-z0-9._-]+"
)


def redact(record: dict[str, Any]) -> dict[str, Any]:
    """The record with the values of telling keys, and texts that look like a secret, taken out."""
    return {key: _redacted(key, value) for key, value in record.items()}


def _redacted(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return _TAKEN_OUT if _tells(key) or _VALUES.search(value) else value
    if isinstance(value, dict):
        return {name: _redacted(name, each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return [_redacted(key, each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value


@lru_cache(maxsize=1_024)
def _tells(key: str) -> bool:
    return _KEYS.search(key) is not None
