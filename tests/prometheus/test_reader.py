"""What a scrape says."""

from __future__ import annotations

from opentelemetry.sdk.metrics import MeterProvider

from otel_forgesyte_prometheus import PrometheusReader


def test_a_counter_is_scraped_with_its_labels() -> None:
    reader = PrometheusReader()
    provider = MeterProvider(metric_readers=[reader])
    provider.get_meter("shop").create_counter("orders").add(2, {"kind": "book"})
    assert b'orders_total{kind="book",otel_scope_name="shop"} 2\n' in reader.page()
    provider.shutdown()
