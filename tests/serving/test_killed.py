"""SIGKILL of `serve` while clients write: what was answered with 200 is stored, once."""

from __future__ import annotations

import http.client
import threading
import time
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.serving.conftest import Served

BATCH = 50


class Client(threading.Thread):
    """Sends numbered batches until told to end, each again and again until it is answered."""

    def __init__(self, number: int, port: int) -> None:
        super().__init__()
        self._number = number
        self._port = port
        self.ending = threading.Event()
        self.acknowledged: list[str] = []
        self.tried_again: set[str] = set()

    def run(self) -> None:
        count = 0
        while not self.ending.is_set():
            count += 1
            name = f"{self._number}/{count}"
            body = batch(name)
            while not self._is_taken(body):
                self.tried_again.add(name)
                time.sleep(0.02)
            self.acknowledged.append(name)

    def _is_taken(self, body: bytes) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(
                "POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"}
            )
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def batch(name: str) -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for index in range(1, BATCH + 1):
        spans.add(
            name=name, trace_id=bytes(15) + b"\1", span_id=index.to_bytes(8, "big"),
            start_time_unix_nano=1_000, end_time_unix_nano=2_000,
        )  # fmt: skip
    return bytes(request.SerializeToString())


@pytest.mark.slow
def test_what_was_acknowledged_before_a_kill_is_stored_once(serve: Callable[..., Served]) -> None:
    served = serve(OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="0.1")
    clients = [Client(number, served.port) for number in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(3):
            time.sleep(0.7)
            served.kill()
            served = serve(port=served.port, OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="0.1")
        time.sleep(0.5)
    finally:
        for client in clients:
            client.ending.set()
        for client in clients:
            client.join()
    assert served.end() == 0

    counted = "SELECT name, count(*) FROM otel.spans GROUP BY name"
    stored: dict[str, int] = dict(served.query(counted))
    acknowledged = {name for client in clients for name in client.acknowledged}
    # An answer that the kill swallowed makes the client send again: OTLP is at least once there.
    tried_again = {name for client in clients for name in client.tried_again}
    assert len(acknowledged) > 50
    assert set(stored) == acknowledged
    for name, count in stored.items():
        assert count == BATCH or (name in tried_again and count % BATCH == 0), name
