"""Whatever an application measures, both of prometheus_client's parsers read the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

from otel_forgesyte_prometheus import PrometheusReader

from .conftest import Metering

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

# Few names, so that they meet; suffixes that OpenMetrics keeps for itself.
NAMES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["a", "a.b", "a_b", "a-b"]),
        st.sampled_from(["", ".total", "_total", ".count", ".sum", ".bucket", ".info", ".seconds"]),
    ),
)
UNITS = st.sampled_from(["", "s", "1", "{job}", "By/s", "m s^-1"])
KEYS = st.sampled_from(["k", "k.1", "k_1", "le", "otel_scope_name", "__name__", "quantile", "é"])
VALUES = st.one_of(
    st.text(max_size=8), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=2))
)
NUMBERS = st.one_of(
    st.floats(min_value=0, allow_nan=False, allow_infinity=False), st.integers(0, 2**64)
)
KINDS = st.sampled_from(["counter", "up_down", "gauge", "histogram", "exponential"])
MEASUREMENTS = st.tuples(
    KINDS,
    st.sampled_from(["scope", "other"]),
    NAMES,
    UNITS,
    st.text(max_size=6),
    st.dictionaries(KEYS, VALUES, max_size=3),
    NUMBERS,
)


def _measure(meter: Meter, kind: str, told: dict[str, Any], value: float, labels: Any) -> None:
    if kind == "counter":
        meter.create_counter(**told).add(value, labels)
    elif kind == "up_down":
        meter.create_up_down_counter(**told).add(-value, labels)
    elif kind == "gauge":
        meter.create_gauge(**told).set(-value, labels)
    else:
        meter.create_histogram(**told).record(value, labels)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(st.lists(MEASUREMENTS, max_size=12), st.booleans())
def test_the_page_is_well_formed_and_tells_no_series_twice(
    measurements: list[Any],
    scope_labels: bool,  # noqa: FBT001 - drawn, not called
) -> None:
    reader = PrometheusReader(scope_labels=scope_labels)
    view = View(meter_name="exponential.*", aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider(metric_readers=[reader], views=[view], shutdown_on_exit=False)
    for kind, scope, name, unit, description, labels, value in measurements:
        meter = provider.get_meter(f"{kind}.{scope}")
        told = {"name": name, "unit": unit, "description": description}
        _measure(meter, kind, told, value, labels)
    metering = Metering(reader, provider)
    text, openmetrics = metering.text(), metering.openmetrics()
    assert len(text) == len(openmetrics)
    for family in (*text.values(), *openmetrics.values()):
        # An empty label is no label to Prometheus, so it does not make a series another one.
        series = [
            (s.name, tuple(sorted(pair for pair in s.labels.items() if pair[1])))
            for s in family.samples
        ]
        assert len(series) == len(set(series))
    provider.shutdown()
