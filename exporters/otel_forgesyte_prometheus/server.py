"""A small HTTP server for ``/metrics``, in a daemon thread of the process that it tells about."""

from __future__ import annotations

import errno
import logging
import os
import socket
import socketserver
import time
from http.server import BaseHTTPRequestHandler
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from otel_forgesyte_prometheus.answer import Request
from otel_forgesyte_prometheus.endpoint import Endpoint
from otel_forgesyte_prometheus.forking import renew_in_children
from otel_forgesyte_prometheus.tls import is_named

if TYPE_CHECKING:
    from otel_forgesyte_prometheus.door import Door
    from otel_forgesyte_prometheus.reader import PrometheusReader

LOOPBACK: Final = "127.0.0.1"
MAX_PORT: Final = 65_535
MAX_CONNECTIONS: Final = 8
# From accept to the last byte. A slow client loses its connection; it never holds a thread longer.
CONNECTION_TIMEOUT_S: Final = 15.0

_LOGGER: Final = logging.getLogger("otel_forgesyte_prometheus")
_POLL_S: Final = 0.25
_OUT_OF_FILES: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_ROOT: Final = "Metrics are at /metrics.\n"
_BUSY: Final = b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


class Server:
    """A running server. Stops with `shutdown`, with its reader, or with the process."""

    def __init__(self, endpoint: Endpoint, host: str, port: int) -> None:
        self.door: Final = endpoint.door
        self._listener = _Listener(endpoint, host, port)
        self._pid = os.getpid()
        self.host: Final = host
        self.port: Final[int] = self._listener.server_address[1]
        self._thread = Thread(
            target=self._listener.serve_forever,
            args=(_POLL_S,),
            name="otel-forgesyte-metrics",
            daemon=True,
        )
        self._thread.start()
        renew_in_children(self)
        endpoint.reader.at_shutdown(self.shutdown)

    @property
    def url(self) -> str:
        """Where to scrape; a server on every interface is named by its loopback address."""
        host = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        scheme = "https" if self.door.uses_tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/metrics"

    def shutdown(self) -> None:
        """Stop listening. Twice is harmless; in a forked child it stops nothing of the parent."""
        if self._thread.is_alive() and self._pid == os.getpid():
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()

    def after_fork_in_child(self) -> None:
        """Let go of the port, so that it is free when the parent ends, whatever we do."""
        self._listener.let_go()


def start_server(
    reader: PrometheusReader, host: str = LOOPBACK, port: int = 9464, door: Door | None = None
) -> Server:
    """Serve ``reader`` at ``http://host:port/metrics`` to whom ``door``, or its own, lets in.

    Port 0 takes a free one.

    Raises:
        ConfigError: as for `Endpoint`; nothing is served without the door that was asked for.
        OSError: the address cannot be listened on; the message says what to do.
        ValueError: there is no such port.
    """
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"Prometheus: port {port} is not between 0 (a free one) and {MAX_PORT}")
    endpoint = Endpoint(reader, door, _ROOT)
    try:
        return Server(endpoint, host, port)
    except OSError as error:
        raise type(error)(
            error.errno,
            f"Prometheus: cannot listen on {host}:{port}: {error.strerror or error}."
            f" {_advice(error)}",
        ) from error


