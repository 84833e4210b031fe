"""The reader that OpenTelemetry's configuration makes, with no arguments or with a mapping."""

from __future__ import annotations

import socket
import urllib.request
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader

from otel_forgesyte_prometheus import ServingPrometheusReader, address

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_the_class_is_a_reader_that_serves_from_the_environments_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_HOST", "127.0.0.1")
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", "0")
    assert issubclass(ServingPrometheusReader, MetricReader)
    reader = ServingPrometheusReader()
    provider = MeterProvider(metric_readers=[reader])
    provider.get_meter("shop").create_counter("c").add(1)
    assert reader.server is not None
    with urllib.request.urlopen(reader.server.url, timeout=10) as reply:  # noqa: S310 - our own
        assert b'c_total{otel_scope_name="shop"} 1\n' in reply.read()
    provider.shutdown()


def test_arguments_go_before_the_environment_and_defaults_come_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_PROMETHEUS_HOST", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_PROMETHEUS_PORT", raising=False)
    assert address() == ("127.0.0.1", 9464)
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_HOST", "10.0.0.1")
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", "9000")
    assert address() == ("10.0.0.1", 9000)
    assert address(host="::1", port=0) == ("::1", 0)


def test_a_port_in_use_is_said_in_one_line_and_telemetry_goes_on(
    taken: int, caplog: pytest.LogCaptureFixture
) -> None:
    reader = ServingPrometheusReader(host="127.0.0.1", port=taken)
    assert reader.server is None
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is None
    assert f"127.0.0.1:{taken}: Address already in use" in record.message
    assert "OTEL_EXPORTER_PROMETHEUS_PORT" in record.message
    provider = MeterProvider(metric_readers=[reader])
    provider.get_meter("shop").create_counter("c").add(1)
    assert b"c_total" in reader.page()
    provider.shutdown()


@pytest.mark.parametrize("port", ["http", "-1", "65536", "9464.0", "٣٣٣٣٣٣"])
def test_a_port_that_is_none_is_said_in_one_line_with_the_variables_name(
    port: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", port)
    assert ServingPrometheusReader().server is None
    assert [f"OTEL_EXPORTER_PROMETHEUS_PORT is {port!r}" in r.message for r in caplog.records] == [
        True
    ]
