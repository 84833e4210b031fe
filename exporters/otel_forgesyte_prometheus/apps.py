"""``/metrics`` as an ASGI or a WSGI application, to mount in a server that is there already.

Mounted at a prefix, the application answers at that prefix; alone, at ``/`` and ``/metrics``.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from otel_forgesyte_prometheus.answer import Request, busy, metrics, not_found
from otel_forgesyte_prometheus.seats import Seats

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from otel_forgesyte_prometheus.answer import Answer
    from otel_forgesyte_prometheus.reader import PrometheusReader

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]
    StartResponse = Callable[[str, list[tuple[str, str]]], object]
    WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_PATHS: Final = frozenset({"", "/", "/metrics", "/metrics/"})


def make_wsgi_app(reader: PrometheusReader) -> WSGIApp:
    """A WSGI application that serves ``reader``."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = Request(
            environ["REQUEST_METHOD"],
            environ.get("HTTP_ACCEPT", ""),
            environ.get("HTTP_ACCEPT_ENCODING", ""),
        )
        answer = _at(reader, environ.get("PATH_INFO", ""), request)
        start_response(f"{answer.status.value} {answer.status.phrase}", list(answer.headers))
        return [answer.sent]

    return app


def make_asgi_app(reader: PrometheusReader) -> ASGIApp:
    """An ASGI application that serves ``reader``, collecting off the event loop (asyncio)."""
    seats = Seats()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
            # Callbacks of observable instruments run in a collection, and take what they take.
            request = _asgi_request(scope)
            scrape = seats.take(partial(_at, reader, path, request))
            answer = busy(request) if scrape is None else await asyncio.wrap_future(scrape)
            await _respond(answer, send)

    return app


def _at(reader: PrometheusReader, path: str, request: Request) -> Answer:
    return metrics(reader, request) if path in _PATHS else not_found(request)


def _asgi_request(scope: Message) -> Request:
    said: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        said[name.lower()] = f"{said[name.lower()]},{text}" if name.lower() in said else text
    return Request(scope["method"], said.get(b"accept", ""), said.get(b"accept-encoding", ""))


async def _respond(answer: Answer, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": answer.sent})


async def _live(receive: Receive, send: Send) -> None:
    """Nothing to start or stop; a server that asks is told so."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
