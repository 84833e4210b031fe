"""What one scrape says about the instruments of an application."""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from otel_forgesyte_prometheus import Format

from .conftest import openmetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .conftest import Metering


class Colour(str, Enum):
    RED = "red"


def test_a_counter_has_its_unit_and_the_suffix_total(metering: Metering) -> None:
    metering.meter().create_counter("work.time", unit="s", description="Time at work").add(2.5)
    assert metering.reader.page().decode() == (
        "# HELP work_time_seconds_total Time at work\n"
        "# TYPE work_time_seconds_total counter\n"
        "work_time_seconds_total 2.5\n"
    )
    assert metering.reader.page(Format.OPENMETRICS).decode() == (
        "# TYPE work_time_seconds counter\n"
        "# UNIT work_time_seconds seconds\n"
        "# HELP work_time_seconds Time at work\n"
        "work_time_seconds_total 2.5\n"
        "# EOF\n"
    )


def test_an_up_down_counter_and_a_gauge_are_gauges(metering: Metering) -> None:
    metering.meter().create_up_down_counter("work.active", unit="{job}").add(-2)
    metering.meter().create_gauge("fill", unit="1").set(0.5)
    assert metering.text()["work_active"].type == "gauge"
    assert metering.samples("work_active") == {(): -2}
    assert metering.samples("fill_ratio") == {(): 0.5}


def test_a_histogram_counts_upwards_to_infinity(metering: Metering) -> None:
    histogram = metering.meter().create_histogram(
        "wait", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1, 2_000_000]
    )
    for seconds in (0.1, 0.5, 0.6, 7):
        histogram.record(seconds, {"queue": "a"})
    assert metering.reader.page().decode() == (
        "# TYPE wait_seconds histogram\n"
        'wait_seconds_bucket{queue="a",le="0.1"} 1\n'
        'wait_seconds_bucket{queue="a",le="1.0"} 3\n'
        'wait_seconds_bucket{queue="a",le="2e+06"} 4\n'
        'wait_seconds_bucket{queue="a",le="+Inf"} 4\n'
        'wait_seconds_count{queue="a"} 4\n'
        'wait_seconds_sum{queue="a"} 8.2\n'
    )
    assert metering.openmetrics()["wait_seconds"].unit == "seconds"


def test_a_histogram_without_bounds_is_well_formed(make: Callable[..., Metering]) -> None:
    view = View(instrument_name="*", aggregation=ExplicitBucketHistogramAggregation([]))
    metering = make({"views": [view]})
    metering.meter().create_histogram("wait").record(3)
    assert metering.text()["wait"].samples[0].labels == {"le": "+Inf"}
    assert [s.value for s in metering.openmetrics()["wait"].samples] == [1, 1, 3]


def test_a_histogram_of_values_below_zero_has_no_sum_that_could_fall(
    make: Callable[..., Metering],
) -> None:
    view = View(instrument_name="*", aggregation=ExplicitBucketHistogramAggregation([-1, 0, 1]))
    metering = make({"views": [view]})
    metering.meter().create_up_down_counter("drift").add(-3)
    assert {sample.name for sample in metering.openmetrics()["drift"].samples} == {"drift_bucket"}


def test_label_values_are_escaped_and_read_back_unchanged(metering: Metering) -> None:
    odd = 'a\\b"c\nd\r\x00é😀\\n'
    metering.meter().create_counter("odd").add(1, {"value": odd})
    assert metering.samples("odd") == {(f"value={odd}",): 1}


def test_a_lone_surrogate_loses_itself_and_not_the_scrape(metering: Metering) -> None:
    metering.meter().create_counter("odd").add(1, {"value": "a\ud800b"})
    assert metering.samples("odd") == {("value=a?b",): 1}


def test_values_that_differ_in_lone_surrogates_alone_are_one_series(metering: Metering) -> None:
    counter = metering.meter().create_counter("odd")
    counter.add(1, {"value": "\ud800"})
    counter.add(2, {"value": "\ud801"})
    assert metering.samples("odd") == {("value=?",): 3}


