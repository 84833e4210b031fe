"""One page of several readers: what it tells at a process's end, and when files cannot be read."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from otel_forgesyte_prometheus import Gathering, ScrapeBusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from opentelemetry.metrics import CallbackOptions, Observation
    from prometheus_client.core import Metric

    from .conftest import Metering, Share


def test_a_page_never_tells_less_because_its_process_ends(share: Share) -> None:
    ending, going_on = share(), share()
    for orders, metering in ((10, ending), (3, going_on)):
        metering.meter().create_counter("orders").add(orders)
        assert metering.reader.force_flush()
    assert ending.samples("orders") == {(): 13}
    ending.provider.shutdown()
    with pytest.raises(ScrapeBusyError):
        ending.reader.page()
    assert going_on.samples("orders") == {(): 13}
    with pytest.raises(ScrapeBusyError):  # nor more, where another one has added it to the ended
        ending.reader.page()


def test_a_callback_that_hangs_does_not_hold_up_the_end(share: Share) -> None:
    metering = share()
    entered, leave = threading.Event(), threading.Event()

    def hanging(_: CallbackOptions) -> Iterable[Observation]:
        entered.set()
        leave.wait(20)
        return []

    metering.meter().create_observable_gauge("slow", [hanging])
    round_ = threading.Thread(target=metering.reader.force_flush)
    round_.start()
    assert entered.wait(10)
    began = time.monotonic()
    metering.reader.shutdown(timeout_millis=100)
    assert time.monotonic() - began < 10
    leave.set()
    round_.join()


def _unreadable(path: Path) -> None:
    """Opening it fails as where a process has no file descriptors left, and root's attempt too."""
    path.rename(path.with_suffix(".aside"))
    path.symlink_to(path)


def _readable(path: Path) -> None:
    path.unlink()
    path.with_suffix(".aside").rename(path)


@pytest.mark.parametrize("file", ["ended.json", "*-*.json"])
def test_numbers_that_cannot_be_read_now_are_neither_missing_on_a_page_nor_lost(
    share: Share, tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str
) -> None:
    asked, first, second = share(), share(), share()
    for orders, metering in ((10, first), (3, second)):
        metering.meter().create_counter("orders").add(orders)
        assert metering.reader.force_flush()
    first.provider.shutdown()
    assert asked.samples("orders") == {(): 13}  # the first is among the ended now
    second.provider.shutdown()
    files = (tmp_path / "shop@9464").glob(file)
    [path] = [each for each in files if b"orders" in each.read_bytes()]
    _unreadable(path)
    with pytest.raises(ScrapeBusyError):
        asked.reader.page()
    _readable(path)
    assert asked.samples("orders") == {(): 13}
    assert any("Too many levels of symbolic links" in each.message for each in caplog.records)


def test_what_is_no_directory_costs_the_numbers_of_others_alone(
    share: Share, tmp_path: Path
) -> None:
    (tmp_path / "shop@9464").touch()
    metering = share()
    metering.meter().create_counter("orders").add(3)
    assert metering.samples("orders") == {(): 3}


def test_what_is_no_directory_is_left_out_where_the_services_are_gathered(
    share: Share, make: Callable[..., Metering], tmp_path: Path
) -> None:
    metering = share()
    metering.meter().create_counter("orders").add(3)
    assert metering.reader.force_flush()
    (tmp_path / "broken@9464").touch()
    of_all = make()
    of_all.reader.sharing = Gathering(of_all.reader, tmp_path)
    assert of_all.samples("orders") == {("service_name=shop",): 3}


def test_series_that_several_processes_have_too_many_of_together_are_named_once(
    share: Share, caplog: pytest.LogCaptureFixture
) -> None:
    of_both = [share(max_series=5) for _ in range(2)]
    for number, metering in enumerate(of_both):
        counter = metering.meter().create_counter("orders")
        for user in range(3):
            counter.add(1, {"user": f"{number}-{user}"})
        assert metering.reader.force_flush()
    assert len(of_both[0].samples("orders")) == 5
    assert of_both[0].reader.last_scrape.left_out == {"series_limit": 1}
    [said] = [each.message for each in caplog.records]
    assert said.startswith(
        "Prometheus: more than 5 samples in one scrape: 'orders' is not told whole"
    )


