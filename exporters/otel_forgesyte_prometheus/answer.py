"""From an HTTP request to its answer, the same for the server, ASGI and WSGI."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.exposition import OPENMETRICS, TEXT
from otel_forgesyte_prometheus.reader import ScrapeBusyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_forgesyte_prometheus.reader import PrometheusReader

# Scrapes cross a loopback or a local network: speed before the last percent of size.
_GZIP_LEVEL: Final = 3
_PLAIN: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """What decides the answer."""

    method: str
    accept: str = ""
    accept_encoding: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body. ``sent`` is the body as the method allows it."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    sent: bytes


def metrics(reader: PrometheusReader, request: Request) -> Answer:
    """The metrics, in the format that the client likes best."""
    if (refused := refusal(request)) is not None:
        return refused
    openmetrics = wants_openmetrics(request.accept)
    try:
        body = reader.page(openmetrics=openmetrics)
    except ScrapeBusyError:
        return busy(request)
    headers = [
        ("Content-Type", OPENMETRICS if openmetrics else TEXT),
        ("Vary", "Accept, Accept-Encoding"),
    ]
    if accepts_gzip(request.accept_encoding):
        body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    return _answer(request, HTTPStatus.OK, headers, body)


def refusal(request: Request) -> Answer | None:
    """The answer to a method that is neither GET nor HEAD."""
    if request.method in {"GET", "HEAD"}:
        return None
    text = "Only GET and HEAD are answered here.\n"
    return plain(request, HTTPStatus.METHOD_NOT_ALLOWED, text, ("Allow", "GET, HEAD"))


def busy(request: Request) -> Answer:
    """The answer while the scrapes before this one hold everything up."""
    text = "A scrape before this one has not ended.\n"
    return plain(request, HTTPStatus.SERVICE_UNAVAILABLE, text)


def not_found(request: Request) -> Answer:
    """The answer to a path that is not ours."""
    return plain(request, HTTPStatus.NOT_FOUND, "Metrics are at /metrics.\n")


def plain(request: Request, status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Answer:
    """An answer of one line of text."""
    return _answer(request, status, [("Content-Type", _PLAIN), *headers], text.encode())


def wants_openmetrics(accept: str) -> bool:
    """Whether the client puts OpenMetrics 1.x before the text format; a tie goes to the first."""
    best, answer = 0.0, False
    for media, quality, parameters in _preferences(accept):
        is_openmetrics = media == "application/openmetrics-text"
        if is_openmetrics and _major(parameters) != "1":
            continue
        known = is_openmetrics or media in {"text/plain", "text/*", "*/*"}
        if known and quality > best:
            best, answer = quality, is_openmetrics
    return answer


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip."""
    said = {coding: quality for coding, quality, _ in _preferences(accept_encoding)}
    # The star speaks for codings that are not named: "gzip;q=0, *" refuses gzip.
    return next((said[name] for name in ("gzip", "x-gzip", "*") if name in said), 0.0) > 0


def _preferences(header: str) -> Iterator[tuple[str, float, dict[str, str]]]:
    for item in header.split(","):
        name, *rest = (part.strip().lower() for part in item.split(";"))
        parameters = dict(part.split("=", 1) for part in rest if "=" in part)
        yield name, _quality(parameters.get("q", "1")), parameters


def _major(parameters: dict[str, str]) -> str:
    return parameters.get("version", "1").strip('"').partition(".")[0]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _answer(
    request: Request, status: HTTPStatus, headers: list[tuple[str, str]], body: bytes
) -> Answer:
    headers = [*headers, ("Content-Length", str(len(body)))]
    return Answer(status, tuple(headers), b"" if request.method == "HEAD" else body)
