"""Lines the database refuses: found one by one, set aside, and everything else stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import DeadLetter, read_letters, sifting
from otel_forgesyte_duckdb.dead_letters import replace_letters

if TYPE_CHECKING:
    from pathlib import Path

    from tests.duckdb.conftest import Target


def _segment(target: Target, spans: int) -> Path:
    """Writes one sealed segment of spans, as the exporter does."""
    tracer = target.tracer()
    for number in range(spans):
        tracer.start_span(f"s{number}").end()
    target.shutdown()
    [path] = target.spool.glob("*-spans-*.seg")
    return path


def _spoil(path: Path, line: int, old: bytes, new: bytes) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new)
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"name"', b'"na', "not JSON"),
        (b'"name"', b'"na\xff"', "not JSON"),
        (b'"start_time_unix_nano":1', b'"start_time_unix_nano":"x1', "not JSON"),
        (b'"flags":1', b'"flags":-1', "InvalidInputException"),
        (b'"trace_id":"', b'"trace_id":"zz', "InvalidInputException"),
    ],
)
def test_a_line_the_database_refuses_is_set_aside_and_the_rest_stored(
    undrained: Target, old: bytes, new: bytes, reason: str
) -> None:
    path = _segment(undrained, 40)
    path.write_bytes(path.read_bytes().replace(b'"flags":3', b'"flags":1'))
    _spoil(path, 17, old, new)
    undrained.drain()
    [letter] = read_letters(undrained.spool)
    assert letter.reason.startswith(reason)
    assert '"s17"' in letter.record
    assert undrained.value("SELECT count(*) FROM otel.spans") == 39
    assert undrained.query(
        "SELECT lines, stored, dead FROM otel.segments WHERE signal = 'spans'"
    ) == [(40, 39, 1)]
    assert undrained.segments("spans") == []


def test_several_poison_lines_in_several_segments_are_all_found(
    undrained: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sifting, "PATIENCE_S", 60.0)  # a busy machine takes more than the two
    for _ in range(3):
        tracer = undrained.tracer()
        for number in range(30):
            tracer.start_span(f"s{number}").end()
        undrained.shutdown()
        undrained.made.clear()
    for path in undrained.spool.glob("*-spans-*.seg"):
        for line in (0, 13, 29):
            _spoil(path, line, b'"trace_id":"', b'"trace_id":"zz')
    undrained.drain()
    status = undrained.status()
    assert (status.stored, status.dead_lines, status.spooled_lines) == (81, 9, 0)


def test_thousands_of_poison_lines_hold_the_database_for_seconds_only(undrained: Target) -> None:
    path = _segment(undrained, 8_000)
    lines = path.read_bytes().splitlines(keepends=True)
    bad = [line.replace(b'"trace_id":"', b'"trace_id":"zz') for line in lines[:4_000]]
    path.write_bytes(b"".join(bad + lines[4_000:]))
    begin = time.monotonic()
    undrained.drain()
    assert time.monotonic() - begin < 20  # 4,000 lines one by one would take over a minute
    status = undrained.status()
    assert (status.stored, status.dead_lines, status.unaccounted) == (4_000, 4_000, 0)
    reasons = {letter.reason for letter in read_letters(undrained.spool)}
    assert any("lines not told apart" in reason for reason in reasons)


def test_a_segment_with_nothing_but_poison_goes_away_too(undrained: Target) -> None:
    path = _segment(undrained, 2)
    path.write_bytes(b"\0\0\0\n\xff\xfe\n")
    undrained.drain()
    assert undrained.status().dead_lines == 2
    assert undrained.segments("spans") == []


def test_a_missing_column_is_not_the_lines_fault(undrained: Target) -> None:
    _segment(undrained, 1)
    undrained.drain()
    from otel_forgesyte_duckdb import writing

    with writing(undrained.path) as connection:
        connection.execute("ALTER TABLE otel.spans DROP COLUMN links")
    undrained.made.clear()
    path = _segment(undrained, 5)
    import duckdb

    with pytest.raises(duckdb.Error):
        undrained.drain()
    assert path.exists()
    assert list(read_letters(undrained.spool)) == []


def test_lines_that_vanished_from_a_segment_are_counted_as_lost(undrained: Target) -> None:
    path = _segment(undrained, 10)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:7]))
    undrained.drain()
    status = undrained.status()
    assert (status.stored, status.dropped) == (7, {"segment_damaged": 3})


def test_what_a_killed_drainer_had_set_aside_is_not_stored_beside_its_letter(
    undrained: Target,
) -> None:
    path = _segment(undrained, 2)
    line, _ = path.read_text().splitlines()
    # Killed before COMMIT: another one has more memory, or a newer DuckDB, and can store it.
    letter = DeadLetter("spans", "OutOfMemoryException: too little", line)
    replace_letters(undrained.spool, path.stem.removesuffix("-2"), [letter])
    assert undrained.status().dead_lines == 0
    undrained.drain()
    status = undrained.status()
    assert (status.stored, status.dead_lines, status.unaccounted) == (2, 0, 0)
    assert list(read_letters(undrained.spool)) == []
