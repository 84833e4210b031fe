"""How much a client may send: bytes of a body, bytes that it unfolds to, requests, and time."""

from __future__ import annotations

import threading
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP = 16 + zlib.MAX_WBITS
# What follows a gzip member is copied at its end. When that was the rest of the whole body, 80,000
# empty members (1.6 MB) took 2.4 s, and time grew with their square; so it takes 0.2 s.
_PIECE = 4_096


class BodyTooLarge(Exception):  # noqa: N818 - reads as the fact it states
    """A body is larger than allowed, as sent or unfolded, or (then it says so) as stored."""


class BadBody(Exception):  # noqa: N818 - reads as the fact it states
    """A body is not what its headers say it is; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one serving process takes. Beyond it a client is told so, and when to come again."""

    max_body_bytes: int = 20 << 20
    """Of one request, as sent and also unfolded; 20 MiB is what OTLP recommends."""
    max_requests_per_second: float = 1_000.0
    """Of all clients together, with bursts of twice as many."""
    max_concurrent_requests: int = 32
    """Requests being read at once; two of them are stored at once. With the body size, what bounds
    the memory."""
    request_timeout_s: float = 15.0
    """How long a body may take to arrive."""


class Pace:
    """A bucket of permissions that fills at a steady rate. Safe from any thread."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = max(1.0, 2 * per_second)
        self._left = self._most
        self._now = now
        self._at = now()
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Take one permission; False when there is none at the moment."""
        with self._lock:
            now = self._now()
            self._left = min(self._most, self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


def unfold(content: bytes, limit: int) -> bytes:
    """Return what a gzip body holds; never more than the limit is unfolded to find out.

    Raises:
        BodyTooLarge: it holds more.
        BadBody: it is no gzip, or ends early.
    """
    parts: list[bytes] = []
    room = limit + 1
    member = None  # RFC 1952 lets several be put one after another
    for start in range(0, len(content), _PIECE):
        piece = content[start : start + _PIECE]
        while piece:
            member = member or zlib.decompressobj(_GZIP)
            try:
                part = member.decompress(piece, room)
            except zlib.error as error:
                raise BadBody(f"the body is not gzip, as its headers say: {error}") from None
            room -= len(part)
            if room <= 0:
                raise BodyTooLarge
            parts.append(part)
            piece = member.unused_data
            if member.eof:
                member = None
    if member is not None:
        raise BadBody("the gzip body ends before its end")
    return b"".join(parts)
