"""The page in Prometheus' protobuf format, read back by protobuf's own library."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import Histogram, UpDownCounter
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import Counter, Summary

from otel_forgesyte_prometheus import Format
from otel_forgesyte_prometheus.formats import liked

from .metric_family import read_families

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Metering

COUNTER, GAUGE, UNTYPED, HISTOGRAM = 0, 1, 3, 4
# As Prometheus 2.42 sends it with --enable-feature=native-histograms.
NATIVE = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;"
    "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


def families(metering: Metering) -> dict[str, Any]:
    return read_families(metering.reader.page(Format.PROTOBUF))


def labels(metric: Any) -> dict[str, str]:
    return {pair.name: pair.value for pair in metric.label}


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (NATIVE, Format.PROTOBUF),
        (NATIVE.replace("delimited", "text"), Format.OPENMETRICS),
        ("application/vnd.google.protobuf", Format.TEXT),
        (
            NATIVE.partition(",")[0] + ";q=0.3,text/plain;q=0.5",
            Format.TEXT,
        ),
    ],
)
def test_protobuf_is_written_for_who_asks_for_these_messages(accept: str, form: Format) -> None:
    assert liked(accept) is form


def test_counters_gauges_and_the_target_are_told(make: Callable[..., Metering]) -> None:
    metering = make(target_info=True)
    meter = metering.meter()
    meter.create_counter("sold", unit="By", description="What was sold").add(2.5, {"a": "é"})
    meter.create_up_down_counter("open").add(-3)
    told = families(metering)
    assert list(told) == ["target_info", "sold_bytes_total", "open"]
    sold = told["sold_bytes_total"]
    assert (sold.type, sold.help, sold.unit) == (COUNTER, "What was sold", "bytes")
    assert [(labels(m), m.counter.value) for m in sold.metric] == [({"a": "é"}, 2.5)]
    assert (told["open"].type, told["open"].metric[0].gauge.value) == (GAUGE, -3)
    assert labels(told["target_info"].metric[0]) == {"service_name": "till"}


def test_a_histogram_has_its_buckets_and_exemplars(metering: Metering) -> None:
    histogram = metering.meter().create_histogram(
        "wait", unit="s", explicit_bucket_boundaries_advisory=[1, 2]
    )
    tracer = TracerProvider().get_tracer("t")
    with tracer.start_as_current_span("work") as span:
        histogram.record(1.5)
    histogram.record(0.5)
    wait = families(metering)["wait_seconds"]
    assert wait.type == HISTOGRAM
    told = wait.metric[0].histogram
    assert (told.sample_count, told.sample_sum) == (2, 2.0)
    counts = [(bucket.upper_bound, bucket.cumulative_count) for bucket in told.bucket]
    assert counts == [(1, 1), (2, 2), (math.inf, 2)]
    exemplar = told.bucket[1].exemplar
    assert exemplar.value == 1.5
    assert labels(exemplar)["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert exemplar.timestamp.seconds > 1_700_000_000
    assert not told.positive_span


def exponential(make: Callable[..., Metering], **options: Any) -> tuple[Metering, Any]:
    aggregation = ExponentialBucketHistogramAggregation(**options)
    metering = make(preferred_aggregation={Histogram: aggregation})
    return metering, metering.meter().create_histogram("wait", unit="s")


def bounds_and_counts(told: Any) -> list[tuple[float, float, int]]:
    """Edges and counts of the positive buckets, as Prometheus defines its indices."""
    base = 2.0 ** (2.0**-told.schema)
    found: list[tuple[float, float, int]] = []
    index = count = 0
    deltas = iter(told.positive_delta)
    for span in told.positive_span:
        index += span.offset
        for _ in range(span.length):
            count += next(deltas)
            found.append((base ** (index - 1), base**index, count))
            index += 1
    return [each for each in found if each[2]]


def test_an_exponential_histogram_is_a_native_one_with_every_measurement_in_its_bucket(
    make: Callable[..., Metering],
) -> None:
    metering, histogram = exponential(make)
    values = [0, 0.001, 0.5, 0.51, 1, 3, 3, 1_000]
    for value in values:
        histogram.record(value)
    told = families(metering)["wait_seconds"].metric[0].histogram
    assert (told.sample_count, told.zero_count, told.zero_threshold) == (8, 1, 0)
    assert -4 <= told.schema <= 8
    buckets = bounds_and_counts(told)
    assert sum(count for _, _, count in buckets) == 7
    for value in values[1:]:
        [(low, high, _)] = [b for b in buckets if b[0] * (1 - 1e-9) < value <= b[1] * (1 + 1e-9)][
            :1
        ]
        assert low < value * (1 + 1e-9)
        assert high / low <= 2 ** (2.0**-told.schema) * (1 + 1e-9)
    # For who stores no native histograms, the classic buckets are there as well.
    assert told.bucket[-1].cumulative_count == 8


def test_one_finer_than_prometheus_knows_is_made_coarser(make: Callable[..., Metering]) -> None:
    metering, histogram = exponential(make, max_scale=20)
    for value in (1.00001, 1.00002, 1.5):
        histogram.record(value)
    told = families(metering)["wait_seconds"].metric[0].histogram
    assert told.schema <= 8
    assert sum(count for _, _, count in bounds_and_counts(told)) == 3


def test_measurements_below_zero_are_told_on_their_side(make: Callable[..., Metering]) -> None:
    aggregation = ExponentialBucketHistogramAggregation()
    metering = make(preferred_aggregation={UpDownCounter: aggregation})
    metering.meter().create_up_down_counter("drift").add(-2)
    told = families(metering)["drift"].metric[0].histogram
    assert (list(told.negative_delta), list(told.positive_span)) == ([1], [])


def test_collectors_of_prometheus_client_are_told_by_their_samples(metering: Metering) -> None:
    registry = metering.reader.registry
    Counter("theirs", "One of theirs", ["a"], registry=registry).labels(a="b").inc(2)
    Summary("took", "", registry=registry).observe(3)
    told = families(metering)
    assert told["theirs_total"].type == COUNTER
    assert [(labels(m), m.counter.value) for m in told["theirs_total"].metric] == [({"a": "b"}, 2)]
    assert told["took_sum"].type == UNTYPED
    assert told["took_sum"].metric[0].untyped.value == 3


def test_large_and_strange_numbers_and_texts_survive(metering: Metering) -> None:
    meter = metering.meter()
    meter.create_counter("large").add(2**63 + 2**20, {"text": "a\ud800\n\0" * 100})
    meter.create_histogram("many").record(1e300)
    told = families(metering)
    assert told["large_total"].metric[0].counter.value == float(2**63 + 2**20)
    assert labels(told["large_total"].metric[0])["text"].startswith("a?\n\0")
    assert told["many"].metric[0].histogram.sample_sum == 1e300