def test_where_bounds_differ_whoever_is_asked_tells_those_of_the_youngest_process(
    share: Share,
) -> None:
    older, younger = share(), share()
    for metering, bound in ((older, 1), (younger, 2)):
        metering.meter().create_histogram(
            "wait", explicit_bucket_boundaries_advisory=[bound]
        ).record(0.5)
        assert metering.reader.force_flush()
    for metering in (older, younger):
        assert metering.samples("wait").keys() == {("le=2.0",), ("le=+Inf",), ()}


def test_a_service_on_two_ports_is_one_target_where_the_services_are_gathered(
    share: Share, make: Callable[..., Metering], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for page in ("till@1", "till@2"):
        metering = share(page, target_info=True)
        metering.meter().create_counter("orders").add(3)
        assert metering.reader.force_flush()
    of_all = make()
    of_all.reader.sharing = Gathering(of_all.reader, tmp_path)
    assert of_all.samples("orders") == {("service_name=till",): 6}
    assert b'target_info{service_name="till"} 1\n' in of_all.reader.page()
    assert of_all.reader.last_scrape.left_out == {}
    assert caplog.records == []


def test_no_sum_falls_when_processes_end_and_whoever_is_asked(share: Share) -> None:
    workers = [share() for _ in range(4)]
    for number, metering in enumerate(workers):
        waited = metering.meter().create_histogram("wait", explicit_bucket_boundaries_advisory=[1])
        for key in range(100):
            for part in range(1, 6):
                waited.record(1 / (7 * number + 3 * key + part), {"key": key})
        assert metering.reader.force_flush()
    asked = workers[0]
    before = asked.samples("wait")
    assert workers[3].samples("wait") == before
    for ending in (workers[2], workers[1]):
        ending.provider.shutdown()
        assert asked.samples("wait") == before


def test_each_bucket_of_a_shared_page_has_the_newest_exemplar_of_all(share: Share) -> None:
    tracer = TracerProvider().get_tracer("t")
    older, younger = share(), share()

    def work(metering: Metering, seconds: float) -> str:
        waited = metering.meter().create_histogram(
            "wait", explicit_bucket_boundaries_advisory=[1, 10]
        )
        runs = metering.meter().create_counter("runs")
        with tracer.start_as_current_span("work") as span:
            waited.record(seconds)
            runs.add(1)
        assert metering.reader.force_flush()
        return f"{span.get_span_context().trace_id:032x}"

    short = work(younger, 0.5)
    long = work(younger, 5)
    newer = work(older, 0.25)
    for metering in (older, younger):
        told = metering.openmetrics()
        assert _traces(told["wait"]) == {"1.0": newer, "10.0": long}
        assert _traces(told["runs"]) == {"": newer}
    newest = work(younger, 0.75)
    younger.provider.shutdown()  # and of those who have ended
    assert _traces(older.openmetrics()["wait"]) == {"1.0": newest, "10.0": long}
    assert len({short, long, newer, newest}) == 4


def _traces(family: Metric) -> dict[str, str]:
    """Of each bucket, the trace of its exemplar."""
    return {
        sample.labels.get("le", ""): sample.exemplar.labels["trace_id"]
        for sample in family.samples
        if sample.exemplar is not None
    }


def test_a_shared_page_names_no_instance_also_while_there_is_but_one(share: Share) -> None:
    resource = Resource({"service.name": "till", "service.instance.id": "7"})
    metering = share(target_info=True, provider={"resource": resource})
    metering.meter().create_counter("orders").add(1)
    assert b'target_info{service_name="till"} 1\n' in metering.reader.page()
