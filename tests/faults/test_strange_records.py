"""Rows 10, 11 and 16: records, databases and machines as nobody expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from otel_forgesyte_duckdb import drain, read_letters, writing
from otel_forgesyte_schema.errors import SchemaMismatch
from tests.faults.conftest import accounted_for

if TYPE_CHECKING:
    from tests.duckdb.conftest import Target
    from tests.faults.conftest import Bench


def test_poison_costs_itself_alone_and_is_set_aside_with_its_reason(bench: Bench) -> None:
    application = bench.start()
    application.do("jobs", 20)
    application.do("poison")
    application.do("jobs", 20)
    assert application.do("flush") is True
    application.end()
    result = bench.adds_up()
    [letter] = read_letters(bench.settings.spool)
    assert letter.signal == "spans"
    assert str(2**63 + 5) in letter.record
    assert "9223372036854775813" in letter.reason
    assert len(result.told.kept) == 46
    assert (result.dead, result.dropped.total()) == (1, 0)


def test_one_bad_line_among_many_segments_costs_a_few_transactions(undrained: Target) -> None:
    tracer = undrained.tracer(undrained.spans(segment_bytes=1_000))
    for _ in range(200):
        tracer.start_span("s").end()
    tracer.start_span("late", start_time=2**63 + 5).end(2**63 + 5)
    undrained.shutdown()
    assert len(undrained.segments("spans")) > 60
    undrained.drain()
    status = accounted_for(undrained, 201)
    assert (status.stored, status.dead_lines) == (200, 1)
    assert undrained.value("SELECT count(DISTINCT ingested_at) FROM otel.segments") < 10


def test_fields_that_this_version_does_not_know_are_passed_over(undrained: Target) -> None:
    tracer = undrained.tracer()
    for _ in range(10):
        tracer.start_span("s").end()
    undrained.shutdown()
    [path] = undrained.spool.glob("*-spans-*.seg")
    lines = [
        orjson.loads(line) | {"of_the_future": {"a": [1]}}
        for line in path.read_bytes().splitlines()
    ]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    undrained.drain()
    assert accounted_for(undrained, 10).stored == 10


@pytest.mark.parametrize("version", [-1, 99])
def test_a_database_of_a_version_without_a_way_makes_the_records_wait(
    undrained: Target, version: int
) -> None:
    undrained.tracer().start_span("before").end()
    undrained.shutdown()
    undrained.drain()
    undrained.made.clear()
    with writing(undrained.path) as connection:
        stamps = connection.execute("SELECT * FROM otel.schema_version").fetchall()
        connection.execute("UPDATE otel.schema_version SET version = ?", [version])
    tracer = undrained.tracer()
    for _ in range(10):
        tracer.start_span("waits").end()
    undrained.shutdown()
    with pytest.raises(SchemaMismatch):
        drain(undrained.settings)
    assert accounted_for(undrained, 11).spooled_lines == 10
    with writing(undrained.path) as connection:
        connection.execute("UPDATE otel.schema_version SET version = ?", [stamps[-1][0]])
    undrained.drain()
    assert accounted_for(undrained, 11).stored == 11


def test_a_clock_that_jumps_back_costs_no_record(bench: Bench) -> None:
    application = bench.start()
    application.do("jobs", 50)
    application.do("clock_back", 3_600)
    application.do("jobs", 50)
    assert application.do("flush") is True
    application.do("clock_back", 365 * 86_400)
    application.do("jobs", 50)
    application.end()
    result = bench.adds_up()
    assert len(result.told.kept) == 150
    assert (result.stored, result.dropped.total()) == (result.told.accepted, 0)


def test_no_file_descriptors_left_is_counted_and_over_when_there_are_some(bench: Bench) -> None:
    application = bench.start(OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="0.1")
    application.do("jobs", 50)
    assert application.do("flush") is True
    assert application.do("no_more_files") > 100
    assert application.do("jobs", 50) < 1.0
    application.do("flush", 1)
    application.do("files_again")
    application.do("jobs", 50)
    assert application.do("flush") is True
    application.end()
    result = bench.adds_up()
    assert set(result.dropped) == {"too_many_open_files"}
    assert result.unsaid.total() == 0
    assert result.stored + result.dropped.total() == result.told.accepted
