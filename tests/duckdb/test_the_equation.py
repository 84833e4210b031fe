"""accepted = stored + spooled + dead + Σ dropped, with `accepted` counted by who accepted."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import duckdb
import pytest
from opentelemetry.sdk.trace import ReadableSpan

from otel_forgesyte_duckdb import read_letters, store_status
from otel_forgesyte_schema.errors import SchemaMismatch

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.duckdb.conftest import Target

WRITER = """
import sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from otel_forgesyte_duckdb import DuckDBSpanExporter
exporter = DuckDBSpanExporter(database=sys.argv[1], drain="external", flush_interval_s=3600.0)
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(exporter))
for _ in range(int(sys.argv[2])):
    provider.get_tracer("t").start_span("s").end()
"""


def _spans(target: Target, count: int) -> None:
    """What one writer leaves in the spool, sealed."""
    tracer = target.tracer()
    for number in range(count):
        tracer.start_span(f"s{number}").end()
    target.shutdown()
    target.made.clear()


def _sides(target: Target) -> tuple[int | None, int | None]:
    status = target.status()
    return status.accepted, status.unaccounted


def test_a_segment_removed_by_hand_is_missed_before_a_drain_and_after(undrained: Target) -> None:
    _spans(undrained, 7)
    _spans(undrained, 5)
    assert _sides(undrained) == (12, 0)
    [path] = undrained.spool.glob("*-spans-*-5.seg")
    path.unlink()
    assert _sides(undrained) == (12, 5)
    undrained.drain()
    assert _sides(undrained) == (12, 5)
    assert list(undrained.spool.glob("*.tally")) == []
    assert undrained.value("SELECT sum(accepted) FROM otel.writers") == 12


def test_a_truncated_segment_is_a_loss_with_a_reason(undrained: Target) -> None:
    _spans(undrained, 10)
    [path] = undrained.spool.glob("*-spans-*.seg")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:7]))
    undrained.drain()
    status = undrained.status()
    assert (status.stored, status.dropped) == (7, {"segment_damaged": 3})
    assert _sides(undrained) == (10, 0)


def test_a_killed_process_leaves_its_count(
    undrained: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    source = f"{WRITER}\nprint('written', flush=True)\nsys.stdin.read()"
    process = start_python(source, undrained.path, 300)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    assert _sides(undrained) == (300, 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert _sides(undrained) == (300, 0)
    undrained.drain()
    assert _sides(undrained) == (300, 0)
    assert undrained.value("SELECT sum(accepted) FROM otel.writers") == 300


def test_what_a_killed_process_had_open_is_missed_when_it_goes(
    undrained: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_python(f"{WRITER}\nprint(1, flush=True)\nsys.stdin.read()", undrained.path, 3)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    for path in undrained.spool.glob("*-spans-*.open"):
        path.unlink()
    assert _sides(undrained) == (3, 3)
    _spans(undrained, 1)
    undrained.drain()
    assert _sides(undrained) == (4, 3)


def test_lines_that_were_written_and_not_yet_counted_raise_no_alarm(undrained: Target) -> None:
    _spans(undrained, 10)
    [tally] = undrained.spool.glob("*.tally")
    tally.write_text('{"spans":9}\n')
    assert _sides(undrained) == (10, 0)
    undrained.drain()
    assert _sides(undrained) == (10, 0)


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", b'{"spans":', b"[1]\n"])
def test_a_tally_that_a_power_cut_ruined_raises_no_alarm(undrained: Target, content: bytes) -> None:
    _spans(undrained, 10)
    [tally] = undrained.spool.glob("*.tally")
    tally.write_bytes(content)
    undrained.drain()
    assert _sides(undrained) == (10, 0)


def test_the_equation_holds_while_processes_write_and_another_drains(
    target: Target, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    writers = [start_python(WRITER, target.path, 2_000) for _ in range(2)]
    target.tracer().start_span("the one that drains").end()
    seen: set[int | None] = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(target.status().unaccounted)
    target.shutdown()
    target.drain()
    assert seen <= {0, None}
    assert _sides(target) == (4_001, 0)


def test_letters_removed_by_hand_are_missed(undrained: Target) -> None:
    exporter = undrained.spans()
    exporter.export([ReadableSpan("broken", None)])
    assert _sides(undrained) == (1, 0)
    for path in undrained.spool.glob("dead/*.jsonl"):
        path.unlink()
    assert list(read_letters(undrained.spool)) == []
    assert _sides(undrained) == (1, 1)


def test_a_database_that_is_gone_is_missed_by_who_still_writes(target: Target) -> None:
    exporter = target.spans()
    tracer = target.tracer(exporter)
    tracer.start_span("stored").end()
    assert exporter.force_flush()
    target.path.unlink()
    tracer.start_span("stored in the next").end()
    assert exporter.force_flush()
    assert _sides(target) == (2, 1)


def test_a_database_of_somebody_else_is_named_as_such(undrained: Target) -> None:
    with duckdb.connect(undrained.path) as connection:
        connection.execute("CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(SchemaMismatch, match="holds no otel-forgesyte tables"):
        store_status(undrained.settings)


def test_a_database_with_nothing_in_it_is_like_none(undrained: Target) -> None:
    duckdb.connect(undrained.path).close()
    _spans(undrained, 2)
    status = undrained.status()
    assert (status.stored, status.accepted, status.unaccounted) == (0, 2, 0)
