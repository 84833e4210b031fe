"""What the stock exporter gets wrong and this one must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Metering


@pytest.fixture
def exponential(make: Callable[..., Metering]) -> Metering:
    aggregation = ExponentialBucketHistogramAggregation()
    return make({"views": [View(instrument_name="*", aggregation=aggregation)]})


def test_an_exponential_histogram_becomes_classic_buckets_with_exact_counts(
    exponential: Metering,
) -> None:
    histogram = exponential.meter().create_histogram("wait", unit="s")
    measured = [0.0, 0.001, 0.5, 1.0, 1.0, 3.7, 1e6]
    for value in measured:
        histogram.record(value)
    family = exponential.openmetrics()["wait_seconds"]
    buckets = {float(s.labels["le"]): s.value for s in family.samples if s.name.endswith("_bucket")}
    assert 0.0 in buckets
    assert len(buckets) > 5
    assert buckets == {bound: sum(v <= bound for v in measured) for bound in buckets}
    totals = {s.name: s.value for s in family.samples if not s.labels}
    assert totals == {"wait_seconds_count": 7, "wait_seconds_sum": sum(measured)}


def test_an_exponential_histogram_of_zeros_has_the_bound_zero_only(exponential: Metering) -> None:
    exponential.meter().create_histogram("wait").record(0)
    assert exponential.samples("wait") == {("le=0.0",): 1, ("le=+Inf",): 1, (): 0}


def test_an_exponential_histogram_stays_within_its_limit_of_buckets(
    exponential: Metering,
) -> None:
    histogram = exponential.meter().create_histogram("wait")
    for power in range(-300, 300, 3):
        histogram.record(10.0**power)
    buckets = [s for s in exponential.text()["wait"].samples if s.name == "wait_bucket"]
    assert 10 < len(buckets) <= 43  # 40, the lower edge, zero and infinity


@pytest.mark.parametrize("values", [[3e-308], [1.7e308], [3e-308, 1.0, 1.7e308]])
def test_the_smallest_and_the_largest_floats_keep_the_buckets_in_order(
    exponential: Metering, values: list[float]
) -> None:
    histogram = exponential.meter().create_histogram("wait")
    for value in values:
        histogram.record(value)
    buckets = [s for s in exponential.openmetrics()["wait"].samples if s.name == "wait_bucket"]
    for bucket in buckets:
        assert bucket.value == sum(value <= float(bucket.labels["le"]) for value in values)


def test_an_exponential_histogram_below_zero_counts_from_the_far_end(
    make: Callable[..., Metering],
) -> None:
    aggregation = ExponentialBucketHistogramAggregation()
    metering = make({"views": [View(instrument_name="*", aggregation=aggregation)]})
    drift = metering.meter().create_up_down_counter("drift")
    measured = [-7.3, -7.3, -0.2, 0.0, 5.1]
    for value in measured:
        drift.add(value)
    buckets = {float(s.labels["le"]): s.value for s in metering.openmetrics()["drift"].samples}
    assert buckets == {bound: sum(v <= bound for v in measured) for bound in buckets}
    assert min(buckets) < -0.2


def test_flushing_neither_doubles_a_family_nor_queues_anything(metering: Metering) -> None:
    metering.meter().create_counter("c").add(1)
    for _ in range(100):
        assert metering.provider.force_flush()
        metering.reader.collect()
    assert metering.samples("c") == {(): 1}
    assert metering.reader._received is None  # pyright: ignore[reportPrivateUsage] - the place of the queue


def test_one_name_in_two_scopes_with_other_label_keys_keeps_each_value_with_its_label(
    metering: Metering,
) -> None:
    metering.meter("a").create_counter("c").add(1, {"colour": "red", "size": "l"})
    metering.meter("b").create_counter("c").add(2, {"shape": "round"})
    assert metering.samples("c") == {("colour=red", "size=l"): 1, ("shape=round",): 2}


def test_one_name_with_two_descriptions_has_one_help_and_keeps_all_points(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    metering.meter("a").create_counter("c", description="first").add(1, {"by": "a"})
    metering.meter("b").create_counter("c", description="second").add(2, {"by": "b"})
    assert metering.samples("c") == {("by=a",): 1, ("by=b",): 2}
    assert metering.text()["c"].documentation == "first"
    assert ["more than one description" in r.message for r in caplog.records] == [True]


def test_a_missing_description_is_no_conflict_and_takes_the_one_there_is(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    metering.meter("a").create_counter("c").add(1, {"by": "a"})
    metering.meter("b").create_counter("c", description="said").add(2, {"by": "b"})
    assert metering.text()["c"].documentation == "said"
    assert not caplog.records


def test_two_names_that_become_one_are_merged_when_their_type_is_the_same(
    metering: Metering,
) -> None:
    meter = metering.meter()
    meter.create_counter("a.b").add(1, {"by": "dot"})
    meter.create_counter("a_b").add(2, {"by": "line"})
    assert metering.samples("a_b") == {("by=dot",): 1, ("by=line",): 2}


def test_series_that_become_one_are_added_up_as_their_type_allows(metering: Metering) -> None:
    for scope, value in (("a", 1), ("b", 2)):
        meter = metering.meter(scope)
        meter.create_counter("sum").add(value)
        meter.create_up_down_counter("level").add(value)
        meter.create_gauge("latest").set(value)
        histogram = meter.create_histogram("h", explicit_bucket_boundaries_advisory=[1.5])
        histogram.record(value)
    assert metering.samples("sum") == {(): 3}
    assert metering.samples("level") == {(): 3}
    assert metering.samples("latest") == {(): 2}
    assert metering.samples("h") == {("le=1.5",): 1, ("le=+Inf",): 2, (): 3}


def test_a_gauge_that_ends_in_total_is_not_the_gauge_without_it(metering: Metering) -> None:
    metering.meter().create_gauge("disk.total", unit="By").set(5)
    metering.meter().create_gauge("disk", unit="By").set(1)
    assert metering.samples("disk_total_bytes") == {(): 5}
    assert metering.samples("disk_bytes") == {(): 1}


def test_a_gauge_that_takes_the_place_of_another_is_counted_and_said_once(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    metering.meter().create_gauge("a.b").set(1)
    metering.meter().create_gauge("a_b").set(2)
    assert metering.samples("a_b") == {(): 2}
    assert metering.reader.last_scrape.left_out == {"value_replaced": 1}
    assert ["two gauges meet in 'a_b'" in r.message for r in caplog.records] == [True]


def test_histograms_with_other_bounds_that_become_one_leave_the_second_out(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    for scope, bound in (("a", 1), ("b", 2)):
        histogram = metering.meter(scope).create_histogram(
            "h", explicit_bucket_boundaries_advisory=[bound]
        )
        histogram.record(0.5)
    assert metering.samples("h")[("le=1.0",)] == 1
    assert metering.reader.last_scrape.left_out == {"bounds_differ": 1}
    assert len(caplog.records) == 1


def test_two_types_under_one_name_keep_the_first_and_set_the_other_aside(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    metering.meter().create_counter("a.b").add(1)
    metering.meter().create_up_down_counter("a_b").add(5, {"x": "1"})
    assert metering.samples("a_b") == {(): 1}
    metering.reader.page()
    assert metering.reader.last_scrape.left_out == {"name_taken": 1}
    (record,) = caplog.records
    assert record.message == (
        "Prometheus: the gauge a_b is left out of the scrape: the counter a_b has the name."
        " Rename one of the instruments."
    )


@pytest.mark.parametrize("suffix", ["count", "sum", "bucket", "created"])
def test_a_name_that_a_histogram_needs_for_its_parts_is_set_aside(
    metering: Metering, suffix: str
) -> None:
    metering.meter().create_histogram("work").record(1)
    metering.meter().create_gauge(f"work.{suffix}").set(9)
    assert list(metering.openmetrics()) == ["work"]
    assert metering.reader.last_scrape.left_out == {"name_taken": 1}
