"""The stand-alone server, asked over real connections."""

from __future__ import annotations

import gc
import gzip
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from otel_forgesyte_prometheus import Format, Server, start_server
from otel_forgesyte_prometheus import server as server_module
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.metrics import CallbackOptions, Observation

    from .conftest import Metering

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(server: Server, path: str = "/metrics", method: str = "GET", **headers: str) -> Reply:
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as connection:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        response = connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())


@pytest.fixture
def server(metering: Metering) -> Iterator[Server]:
    metering.meter().create_counter("c").add(1)
    server = start_server(metering.reader, port=0)
    yield server
    server.shutdown()


def test_metrics_are_served_on_loopback_at_a_free_port(server: Server) -> None:
    reply = ask(server)
    assert reply.status == 200
    assert reply.body == b"# TYPE c_total counter\nc_total 1\n"
    assert reply.headers["Content-Type"] == TEXT
    assert reply.headers["Server"] == "otel-forgesyte"
    assert server.url == f"http://127.0.0.1:{server.port}/metrics"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (PROMETHEUS_3, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.5", TEXT),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;version=10.0", TEXT),
        ('application/openmetrics-text;version="1.0.0"', OPENMETRICS),
        ("application/openmetrics-text;q=nonsense,;;=,", TEXT),
        ("application/json", TEXT),
        (BROWSER, TEXT),
        ("*/*", TEXT),
    ],
)
def test_the_format_is_the_one_that_the_client_likes_best(
    server: Server, accept: str, content_type: str
) -> None:
    reply = ask(server, Accept=accept)
    assert (reply.status, reply.headers["Content-Type"]) == (200, content_type)
    assert reply.body.endswith(b"# EOF\n") is (content_type == OPENMETRICS)


def test_the_page_is_compressed_for_who_takes_gzip_and_only_then(server: Server) -> None:
    reply = ask(server, Accept_Encoding="deflate, gzip;q=0.8")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(reply.body) == b"# TYPE c_total counter\nc_total 1\n"
    assert reply.headers["Vary"] == "Accept, Accept-Encoding"
    for refused in ("gzip;q=0, br", "gzip;q=0, *", "*;q=0", "br"):
        assert "Content-Encoding" not in ask(server, Accept_Encoding=refused).headers
    assert "Content-Encoding" in ask(server, Accept_Encoding="*").headers


def test_head_has_the_headers_of_get_and_no_body(server: Server) -> None:
    head, get = ask(server, method="HEAD"), ask(server)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.body))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    for path in ("/metrics", "/"):
        reply = ask(server, path, method)
        assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


def test_the_root_says_where_metrics_are_and_other_paths_are_not_found(server: Server) -> None:
    assert (ask(server, "/").status, ask(server, "/").body) == (200, b"Metrics are at /metrics.\n")
    for path in ("/metrics?name=x", "http://127.0.0.1:9464/metrics?name=x"):
        assert ask(server, path).status == 200
    for path in ("/favicon.ico", "/metrics/../etc/passwd", "/metricsx"):
        assert ask(server, path).status == 404


def test_a_request_that_is_no_http_does_not_stop_the_server(server: Server) -> None:
    for junk in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET http://[/ HTTP/1.0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"",
    ):
        with socket.create_connection((server.host, server.port), timeout=5) as connection:
            connection.sendall(junk)
    assert ask(server).status == 200


