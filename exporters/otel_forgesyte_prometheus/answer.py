"""A request and its answer, as the server, ASGI and WSGI all have them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

_PLAIN: Final = "text/plain; charset=utf-8"
_PAGE: Final = "/metrics"
_PART: Final = re.compile(r"/([A-Za-z0-9_]{1,64})/?")
# Time for the answer to travel: what comes after Prometheus has given up is a failed scrape.
_TRAVEL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Request:
    """What decides the answer. ``is_mounted``: ``path`` is what follows a prefix of the host's."""

    method: str
    path: str = _PAGE
    accept: str = ""
    accept_encoding: str = ""
    authorization: str = ""
    timeout: str = ""
    is_mounted: bool = False

    def __repr__(self) -> str:
        """Without the credentials: a request shows in tracebacks."""
        return f"Request({self.method} {self.path})"

    @property
    def part(self) -> str | None:
        """What the path asks for: all metrics (""), those with a word in their name, or nothing."""
        if self.path in {"", "/"}:
            return ""
        rest = self.path.removeprefix(_PAGE)
        if rest == self.path and not self.is_mounted:
            return None
        if rest in {"", "/"}:
            return ""
        found = _PART.fullmatch(rest)
        return None if found is None else found[1]

    def patience_s(self, longest_s: float) -> float:
        """How long the answer may take: what Prometheus says it waits, less the way back."""
        try:
            told = float(self.timeout)
        except ValueError:
            return longest_s
        if not math.isfinite(told) or told <= 0:
            return longest_s
        return min(longest_s, max(told - _TRAVEL_S, told / 2))


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body. ``sent`` is the body as the method allows it."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    sent: bytes


Headers = tuple[tuple[str, str], ...]


def answered(request: Request, status: HTTPStatus, headers: Headers, body: bytes) -> Answer:
    """An answer with the length of its body, and without the body for HEAD."""
    length = ("Content-Length", str(len(body)))
    return Answer(status, (*headers, length), b"" if request.method == "HEAD" else body)


def plain(request: Request, status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Answer:
    """An answer of one line of text."""
    return answered(request, status, (("Content-Type", _PLAIN), *headers), text.encode())


def refusal(request: Request) -> Answer | None:
    """The answer to a method that is neither GET nor HEAD."""
    if request.method in {"GET", "HEAD"}:
        return None
    text = "Only GET and HEAD are answered here.\n"
    return plain(request, HTTPStatus.METHOD_NOT_ALLOWED, text, ("Allow", "GET, HEAD"))


def busy(request: Request) -> Answer:
    """The answer while the scrapes before this one hold everything up, or this one takes long."""
    text = "The metrics could not be collected in time.\n"
    return plain(request, HTTPStatus.SERVICE_UNAVAILABLE, text, ("Retry-After", "1"))


def failed(request: Request) -> Answer:
    """The answer where something went wrong that nobody thought of; the log says what."""
    text = "The metrics could not be told.\n"
    return plain(request, HTTPStatus.INTERNAL_SERVER_ERROR, text)


def too_many(request: Request) -> Answer:
    """The answer to requests beyond the configured rate."""
    return plain(
        request, HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.\n", ("Retry-After", "1")
    )


def unauthorized(request: Request, challenges: Headers) -> Answer:
    """The answer to who did not bring what is asked for."""
    text = "Bring the credentials of this endpoint.\n"
    return plain(request, HTTPStatus.UNAUTHORIZED, text, *challenges)


def not_found(request: Request) -> Answer:
    """The answer to a path that is not ours."""
    return plain(request, HTTPStatus.NOT_FOUND, "Metrics are at /metrics.\n")
