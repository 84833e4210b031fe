"""An ASGI application on an address, in a thread of its own; its end waits for running requests."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp

# An SDK exports metrics every 60 seconds over one connection; closing it just before would make
# each export begin with a failure.
_IDLE_S = 75
_GRACE_S = 5
# Open ones, idle ones included: well below the 1,024 files that a process may have open by default.
_MOST_CONNECTIONS = 512
_STARTING_S = 10.0


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that also ends connections on which a request never comes to its first line's end.

    uvicorn has a timeout between requests, and resets it with each byte: a client that sends one
    byte a minute, or none at all after connecting, would keep its connection for ever.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, unless there are too many connections."""
        super().connection_made(transport)
        # uvicorn counts where a request has come: those that send none would take every file that
        # the process may open, and the spool needs some.
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
        else:
            self._wait()

    def handle_events(self) -> None:
        """Wait no more once a request has begun: its own time limit holds from there."""
        super().handle_events()
        if self._waiting is not None and self._is_busy():
            self._waiting.cancel()
            self._waiting = None

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if not self._is_busy():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    def _is_busy(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(_IDLE_S, self.transport.abort)


class HttpListener:
    """A server for one application. Listens from `start` on, and ends with `stop`."""

    def __init__(self, application: ASGIApp, host: str, port: int, option: str) -> None:
        self._socket = _bound(host, port, option)
        self.port: int = self._socket.getsockname()[1]
        self.host = host
        self._server = uvicorn.Server(
            uvicorn.Config(
                cast("Any", application),  # two libraries' types for one specification
                http=PatientProtocol,
                ws="none",
                lifespan="off",
                log_config=None,  # the process's own logging decides
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_MOST_CONNECTIONS,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name=f"http-{self.port}", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens, as a client writes it."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def start(self) -> None:
        """Return once connections are answered.

        Raises:
            ConfigError: the server has not come up; its own log says why.
        """
        self._thread.start()
        deadline = time.monotonic() + _STARTING_S
        while not self._server.started:
            if time.monotonic() >= deadline or not self._thread.is_alive():
                self.stop()
                raise ConfigError(f"the server at {self.url} did not start; its log says why")
            time.sleep(0.005)

    def stop(self) -> None:
        """Take no more connections, and return when running requests have been answered."""
        self._server.should_exit = True
        self._thread.join(2 * _GRACE_S)
        self._socket.close()


def _bound(host: str, port: int, option: str) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}: {error.strerror or error}") from error
    try:
        if os.name == "posix":  # on Windows it would let two processes listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        what = (
            f"another process listens there; choose another port with {option}, 0 takes a free one"
        )
        raise ConfigError(
            f"cannot listen on {host}:{port}: {what if taken else error.strerror or error}"
        ) from error
    return listener
