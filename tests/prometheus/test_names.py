"""Names and units as Prometheus spells them."""

from __future__ import annotations

import pytest

from otel_forgesyte_prometheus.exposition import number_text
from otel_forgesyte_prometheus.names import label_name, metric_name, unit_name


@pytest.mark.parametrize(
    ("unit", "word"),
    [
        ("s", "seconds"),
        ("ms", "milliseconds"),
        ("By", "bytes"),
        ("{job}", ""),
        ("", ""),
        ("1", ""),
        ("m/s", "meters_per_second"),
        ("By/min", "bytes_per_minute"),
        ("{frame}/s", "per_second"),
        ("{job}/{worker}", ""),
        ("furlong^2", "furlong_2"),
        ("%", "percent"),
    ],
)
def test_a_unit_is_spelled_out(unit: str, word: str) -> None:
    assert unit_name(unit) == word


def test_one_is_a_ratio_for_a_gauge_only() -> None:
    assert unit_name("1", is_gauge=True) == "ratio"


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("forgesyte.job.duration", "seconds", "forgesyte_job_duration_seconds"),
        ("time_seconds", "seconds", "time_seconds"),
        ("disk.total", "bytes", "disk_total_bytes"),
        ("a--b__c", "", "a_b_c"),
        ("7zip", "", "_7zip"),
        ("rule:sum", "", "rule:sum"),
    ],
)
def test_a_metric_name_is_made_valid_with_its_unit_once(
    name: str, unit: str, expected: str
) -> None:
    assert metric_name(name, unit) == expected


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("requests.total", "", "requests"),
        ("requests_total", "bytes", "requests_bytes"),
        ("total", "", "total"),
    ],
)
def test_a_counter_gives_up_the_suffix_that_its_samples_get(
    name: str, unit: str, expected: str
) -> None:
    assert metric_name(name, unit, is_counter=True) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [("http.route", "http_route"), ("__name__", "_name_"), ("1a", "_1a"), ("", "_"), ("é", "_")],
)
def test_a_label_name_is_made_valid(key: str, expected: str) -> None:
    assert label_name(key) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (0.1, "0.1"),
        (1.0, "1.0"),
        (999_999.5, "999999.5"),
        (1_000_000.0, "1e+06"),
        (1_234_567.5, "1.2345675e+06"),
        (1e22, "1e+22"),
        (5e-324, "5e-324"),
        (-2.5, "-2.5"),
        (10**20, "100000000000000000000"),
    ],
)
def test_a_number_has_one_spelling_that_reads_back_the_same(value: float, text: str) -> None:
    assert number_text(value) == text
    assert repr(float(text)) == repr(float(value))