def _advice(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "Name an address of this machine with OTEL_EXPORTER_PROMETHEUS_HOST or host="
    return "Choose another port with OTEL_EXPORTER_PROMETHEUS_PORT or port=; 0 takes a free one"


class _Connection:
    """A socket, which TLS exchanges for another one, and the time when it is cut."""

    __slots__ = ("deadline", "socket")

    def __init__(self, request: socket.socket) -> None:
        self.socket = request
        self.deadline = time.monotonic() + CONNECTION_TIMEOUT_S

    def cut(self) -> None:
        """End it under whoever reads or writes there."""
        try:
            # The plain one: TLS's own takes away what the other thread is using.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        except OSError:
            _LOGGER.debug("Prometheus: a connection was gone before its time", exc_info=True)


class _Listener(socketserver.TCPServer):
    # On Windows this option would let two processes listen on one port.
    allow_reuse_address = os.name == "posix"
    request_queue_size = 16

    def __init__(self, endpoint: Endpoint, host: str, port: int) -> None:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        self.address_family, _, _, _, address = found[0]
        self.endpoint = endpoint
        self._slots = BoundedSemaphore(MAX_CONNECTIONS)
        self._open: set[_Connection] = set()
        super().__init__(address, _Handler)  # type: ignore[arg-type]  # an IPv6 address has four parts

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; it waits on where there is no file descriptor for it."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _OUT_OF_FILES:
                time.sleep(_POLL_S)  # asked again at once, and again, it would take a whole core
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, while there is one to have."""
        if not self._slots.acquire(blocking=False):
            self._turn_away(request)
            return
        connection = _Connection(request)
        self._open.add(connection)
        thread = Thread(
            target=self._serve_one,
            args=(connection, client_address),
            name="otel-forgesyte-metrics-client",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:  # the process is out of threads
            self._end(connection)
            raise

    def let_go(self) -> None:
        """Close this process's copies of the sockets; those of the parent go on."""
        self.server_close()
        for connection in self._open:
            connection.socket.close()

    def service_actions(self) -> None:
        """Between connections: cut off those that are past their time."""
        now = time.monotonic()
        for connection in tuple(self._open):
            if connection.deadline < now:
                connection.cut()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event; the standard library would print a traceback."""
        del request, client_address
        _LOGGER.debug("Prometheus: a connection ended early", exc_info=True)  # noqa: LOG014 - called in one

    def _turn_away(self, request: socket.socket) -> None:
        if not self.endpoint.door.uses_tls:  # a client that speaks TLS could not read it
            request.settimeout(0)
            request.send(_BUSY)
        self.shutdown_request(request)

    def _serve_one(self, connection: _Connection, client_address: Any) -> None:
        try:
            self._encrypt(connection)
            self.finish_request(connection.socket, client_address)
        except Exception:  # noqa: BLE001 - handed to the place for it
            self.handle_error(connection.socket, client_address)
        finally:
            self._end(connection)

    def _encrypt(self, connection: _Connection) -> None:
        """Shake hands, here and not where connections are accepted: it waits for the client."""
        rules = self.endpoint.door.rules()
        if rules.context is None:
            return
        connection.socket.settimeout(CONNECTION_TIMEOUT_S)
        connection.socket = encrypted = rules.context.wrap_socket(
            connection.socket, server_side=True, do_handshake_on_connect=False
        )
        encrypted.do_handshake()
        if not is_named(encrypted.getpeercert(), rules.client_names):
            raise ConnectionRefusedError("the client's certificate has none of the names")

    def _end(self, connection: _Connection) -> None:
        self._open.discard(connection)
        self.shutdown_request(connection.socket)
        self._slots.release()


class _Handler(BaseHTTPRequestHandler):
    timeout = CONNECTION_TIMEOUT_S

    def _reply(self) -> None:
        answer = cast("_Listener", self.server).endpoint.answer(
            Request(
                self.command,
                _path(self.path),
                self._said("Accept"),
                self._said("Accept-Encoding"),
                self._said("Authorization"),
                self._said("X-Prometheus-Scrape-Timeout-Seconds"),
            )
        )
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.sent)

    def _said(self, header: str) -> str:
        return ",".join(self.headers.get_all(header, ()))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = _reply  # noqa: N815 - names that the standard library looks up

    def version_string(self) -> str:
        """What the header ``Server`` says: no versions, for those who collect them."""
        return "otel-forgesyte"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Access lines are for debugging; standard error belongs to the application."""
        _LOGGER.debug("Prometheus: %s %s", self.address_string(), format % args)


def _path(target: str) -> str:
    """The path of a request target, which a client behind a proxy gives with scheme and host."""
    try:
        return urlsplit(target).path or "-"
    except ValueError:  # a host that is none
        return "-"
