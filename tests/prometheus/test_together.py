"""A reader on an address: its first answer, its rounds, and the file that tells where it is."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.request import urlopen

from otel_forgesyte_prometheus import Door, Together
from otel_forgesyte_prometheus.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from .certificates import Certificates
    from .conftest import Metering, Share


def test_the_first_answer_of_who_takes_the_port_is_of_all(
    share: Share,
    make: Callable[..., Metering],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("otel_forgesyte_prometheus.server._POLL_S", 0.01)  # to end sooner
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    before = share(f"shop@{port}")
    before.meter().create_counter("orders").add(10)
    assert before.reader.force_flush()
    pages: list[bytes] = []

    def ask() -> None:
        while not pages:
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                pages.append(page.read())

    for _ in range(20):  # one answer in four was wrong
        pages.clear()
        asking = threading.Thread(target=ask)
        asking.start()
        of_this = make()
        Together(of_this.reader, "127.0.0.1", port, tmp_path, "shop")
        asking.join()
        of_this.provider.shutdown()
        assert b"orders_total 10\n" in pages[0]


def test_a_round_that_takes_long_is_followed_by_a_rest_twenty_times_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("otel_forgesyte_prometheus.rounds._INTERVAL_S", 0.01)
    began: list[float] = []

    def step() -> None:
        began.append(time.monotonic())
        time.sleep(0.02)

    rounds = Rounds([step])
    time.sleep(1)
    rounds.stop()
    pauses = [later - sooner for sooner, later in itertools.pairwise(began)]
    assert pauses
    assert min(pauses) > 0.4


def test_the_file_that_tells_prometheus_where_to_look_says_that_it_is_over_tls(
    make: Callable[..., Metering], tmp_path: Path, certificates: Certificates
) -> None:
    web, pair = tmp_path / "web.yml", certificates.server
    web.write_text(f"tls_server_config: {{cert_file: {pair.certificate}, key_file: {pair.key}}}")
    reader = make(door=Door(web)).reader
    Together(reader, "127.0.0.1", 0, tmp_path / "metrics", "shop")
    [path] = (tmp_path / "metrics").glob("targets-*.json")
    [group] = json.loads(path.read_text())
    assert group["labels"] == {"__scheme__": "https", "__meta_otel_service_name": "shop"}
