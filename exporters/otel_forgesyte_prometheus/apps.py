"""``/metrics`` as an ASGI or a WSGI application, to mount in a server that is there already.

Mounted at a prefix, the application answers there and at ``/job`` and the like below it; alone, at
``/``, ``/metrics`` and ``/metrics/job``. Who may scrape is decided as for the stand-alone server;
TLS is up to the host's server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_forgesyte_prometheus.answer import Request
from otel_forgesyte_prometheus.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from otel_forgesyte_prometheus.answer import Answer
    from otel_forgesyte_prometheus.door import Door
    from otel_forgesyte_prometheus.reader import PrometheusReader

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]
    StartResponse = Callable[[str, list[tuple[str, str]]], object]
    WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def make_wsgi_app(reader: PrometheusReader, door: Door | None = None) -> WSGIApp:
    """A WSGI application that serves ``reader`` to whom ``door``, or else its own, lets in.

    Raises:
        ConfigError: as for `Endpoint`.
    """
    endpoint = Endpoint(reader, door)

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = endpoint.answer(_wsgi_request(environ))
        start_response(f"{answer.status.value} {answer.status.phrase}", list(answer.headers))
        return [answer.sent]

    return app


def make_asgi_app(reader: PrometheusReader, door: Door | None = None) -> ASGIApp:
    """The same as an ASGI application, collecting off the event loop (asyncio).

    Raises:
        ConfigError: as for `Endpoint`.
    """
    endpoint = Endpoint(reader, door)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await _respond(await endpoint.answer_from_loop(_asgi_request(scope)), send)

    return app


def _wsgi_request(environ: dict[str, Any]) -> Request:
    return Request(
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", ""),
        environ.get("HTTP_ACCEPT", ""),
        environ.get("HTTP_ACCEPT_ENCODING", ""),
        environ.get("HTTP_AUTHORIZATION", ""),
        environ.get("HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS", ""),
        is_mounted=bool(environ.get("SCRIPT_NAME", "").strip("/")),
    )


def _asgi_request(scope: Message) -> Request:
    said: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        said[name.lower()] = f"{said[name.lower()]},{text}" if name.lower() in said else text
    prefix = scope.get("root_path", "").rstrip("/")
    return Request(
        scope["method"],
        scope["path"].removeprefix(prefix),
        said.get(b"accept", ""),
        said.get(b"accept-encoding", ""),
        said.get(b"authorization", ""),
        said.get(b"x-prometheus-scrape-timeout-seconds", ""),
        is_mounted=bool(prefix),
    )


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
