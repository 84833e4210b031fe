"""Rows 9, 12, 17 and 19: other processes and other telemetry beside ours."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Bench

OTLP = {"OTEL_TRACES_EXPORTER": "otlp,duckdb", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}


def test_a_database_held_for_a_while_delays_nothing_and_gets_everything_afterwards(
    bench: Bench,
) -> None:
    application = bench.start()
    application.do("jobs", 20)
    assert application.do("flush") is True
    holder = bench.start("holder")
    assert holder.do("hold") is True
    for _ in range(3):
        assert application.do("jobs", 50) < 1.0
        assert application.do("flush", 0.5) is False
        time.sleep(0.5)
    assert list(bench.settings.spool.glob("*-spans-*.seg")) != []
    assert holder.do("release") is True
    assert application.do("flush") is True
    application.end()
    result = bench.adds_up()
    assert (result.stored, result.dropped.total()) == (result.told.accepted, 0)


@pytest.mark.parametrize("broken", ["raising", "failing", "hanging"])
def test_a_hosts_broken_exporter_costs_ours_nothing(bench: Bench, broken: str) -> None:
    application = bench.start(HOST_EXPORTER=broken)
    application.do("jobs", 50)
    assert application.do("flush") is True
    began = time.monotonic()
    application.process.communicate("end\n", timeout=60)
    assert time.monotonic() - began < 10
    assert application.process.returncode == 0, application.log.read_text()
    result = bench.adds_up()
    assert len(result.told.kept) == 50
    assert (result.stored, result.dropped.total()) == (result.told.accepted, 0)


class _Receiver(http.server.BaseHTTPRequestHandler):
    """Takes OTLP, slowly, and counts."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.3)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])  # closed again: nobody listens


@pytest.mark.parametrize("receiver", ["down", "slow", "restarted"])
def test_an_otlp_receiver_in_trouble_costs_the_database_nothing(
    bench: Bench, port: int, receiver: str
) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    application = bench.start(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", **OTLP)
    server: http.server.HTTPServer | None = None
    for turn in range(3):
        if server is not None:
            server.shutdown()
            server.server_close()
            server = None
        if receiver == "slow" or (receiver == "restarted" and turn != 1):
            server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _Receiver)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        assert application.do("jobs", 50) < 1.0
        application.do("flush", 3)
    application.end()
    if server is not None:
        server.shutdown()
        server.server_close()
    result = bench.adds_up()
    assert len(result.told.kept) == 150
    assert (result.stored, result.dropped.total()) == (result.told.accepted, 0)


def test_set_up_beside_a_host_configured_twice_and_shut_down_twice_it_adds_up(
    bench: Bench,
) -> None:
    application = bench.start(HOST_EXPORTER="failing")
    assert application.do("configure") is True
    application.do("jobs", 20)
    assert application.do("shutdown", 2) == [True, True]
    application.do("jobs", 20)  # nobody records these
    assert application.do("configure") is False
    application.do("jobs", 20)
    application.end()
    result = bench.adds_up()
    assert len(result.told.kept) == 40
    assert set(result.dropped) <= {"already_shutdown"}
    assert result.stored + result.dropped.total() == result.told.accepted