def test_a_client_that_leaves_early_prints_nothing(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(5):
        connection = socket.create_connection((server.host, server.port), timeout=5)
        linger_zero = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # close with a reset
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        connection.close()
    assert ask(server).status == 200
    assert capfd.readouterr() == ("", "")


def test_a_hanging_scrape_is_answered_with_503_and_not_with_silence(
    metering: Metering, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otel_forgesyte_prometheus.reader.SCRAPE_TIMEOUT_S", 0.05)
    entered, leave = threading.Event(), threading.Event()

    def hanging(_: CallbackOptions) -> Iterable[Observation]:
        entered.set()
        leave.wait(10)
        return []

    metering.meter().create_observable_gauge("slow", [hanging])
    first = threading.Thread(target=ask, args=(server,))
    first.start()
    assert entered.wait(10)
    assert ask(server).status == 503
    leave.set()
    first.join()
    assert ask(server).status == 200


def test_slow_clients_lose_their_connection_and_then_others_are_answered(
    metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "CONNECTION_TIMEOUT_S", 1.0)
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 3)
    server = start_server(metering.reader, port=0)
    before = threading.active_count()
    slow = [socket.create_connection((server.host, server.port), timeout=10) for _ in range(20)]
    dropping = threading.Event()

    def trickle() -> None:
        # One byte at a time keeps every single read within its time-out.
        while not dropping.wait(0.2):
            for connection in slow:
                with suppress(OSError):
                    connection.send(b"G")

    trickler = threading.Thread(target=trickle)
    trickler.start()
    assert threading.active_count() <= before + 3 + 1
    wait_for(lambda: ask(server).status == 200, "a place for one who asks")
    dropping.set()
    trickler.join()
    for connection in slow:
        connection.close()


def test_a_process_out_of_threads_drops_the_request_and_serves_again_later(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unstartable(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without_threads:
        without_threads.setattr(server_module, "Thread", Unstartable)
        for _ in range(2 * server_module.MAX_CONNECTIONS):
            with pytest.raises((http.client.HTTPException, OSError)):
                ask(server)
    assert ask(server).status == 200


OUT_OF_FILES = """
import os, resource, socket, time
from opentelemetry.sdk.metrics import MeterProvider
from otel_forgesyte_prometheus import PrometheusReader, start_server
reader = PrometheusReader()
provider = MeterProvider([reader], shutdown_on_exit=False)
server = start_server(reader, port=0)
client = socket.socket()
client.settimeout(10)
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
free = os.dup(0)
os.close(free)
resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
client.connect((server.host, server.port))
client.sendall(b"GET /metrics HTTP/1.0\\r\\n\\r\\n")
began = time.process_time()
time.sleep(1)
took = time.process_time() - began
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
print(took < 0.2, client.recv(15).decode())
"""


@pytest.mark.skipif(os.name != "posix", reason="this system has no such limit")
def test_a_process_out_of_files_waits_idly_and_serves_again_later() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", OUT_OF_FILES], capture_output=True, text=True, check=True, timeout=60
    )
    assert finished.stdout == "True HTTP/1.0 200 OK\n"


def test_a_port_in_use_is_an_error_that_says_what_to_do(metering: Metering, server: Server) -> None:
    with pytest.raises(OSError, match=rf"127.0.0.1:{server.port}.*OTEL_EXPORTER_PROMETHEUS_PORT"):
        start_server(metering.reader, port=server.port)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_refused(metering: Metering, port: int) -> None:
    with pytest.raises(ValueError, match="not between 0"):
        start_server(metering.reader, port=port)


def test_a_host_that_does_not_exist_is_an_error_with_its_name(metering: Metering) -> None:
    with pytest.raises(OSError, match=r"nowhere\.invalid:0.*OTEL_EXPORTER_PROMETHEUS_HOST"):
        start_server(metering.reader, "nowhere.invalid", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_is_served_and_named_in_brackets(metering: Metering) -> None:
    try:
        server = start_server(metering.reader, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    assert ask(server).status == 200
    assert server.url == f"http://[::1]:{server.port}/metrics"


def test_an_address_for_every_interface_is_named_by_its_loopback_one(metering: Metering) -> None:
    server = start_server(metering.reader, "0.0.0.0", 0)  # noqa: S104 - what is tested
    assert server.url == f"http://127.0.0.1:{server.port}/metrics"


def test_shutting_down_frees_the_port_and_twice_is_harmless(
    metering: Metering, server: Server
) -> None:
    server.shutdown()
    server.shutdown()
    with pytest.raises(ConnectionRefusedError):
        ask(server)
    again = start_server(metering.reader, port=server.port)
    assert ask(again).status == 200


def test_the_server_stops_with_its_provider(metering: Metering) -> None:
    server = start_server(metering.reader, port=0)
    gc.collect()
    assert ask(server).status == 200
    metering.provider.shutdown()
    with pytest.raises(ConnectionRefusedError):
        ask(server)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_serves_nothing_and_frees_the_port_while_the_parent_goes_on(
    metering: Metering, server: Server
) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, _child(metering, server))
        time.sleep(30)
        os._exit(0)
    os.close(write)
    try:
        assert os.read(read, 100) == b"scraped, shut down"
        assert ask(server).status == 200
        server.shutdown()
        # The child lives, but does not hold the port.
        again = start_server(metering.reader, port=server.port)
        assert ask(again).status == 200
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(read)


def _child(metering: Metering, server: Server) -> bytes:
    try:
        metering.reader.page()
        server.shutdown()
        metering.reader.shutdown()
    except BaseException as error:  # noqa: BLE001 - a child must not run the rest of the tests
        return repr(error).encode()
    return b"scraped, shut down"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_a_scrape_runs_can_scrape(metering: Metering) -> None:
    metering.reader._lock.acquire()  # pyright: ignore[reportPrivateUsage] - as a thread scraping would
    child = os.fork()
    if child == 0:
        os._exit(0 if metering.reader.page() == b"" else 1)
    metering.reader._lock.release()  # pyright: ignore[reportPrivateUsage]
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_tells_no_exemplar_of_its_parents(metering: Metering) -> None:
    runs = metering.meter().create_counter("runs")
    # Resource.create() imports a thread pool, and with it a fork hook that comes after the SDK's:
    # which needs what that one lets go of, and would wait for it in the child.
    tracer = TracerProvider(resource=Resource({})).get_tracer("t")
    with tracer.start_as_current_span("work"):
        runs.add(1)
    assert b"trace_id" in metering.reader.page(Format.OPENMETRICS)
    child = os.fork()
    if child == 0:
        runs.add(1)
        page = metering.reader.page(Format.OPENMETRICS)
        os._exit(0 if b"runs_total 1\n" in page and b"trace_id" not in page else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_importing_starts_no_thread_and_opens_no_file() -> None:
    code = (
        "import os, threading; fds = '/proc/self/fd';"
        "n = len(os.listdir(fds)) if os.path.exists(fds) else 0;"
        "import otel_forgesyte_prometheus as p; p.PrometheusReader();"
        "assert threading.active_count() == 1;"
        "assert not n or len(os.listdir(fds)) == n"
    )
    finished = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert finished.returncode == 0
