"""A full disk: clients are told to come again, and what they still have counts as no loss."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

import pytest
from google.rpc.status_pb2 import Status

from otel_forgesyte_duckdb import reading
from tests.serving.conftest import send
from tests.serving.test_answers import one_span

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.serving.conftest import Served


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
def test_a_full_disk_is_told_to_the_client_and_counts_as_no_loss(
    serve: Callable[..., Served],
) -> None:
    served = serve(OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="3600")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (10_000, most))
    taken = 0
    while (answer := send(served.port, "/v1/traces", one_span())).status == 200:
        taken += 1
    assert taken > 10
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert Status.FromString(answer.body).message == (
        "nothing can be stored at the moment: disk_full"
    )
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (most, most))
    assert send(served.port, "/v1/traces", one_span()).status == 200
    assert served.end() == 0
    with reading(served.path) as connection:
        assert connection.execute("SELECT count(*) FROM otel.spans").fetchall() == [(taken + 1,)]
    status = served.status()
    assert (status.stored, status.spooled_lines, status.dead_lines, status.dropped) == (
        taken + 1, 0, 0, {},
    )  # fmt: skip
