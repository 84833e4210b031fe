"""What keeps a scrape small and its answer in time."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from opentelemetry.metrics import CallbackOptions, Observation

from otel_forgesyte_prometheus import Door, ScrapeBusyError, start_server
from otel_forgesyte_prometheus import reader as reader_module
from otel_forgesyte_prometheus.answer import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .conftest import Metering


def test_series_beyond_the_limit_are_left_out_counted_and_said_once(
    make: Callable[..., Metering], caplog: pytest.LogCaptureFixture
) -> None:
    metering = make(max_series=3)
    counter = metering.meter().create_counter("c")
    for number in range(10):
        counter.add(1, {"n": number})
    assert metering.samples("c") == {("n=0",): 1, ("n=1",): 1, ("n=2",): 1}
    assert metering.reader.last_scrape.samples == 3
    assert metering.reader.last_scrape.left_out == {"series_limit": 7}
    assert ["page is cut short" in record.message for record in caplog.records] == [True]


def test_a_histogram_is_told_whole_or_not_at_all(make: Callable[..., Metering]) -> None:
    metering = make(max_series=6)
    histogram = metering.meter().create_histogram("h", explicit_bucket_boundaries_advisory=[1])
    histogram.record(1, {"n": "1"})
    histogram.record(1, {"n": "2"})
    assert {s.labels["n"] for s in metering.openmetrics()["h"].samples} == {"1"}
    assert metering.reader.last_scrape.left_out == {"series_limit": 4}


def test_a_label_value_beyond_the_limit_is_cut_and_counted_and_equal_ones_add_up(
    make: Callable[..., Metering],
) -> None:
    metering = make(max_label_length=10)
    counter = metering.meter().create_counter("c")
    counter.add(1, {"path": "abcdefghij"})
    counter.add(1, {"path": "abcdefghijk"})
    counter.add(1, {"path": "abcdefghijl"})
    assert metering.samples("c") == {("path=abcdefghij",): 1, ("path=abcdefg...",): 2}
    assert metering.reader.last_scrape.left_out == {"label_cut": 2}


def test_a_label_name_beyond_the_limit_is_cut_and_counted(make: Callable[..., Metering]) -> None:
    metering = make(max_label_length=10)
    metering.meter().create_counter("c").add(1, {"k" * 100_000: "v"})
    assert metering.samples("c") == {("kkkkkkkkkk=v",): 1}
    assert metering.reader.last_scrape.left_out == {"label_cut": 1}


def test_a_limit_below_the_mark_of_a_cut_is_kept(make: Callable[..., Metering]) -> None:
    metering = make(max_label_length=2)
    metering.meter().create_counter("c").add(1, {"k": "abcdef"})
    assert metering.samples("c") == {("k=..",): 1}


def test_log_lines_about_a_flood_of_names_come_to_an_end(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1_100):
        metering.meter().create_counter(f"name{number}.x").add(1)
        metering.meter().create_gauge(f"name{number}_x").set(1)
    metering.reader.page()
    assert len(caplog.records) == 1_000
    assert metering.reader.last_scrape.left_out == {"name_taken": 1_100}


def test_a_scrape_behind_one_that_hangs_gives_up_in_time(
    metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "SCRAPE_TIMEOUT_S", 0.05)
    entered, leave = threading.Event(), threading.Event()

    def hanging(_: CallbackOptions) -> Iterable[Observation]:
        entered.set()
        leave.wait(10)
        return [Observation(1)]

    metering.meter().create_observable_gauge("slow", [hanging])
    first = threading.Thread(target=metering.reader.page)
    first.start()
    assert entered.wait(10)
    with pytest.raises(ScrapeBusyError):
        metering.reader.page()
    leave.set()
    first.join()
    assert metering.samples("slow") == {(): 1}


def test_a_collection_that_times_out_is_counted_and_the_page_is_still_well_formed(
    metering: Metering, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter(range(0, 10**15, 10**12))  # each look at the clock is 1,000 s later
    target = "opentelemetry.sdk.metrics._internal.measurement_consumer.time_ns"
    monkeypatch.setattr(target, lambda: next(clock))
    metering.meter().create_observable_gauge("slow", [lambda _: [Observation(1)]])
    assert metering.openmetrics() == {}
    assert metering.reader.last_scrape.left_out == {"collect_failed": 1}
    assert "MetricsTimeoutError" in caplog.text


def test_scrapes_at_once_each_tell_everything(metering: Metering) -> None:
    counter = metering.meter().create_counter("c")
    pages: list[bytes] = []
    for number in range(50):
        counter.add(1, {"n": number})
    threads = [
        threading.Thread(target=lambda: pages.append(metering.reader.page())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [page.count(b"c_total{") for page in pages] == [50] * 8


def test_the_answer_comes_within_what_prometheus_says_that_it_waits(
    metering: Metering,
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hanging(_: CallbackOptions) -> Iterable[Observation]:
        entered.set()
        leave.wait(20)
        return [Observation(1)]

    metering.meter().create_observable_gauge("slow", [hanging])
    server = start_server(metering.reader, port=0, door=Door())

    def ask(timeout: str) -> tuple[int, float]:
        began = time.monotonic()
        with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as asking:
            told = {"X-Prometheus-Scrape-Timeout-Seconds": timeout}
            asking.request("GET", "/metrics", headers=told)
            return asking.getresponse().status, time.monotonic() - began

    # The first hangs in the callback itself, the second behind the first.
    for _ in range(2):
        status, seconds = ask("1")
        assert status == 503
        assert 0.4 < seconds < 1
    leave.set()
    assert ask("5")[0] == 200


@pytest.mark.parametrize(
    ("told", "patience_s"),
    [("10", 9.5), ("1", 0.5), ("0.2", 0.1), ("60", 10.0), ("", 10.0), ("nan", 10.0), ("-1", 10.0)],
)
def test_half_a_second_is_kept_for_the_way_back(told: str, patience_s: float) -> None:
    assert Request("GET", timeout=told).patience_s(10.0) == patience_s


def test_a_process_whose_scrape_hangs_still_ends() -> None:
    code = """
import threading, time, urllib.request
from opentelemetry.sdk.metrics import MeterProvider
from otel_forgesyte_prometheus import Door, PrometheusReader, start_server
reader = PrometheusReader()
provider = MeterProvider([reader], shutdown_on_exit=False)
entered = threading.Event()
def hanging(_):
    entered.set()
    time.sleep(3600)
provider.get_meter("m").create_observable_gauge("g", [hanging])
server = start_server(reader, port=0, door=Door())
threading.Thread(target=urllib.request.urlopen, args=(server.url,), daemon=True).start()
assert entered.wait(10)
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=20)
    assert ended.returncode == 0