def test_a_description_with_line_feeds_and_quotes_stays_one_line(metering: Metering) -> None:
    metering.meter().create_counter("odd", description='a "b"\nc \\ d').add(1)
    assert metering.text()["odd"].documentation == 'a "b"\nc \\ d'
    assert metering.openmetrics()["odd"].documentation == 'a "b"\nc \\ d'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Colour.RED, "red"),
        (True, "true"),
        (7, "7"),
        (2.5, "2.5"),
        (("a", "b"), '["a", "b"]'),
        (b"secret", '{"size": 6}'),
        ({"a": {"b": 1}, "c": None}, '{"a": {"b": 1}, "c": null}'),
    ],
)
def test_a_label_value_that_is_no_plain_string_is_told_as_its_text_or_as_json(
    metering: Metering, value: Any, text: str
) -> None:
    metering.meter().create_counter("typed").add(1, {"value": value})
    assert metering.samples("typed") == {(f"value={text}",): 1}


def test_two_attributes_that_become_one_label_keep_both_values(metering: Metering) -> None:
    metering.meter().create_counter("c").add(1, {"a_b": "2", "a.b": "1", "z": "3"})
    assert metering.samples("c") == {("a_b=1;2", "z=3"): 1}


def test_an_empty_value_is_the_same_as_no_label(metering: Metering) -> None:
    counter = metering.meter().create_counter("c")
    counter.add(1, {"a": ""})
    counter.add(2)
    counter.add(4, {"a.b": "", "a_b": "x"})
    assert metering.samples("c") == {(): 3, ("a_b=x",): 4}


def test_an_attribute_named_le_does_not_hide_the_bucket_bound(metering: Metering) -> None:
    histogram = metering.meter().create_histogram("h", explicit_bucket_boundaries_advisory=[1])
    histogram.record(0.5, {"le": "mine"})
    assert metering.samples("h")[("exported_le=mine", "le=1.0")] == 1


def test_infinite_values_are_told_and_large_integers_keep_their_digits(
    metering: Metering,
) -> None:
    counter = metering.meter().create_counter("c")
    counter.add(1e308, {"what": "infinite"})
    counter.add(1e308, {"what": "infinite"})
    counter.add(2**60 + 1, {"what": "large"})
    assert metering.samples("c")[("what=infinite",)] == float("inf")
    assert f"}} {2**60 + 1}\n" in metering.reader.page().decode()


def test_a_measurement_of_numpys_float_is_a_plain_number(metering: Metering) -> None:
    class Float64(float):
        def __repr__(self) -> str:
            return f"np.float64({float(self)})"

    metering.meter().create_gauge("g").set(Float64(1.5))
    assert metering.samples("g") == {(): 1.5}


def test_a_scrape_collects_anew_each_time(metering: Metering) -> None:
    counter = metering.meter().create_counter("c")
    for expected in (1, 2, 3):
        counter.add(1)
        assert metering.text()["c"].samples[0].value == expected


def test_scope_labels_tell_name_version_and_attributes_unless_switched_off(
    make: Callable[..., Metering],
) -> None:
    metering = make(scope_labels=True)
    metering.provider.get_meter(
        "shop", "1.2", "https://example.org/s", {"team": "till"}
    ).create_counter("c").add(1)
    assert metering.samples("c") == {
        (
            "otel_scope_name=shop",
            "otel_scope_schema_url=https://example.org/s",
            "otel_scope_team=till",
            "otel_scope_version=1.2",
        ): 1
    }
    without = make()
    without.meter("shop", "1.2").create_counter("c").add(1)
    assert without.samples("c") == {(): 1}


