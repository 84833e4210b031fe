"""One page of several readers: what it tells at a process's end, and when files cannot be read."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_prometheus import ScrapeBusyError
from otel_forgesyte_prometheus.group import Group
from otel_forgesyte_prometheus.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from opentelemetry.metrics import CallbackOptions, Observation

    from .conftest import Metering

    Share = Callable[..., Metering]


@pytest.fixture
def share(make: Callable[..., Metering], tmp_path: Path) -> Share:
    """Makes a reader on the page of all that are made so, as a process of its own would be."""

    def _share(**options: object) -> Metering:
        metering = make(**options)
        reader = metering.reader
        group = Group(tmp_path / "shop@9464", reader.max_series, reader.notices)
        reader.sharing = Sharing(group, partial(reader.families, ""), reader.notices)
        return metering

    return _share


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
