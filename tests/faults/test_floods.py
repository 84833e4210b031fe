"""Row 13: more than a stalled store can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Bench

_MB = 1_000_000


@pytest.mark.parametrize(
    "spans",
    [50_000, pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.exhaustive])],
)
def test_a_flood_into_a_stalled_store_keeps_memory_bounded_and_counts_its_drops(
    bench: Bench, spans: int
) -> None:
    application = bench.start(OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES=str(3 * _MB))
    application.do("jobs", 10)
    assert application.do("flush") is True
    holder = bench.start("holder")
    assert holder.do("hold") is True
    before = application.do("memory")
    application.do("spans", spans)
    assert application.do("memory") - before < 150 * _MB
    application.do("flush", 1)
    assert holder.do("release") is True
    application.do("flush", 30)
    application.end()
    result = bench.adds_up()
    assert result.dropped["spool_full"] > 0
    assert result.unsaid.total() == 0
    # Each span is stored or counted, by the spool or by the SDK's full queue.
    assert result.told.accepted >= spans