def test_target_info_tells_the_resource_and_nothing_else(make: Callable[..., Metering]) -> None:
    resource = Resource({"service.name": "till", "host.id": 7, "tags": ["a", "b"]})
    metering = make({"resource": resource}, target_info=True)
    metering.meter().create_counter("c").add(1)
    labels = {"service_name": "till", "host_id": "7", "tags": '["a", "b"]'}
    assert metering.openmetrics()["target"].type == "info"
    assert [s.labels for s in metering.openmetrics()["target"].samples] == [labels]
    assert [s.labels for s in metering.text()["target_info"].samples] == [labels]


def test_an_empty_resource_has_no_target_info(make: Callable[..., Metering]) -> None:
    metering = make({"resource": Resource.get_empty()}, target_info=True)
    metering.meter().create_counter("c").add(1)
    assert list(metering.openmetrics()) == ["c"]


def test_nothing_of_the_interpreter_or_the_process_is_told(make: Callable[..., Metering]) -> None:
    metering = make(target_info=True, scope_labels=True)
    metering.meter().create_counter("c").add(1)
    assert set(metering.text()) == {"target_info", "c"}


def test_a_bucket_carries_the_trace_of_its_largest_measurement_in_openmetrics_only(
    make: Callable[..., Metering],
) -> None:
    metering = make({"views": [View(instrument_name="*", attribute_keys=set())]})
    histogram = metering.meter().create_histogram("h", explicit_bucket_boundaries_advisory=[1, 2])
    with TracerProvider().get_tracer("t").start_as_current_span("work") as span:
        histogram.record(1.2)
        histogram.record(1.5, {"path": "/home/ada"})
    page = metering.reader.page(Format.OPENMETRICS).decode()
    bucket = next(s for s in openmetrics(page)["h"].samples if s.labels.get("le") == "2.0")
    assert bucket.exemplar is not None
    assert bucket.exemplar.labels == {
        "trace_id": f"{span.get_span_context().trace_id:032x}",
        "span_id": f"{span.get_span_context().span_id:016x}",
    }
    assert bucket.exemplar.value == 1.5
    assert abs(float(bucket.exemplar.timestamp or 0) - time.time()) < 60
    assert page.count("trace_id") == 1
    assert "/home" not in page  # three letters could stand in an id


def test_a_counter_carries_a_trace_in_openmetrics(metering: Metering) -> None:
    with TracerProvider().get_tracer("t").start_as_current_span("work"):
        metering.meter().create_counter("c").add(1)
    assert metering.openmetrics()["c"].samples[0].exemplar is not None


def test_the_text_format_has_no_place_for_traces(metering: Metering) -> None:
    with TracerProvider().get_tracer("t").start_as_current_span("work"):
        metering.meter().create_counter("c").add(1)
        metering.meter().create_histogram("h").record(1)
    assert "trace_id" not in metering.reader.page().decode()


def test_a_callback_that_raises_does_not_cost_the_other_instruments(metering: Metering) -> None:
    def broken(_: CallbackOptions) -> Iterable[Observation]:
        raise RuntimeError("the sensor is gone")

    metering.meter().create_observable_gauge("broken", [broken])
    metering.meter().create_observable_gauge("whole", [lambda _: [Observation(4)]])
    assert metering.samples("whole") == {(): 4}
    assert "broken" not in metering.text()


def test_a_point_that_cannot_be_told_is_left_out_alone(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    class Stubborn(float):
        def __float__(self) -> float:
            raise RuntimeError("not today")

    gauge = metering.meter().create_gauge("g")
    gauge.set(1, {"good": "yes"})
    gauge.set(Stubborn(1), {"good": "no"})
    assert metering.samples("g") == {("good=yes",): 1}
    assert metering.reader.last_scrape.left_out == {"point_failed": 1}
    assert ["not today" in record.message for record in caplog.records] == [True]


def test_a_reader_that_was_shut_down_says_nothing(metering: Metering) -> None:
    metering.meter().create_counter("c").add(1)
    metering.reader.shutdown()
    assert metering.reader.page() == b""
    assert metering.reader.page(Format.OPENMETRICS) == b"# EOF\n"
