"""A small HTTP server for ``/metrics``, in a daemon thread of the process that it tells about."""

from __future__ import annotations

import errno
import logging
import os
import socket
import socketserver
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from otel_forgesyte_prometheus.answer import Request, metrics, not_found, plain, refusal
from otel_forgesyte_prometheus.forking import renew_in_children

if TYPE_CHECKING:
    from otel_forgesyte_prometheus.answer import Answer
    from otel_forgesyte_prometheus.reader import PrometheusReader

LOOPBACK: Final = "127.0.0.1"
MAX_PORT: Final = 65_535
MAX_CONNECTIONS: Final = 8
# From accept to the last byte. A slow client loses its connection; it never holds a thread longer.
CONNECTION_TIMEOUT_S: Final = 15.0

_LOGGER: Final = logging.getLogger("otel_forgesyte_prometheus")
_POLL_S: Final = 0.25
_BUSY: Final = b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


class Server:
    """A running server. Stops with `shutdown`, with its reader, or with the process."""

    def __init__(self, reader: PrometheusReader, host: str, port: int) -> None:
        self._listener = _Listener(reader, host, port)
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
        reader.at_shutdown(self.shutdown)

    @property
    def url(self) -> str:
        """Where to scrape; a server on every interface is named by its loopback address."""
        host = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/metrics"

    def shutdown(self) -> None:
        """Stop listening. Twice is harmless; in a forked child it stops nothing of the parent."""
        if self._thread.is_alive() and self._pid == os.getpid():
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()

    def after_fork_in_child(self) -> None:
        """Let go of the port, so that it is free when the parent ends, whatever we do."""
        self._listener.let_go()


def start_server(reader: PrometheusReader, host: str = LOOPBACK, port: int = 9464) -> Server:
    """Serve ``reader`` at ``http://host:port/metrics``; port 0 takes a free one.

    Raises:
        OSError: the address cannot be listened on; the message says what to do.
        ValueError: there is no such port.
    """
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"Prometheus: port {port} is not between 0 (a free one) and {MAX_PORT}")
    try:
        return Server(reader, host, port)
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


class _Listener(socketserver.TCPServer):
    # On Windows this option would let two processes listen on one port.
    allow_reuse_address = os.name == "posix"
    request_queue_size = 16

    def __init__(self, reader: PrometheusReader, host: str, port: int) -> None:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        self.address_family, _, _, _, address = found[0]
        self.reader = reader
        self._slots = BoundedSemaphore(MAX_CONNECTIONS)
        self._open: dict[socket.socket, float] = {}
        super().__init__(address, _Handler)  # type: ignore[arg-type]  # an IPv6 address has four parts

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, while there is one to have."""
        if not self._slots.acquire(blocking=False):
            request.settimeout(0)
            request.send(_BUSY)
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic() + CONNECTION_TIMEOUT_S
        thread = Thread(
            target=self._serve_one,
            args=(request, client_address),
            name="otel-forgesyte-scrape",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:  # the process is out of threads
            self._end(request)
            raise

    def let_go(self) -> None:
        """Close this process's copies of the sockets; those of the parent go on."""
        self.server_close()
        for request in self._open:
            request.close()

    def service_actions(self) -> None:
        """Between connections: cut off those that are past their time."""
        now = time.monotonic()
        for request, deadline in tuple(self._open.items()):
            if deadline < now:
                _cut(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event; the standard library would print a traceback."""
        del request, client_address
        _LOGGER.debug("Prometheus: a connection ended early", exc_info=True)  # noqa: LOG014 - called in one

    def _serve_one(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001 - handed to the place for it
            self.handle_error(request, client_address)
        finally:
            self._end(request)

    def _end(self, request: Any) -> None:
        self._open.pop(request, None)
        self.shutdown_request(request)
        self._slots.release()


class _Handler(BaseHTTPRequestHandler):
    timeout = CONNECTION_TIMEOUT_S

    def _reply(self) -> None:
        request = Request(
            self.command,
            ",".join(self.headers.get_all("Accept", ())),
            ",".join(self.headers.get_all("Accept-Encoding", ())),
        )
        answer = self._answer(_path(self.path), request)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.sent)

    def _answer(self, path: str, request: Request) -> Answer:
        if path == "/metrics":
            return metrics(cast("_Listener", self.server).reader, request)
        if path == "/":
            return refusal(request) or plain(request, HTTPStatus.OK, "Metrics are at /metrics.\n")
        return not_found(request)

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
        return urlsplit(target).path
    except ValueError:  # a host that is none
        return ""


def _cut(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        _LOGGER.debug("Prometheus: a connection was gone before its time", exc_info=True)
