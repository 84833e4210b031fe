"""prometheus_client's collectors on our page, and our families in its functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily

from otel_forgesyte_prometheus import Format

from .metric_family import read_families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest
    from prometheus_client.core import Metric

    from .conftest import Metering


class _Broken:
    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("half", "", value=1)
        raise RuntimeError("the database is gone")


class _Ready:
    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return [self._family]


class _Unwritable:
    def collect(self) -> Iterable[Metric]:
        return [GaugeMetricFamily("strange", "", value="not a number")]  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _protobuf(metering: Metering) -> dict[str, object]:
    return dict(read_families(metering.reader.page(Format.PROTOBUF)))


def test_collectors_and_whole_registries_can_join_the_page(metering: Metering) -> None:
    metering.meter().create_counter("ours").add(1)
    Counter("theirs", "One of theirs", registry=metering.reader.registry).inc(2)
    others = CollectorRegistry()
    Counter("more", "", registry=others).inc(3)
    metering.reader.registry.register(others)
    assert metering.text().keys() >= {"ours", "theirs", "more"}
    for told in (metering.text(), metering.openmetrics()):
        assert told["theirs"].samples[0].value == 2
    metering.reader.registry.unregister(others)
    assert "more" not in metering.text()


def test_a_collector_that_fails_costs_only_itself(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    metering.meter().create_counter("ours").add(1)
    for guest in (_Broken(), _Unwritable()):
        metering.reader.registry.register(guest)
    Counter("theirs", "", registry=metering.reader.registry).inc(2)
    for _ in range(3):
        for told in (metering.text(), metering.openmetrics(), _protobuf(metering)):
            assert {name.removesuffix("_total") for name in told} >= {"ours", "theirs"}
            assert "half" not in told
    assert metering.reader.last_scrape.left_out == {"collector_failed": 2}
    assert len(caplog.records) == 2


def test_a_collector_does_not_take_a_name_of_ours(metering: Metering) -> None:
    metering.meter().create_counter("orders").add(1)
    Counter("orders", "", registry=metering.reader.registry).inc(2)
    assert metering.samples("orders")[()] == 1
    assert metering.reader.last_scrape.left_out == {"name_taken": 2}


def test_a_collector_keeps_to_the_limit_of_samples(make: Callable[..., Metering]) -> None:
    metering = make(max_series=3)
    metering.meter().create_counter("ours").add(1)
    for name, size in (("many", 3), ("few", 2)):
        gauge = GaugeMetricFamily(name, "", labels=["n"])
        for number in range(size):
            gauge.add_metric([str(number)], 1)
        metering.reader.registry.register(_Ready(gauge))
    assert metering.text().keys() == {"ours", "few"}
    assert metering.reader.last_scrape.samples == 3
    assert metering.reader.last_scrape.left_out == {"series_limit": 3}


def test_prometheus_clients_own_functions_read_our_registry(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    meter = metering.meter()
    meter.create_counter("c", unit="s", description="d").add(1, {"by": 'a"b'})
    meter.create_histogram("h", explicit_bucket_boundaries_advisory=[1]).record(0.5)
    meter.create_gauge("g").set(4)
    metering.reader.registry.register(_Broken())
    assert generate_latest(metering.reader.registry).decode() == (
        "# HELP c_seconds_total d\n"
        "# TYPE c_seconds_total counter\n"
        'c_seconds_total{by="a\\"b"} 1.0\n'
        "# HELP h \n"
        "# TYPE h histogram\n"
        'h_bucket{le="1.0"} 1.0\n'
        'h_bucket{le="+Inf"} 1.0\n'
        "h_count 1.0\n"
        "h_sum 0.5\n"
        "# HELP g \n"
        "# TYPE g gauge\n"
        "g 4.0\n"
    )
    assert len(caplog.records) == 1
