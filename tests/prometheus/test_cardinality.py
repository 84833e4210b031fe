"""The attribute that made too many series is named: in the log, once, and for who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.metrics import Observation

from otel_forgesyte_prometheus import Explosion

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Metering


def sell(metering: Metering, customers: int) -> None:
    orders = metering.meter().create_counter("shop.orders")
    for number in range(customers):
        orders.add(1, {"user.id": number, "shop": number % 3, "paid": True})


def test_an_attribute_beyond_the_sdks_limit_is_named_once(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    sell(metering, 2_500)
    for _ in range(3):
        metering.reader.page()
    (explosion,) = metering.reader.explosions
    assert (explosion.metric, explosion.attribute) == ("shop.orders", "user.id")
    assert 1_990 <= explosion.values <= 2_000
    (said,) = [record.message for record in caplog.records if "Prometheus" in record.message]
    assert said == (
        "Prometheus: 'shop.orders' has more attribute sets than the SDK keeps apart: the rest is"
        f" one series. Its attribute 'user.id' has {explosion.values} values: put it on the span"
        " instead, or take it off the metric with a View."
    )


def test_an_attribute_beyond_the_pages_limit_is_named_once(
    make: Callable[..., Metering], caplog: pytest.LogCaptureFixture
) -> None:
    metering = make(max_series=10)
    sell(metering, 30)
    for _ in range(3):
        metering.reader.page()
    assert metering.reader.explosions == (Explosion("shop.orders", "user.id", 30),)
    (said,) = [record.message for record in caplog.records]
    assert said.startswith(
        "Prometheus: more than 10 samples in one scrape: the page is cut short."
        " Most are of 'shop.orders'. Its attribute 'user.id' has 30 values"
    )


def test_metrics_within_their_limits_are_not_named(
    make: Callable[..., Metering], caplog: pytest.LogCaptureFixture
) -> None:
    metering = make(max_series=33)
    sell(metering, 30)
    metering.meter().create_counter("quiet").add(1, {"a": "b"})
    metering.reader.page()
    assert metering.reader.explosions == ()
    assert caplog.records == []


def test_too_many_metrics_of_one_series_each_blame_no_attribute(
    make: Callable[..., Metering], caplog: pytest.LogCaptureFixture
) -> None:
    metering = make(max_series=2)
    for number in range(3):
        metering.meter().create_counter(f"c{number}").add(1)
    metering.reader.page()
    assert metering.reader.explosions == ()
    (said,) = [record.message for record in caplog.records]
    assert said == (
        "Prometheus: more than 2 samples in one scrape: the page is cut short."
        " Raise max_series, or emit fewer metrics."
    )


def test_the_largest_metric_is_blamed_and_not_those_that_it_leaves_no_room_for(
    make: Callable[..., Metering], caplog: pytest.LogCaptureFixture
) -> None:
    metering = make(max_series=100)
    sell(metering, 150)
    small = metering.meter("other").create_counter("small")
    for number in range(3):
        small.add(1, {"colour": number})
    metering.reader.page()
    assert metering.reader.explosions == (Explosion("shop.orders", "user.id", 150),)
    assert ["small" in record.message for record in caplog.records] == [False]


def test_many_small_metrics_blame_none_of_them(
    make: Callable[..., Metering], caplog: pytest.LogCaptureFixture
) -> None:
    metering = make(max_series=100)
    for number in range(60):
        counter = metering.meter().create_counter(f"c{number}")
        for colour in ("red", "green"):
            counter.add(1, {"colour": colour})
    metering.reader.page()
    assert metering.reader.explosions == ()
    (said,) = [record.message for record in caplog.records]
    assert said.endswith("Raise max_series, or emit fewer metrics.")


def test_what_is_put_right_is_named_no_more(make: Callable[..., Metering]) -> None:
    metering = make(max_series=4)
    values = range(8)
    metering.meter().create_observable_gauge(
        "g", [lambda _: [Observation(1, {"n": n}) for n in values]]
    )
    metering.reader.page()
    assert metering.reader.explosions == (Explosion("g", "n", 8),)
    values = range(2)
    metering.reader.page(part="nothing")
    assert metering.reader.explosions == (Explosion("g", "n", 8),)
    metering.reader.page()
    assert not metering.reader.explosions


def test_values_that_are_lists_or_mappings_count_too(make: Callable[..., Metering]) -> None:
    metering = make(max_series=5)
    counter = metering.meter().create_counter("c")
    for number in range(8):
        counter.add(1, {"path": ["a", str(number)], "same": {"a": 1}})
    metering.reader.page()
    assert metering.reader.explosions == (Explosion("c", "path", 8),)


def test_a_reader_that_is_shut_down_names_nothing(make: Callable[..., Metering]) -> None:
    metering = make(max_series=2)
    sell(metering, 5)
    metering.reader.page()
    assert metering.reader.explosions
    metering.provider.shutdown()
    assert not metering.reader.explosions


def test_a_page_of_another_part_leaves_what_was_found(make: Callable[..., Metering]) -> None:
    metering = make(max_series=2)
    sell(metering, 5)
    metering.reader.page()
    metering.reader.page(part="nothing")
    assert metering.reader.explosions == (Explosion("shop.orders", "user.id", 5),)
