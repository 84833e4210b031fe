"""One record as one line of a segment: valid JSON whatever it holds, or a reason why not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from otel_forgesyte_duckdb.sanitize import (
    MAX_STRING,
    digest,
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


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """Lines ready to be appended, how many, and what could not become a line."""

    data: bytes
    lines: int
    dead: list[tuple[str, str]]
    """Reason and what is known of each record that could not be encoded."""


class LineEncoder:
    """Redacts and serialises; one bad value costs that value, one bad record that record."""

    def __init__(self, redact: Redact | None = None) -> None:
        self._redact = redact
        self._warned = False

    def encode(self, items: Sequence[Any], to_record: Callable[[Any], Record]) -> EncodedBatch:
        """Return the lines of a batch; `to_record` splits one item as `Record` says."""
        dead: list[tuple[str, str]] = []
        lines = self._fast(items, to_record, dead)
        data = b"".join(lines)
        # orjson writes NaN as null without a word. One search over the batch costs a third of one
        # per line; then only the lines that have the word are done again.
        if b"null" in data:
            for index, line in enumerate(lines):
                if b"null" in line:
                    lines[index] = self._careful(items[index], to_record, dead)
            data = b"".join(lines)
        return EncodedBatch(data, len(items) - len(dead), dead)

    def _fast(
        self, items: Sequence[Any], to_record: Callable[[Any], Record], dead: list[tuple[str, str]]
    ) -> list[bytes]:
        """Return a line per item, empty for the dead: the hot loop, so with few calls."""
        lines: list[bytes] = []
        dumps, redact = orjson.dumps, self._redact
        for item in items:
            try:
                head, body, tail = to_record(item)
                if redact is not None:
                    body = self.redacted(body)
                text = dumps(body, default=_plain)
                if len(text) <= MAX_STRING:
                    lines.append(head + text[1:-1] + tail)
                    continue
            except Exception:  # noqa: BLE001, S110 - the careful way deals with whatever it is
                pass
            lines.append(self._careful(item, to_record, dead))
        return lines

    def _careful(
        self, item: Any, to_record: Callable[[Any], Record], dead: list[tuple[str, str]]
    ) -> bytes:
        """Return the line of an item that has lone surrogates, huge integers or texts, NaN, ..."""
        try:
            head, body, tail = to_record(item)
            return head + _sanitized(self.redacted(body)) + tail
        except Exception as error:  # noqa: BLE001 - a record may be broken in any way: set aside
            # The record itself is what is broken, and no hook has seen it: only its type is told.
            dead.append((self._reason(error), type(item).__name__))
            return b""

    def redacted(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the record as the redaction hook leaves it; never raw when the hook fails."""
        if self._redact is None:
            return body
        try:
            redacted: Any = self._redact(body)
            if isinstance(redacted, dict):
                return cast("dict[str, Any]", redacted)
            self._warn_once(f"returned {type(redacted).__name__}, not a dict")
        except Exception as error:  # noqa: BLE001 - a user's hook; its failure must not leak
            self._warn_once(f"raised {type(error).__name__}")
        return cast("dict[str, Any]", _blanked(body))

    def _reason(self, error: Exception) -> str:
        if self._redact is not None:  # an error's text can quote the value
            return f"encode: {type(error).__name__}"
        try:
            return f"encode: {type(error).__name__}: {error}"[:500]
        except Exception:  # noqa: BLE001 - an error of a user's class may not have a text
            return f"encode: {type(error).__name__}"

    def _warn_once(self, failure: str) -> None:
        if not self._warned:
            self._warned = True
            _logger.warning(
                "the redaction hook %s; values of such records are stored as %s",
                failure,
                REDACTION_FAILED,
            )


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return digest(bytes(cast("Any", value)))
    return sanitize(value)


def _sanitized(body: dict[str, Any]) -> bytes:
    text = b""
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
