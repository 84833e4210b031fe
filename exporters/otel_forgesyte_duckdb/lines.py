"""One record as one line of a segment: valid JSON whatever it holds, or a reason why not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from otel_forgesyte_duckdb.sanitize import (
    MAX_STRING,
    digest,
    has_non_finite,
    json_double,
    sanitize,
)

Redact = Callable[[dict[str, Any]], dict[str, Any]]
Record = tuple[bytes, dict[str, Any], bytes]
"""Start of a line (ids, numbers), the part a user's words can be in, and its end (origin)."""

MAX_LINE = 12_000_000
"""Bytes of one line; DuckDB's limit for one JSON document is 16 MiB."""
REDACTION_FAILED = "[REDACTION_FAILED]"
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class EncodedBatch:
    """Lines ready to be appended, and what could not become a line."""

    lines: list[bytes] = field(default_factory=list[bytes])
    dead: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Reason and what is known of each record that could not be encoded."""


class LineEncoder:
    """Redacts and serialises; one bad value costs that value, one bad record that record."""

    def __init__(self, redact: Redact | None = None) -> None:
        self._redact = redact
        self._warned = False

    def encode(self, items: Iterable[Any], to_record: Callable[[Any], Record]) -> EncodedBatch:
        """Return the lines of a batch; `to_record` splits one item as `Record` says."""
        batch = EncodedBatch()
        append = batch.lines.append
        for item in items:
            try:
                head, body, tail = to_record(item)
                append(head + self._inner(body) + tail)
            except Exception as error:  # noqa: BLE001, PERF203 - one record, set aside
                batch.dead.append((f"encode: {type(error).__name__}: {error}"[:500], _label(item)))
        return batch

    def redacted(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the record as the redaction hook leaves it; never raw when the hook fails."""
        if self._redact is None:
            return body
        try:
            redacted: dict[str, Any] = self._redact(body)
        except Exception as error:  # noqa: BLE001 - a user's hook; its failure must not leak
            self._warn_once(error)
            return cast("dict[str, Any]", _blanked(body))
        return redacted

    def _inner(self, body: dict[str, Any]) -> bytes:
        body = self.redacted(body)
        try:
            text = orjson.dumps(body, default=_plain)
        except (TypeError, ValueError, RecursionError):
            # Lone surrogates, integers over 64 bits, keys that are not text, deep nesting.
            return _slowly(body)
        # orjson writes NaN as null; and a very long string passes it unnoticed.
        if len(text) > MAX_STRING or (b"null" in text and has_non_finite(body)):
            return _slowly(body)
        return text[1:-1]

    def _warn_once(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            _logger.warning(
                "the redaction hook raised %s; values of such records are stored as %s",
                type(error).__name__,
                REDACTION_FAILED,
            )


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return digest(bytes(cast("Any", value)))
    return sanitize(value)


def _slowly(body: dict[str, Any]) -> bytes:
    for max_string in (MAX_STRING, 4_096, 64):
        text = orjson.dumps(sanitize(body, max_string))
        if len(text) <= MAX_LINE:
            return text[1:-1]
    raise ValueError(f"record of {len(text)} bytes, more than {MAX_LINE}")


def _blanked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _blanked(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [_blanked(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return json_double(value) if isinstance(value, float) else value
    return REDACTION_FAILED


def _label(item: Any) -> str:
    # The record itself may be what is broken, so only its type and its name, if it has one.
    return f"{type(item).__name__} {getattr(item, 'name', '')!s}"[:200]
