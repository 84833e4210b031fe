"""A spool whose directory fails for a while, and one that changes while it is looked at."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_forgesyte_duckdb import destinations, status
from otel_forgesyte_duckdb.draining import Drainer
from otel_forgesyte_duckdb.segments import SegmentFile, list_segments

if TYPE_CHECKING:
    import pytest

    from tests.duckdb.conftest import Target


def _refuse(*_: Any, **__: Any) -> Any:
    raise PermissionError(errno.EACCES, "refused for a while")


def _no(_: Path) -> bool:
    return False


def test_a_segment_that_could_not_be_sealed_is_sealed_the_next_time(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = target.spans(flush_interval_s=3_600.0)
    target.tracer(exporter).start_span("s").end()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", _refuse)
        assert not exporter.force_flush(200)
    assert exporter.force_flush(5_000)
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_a_spool_that_cannot_be_looked_into_makes_force_flush_false_and_ends_no_thread(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = target.spans(flush_interval_s=3_600.0)
    target.tracer(exporter).start_span("s").end()
    with monkeypatch.context() as patched:
        patched.setattr("otel_forgesyte_duckdb.patience.list_sealed", _refuse)
        patched.setattr(Path, "stat", _refuse)
        assert not exporter.force_flush(200)
    assert exporter.force_flush(5_000)
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_the_draining_thread_survives_what_nobody_foresaw(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = target.spans(flush_interval_s=0.05)
    with monkeypatch.context() as patched:
        patched.setattr("otel_forgesyte_duckdb.spool.SpoolWriter.unfinished", _refuse)
        target.tracer(exporter).start_span("s").end()
        time.sleep(0.3)
    assert exporter.force_flush(5_000)
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_a_drain_ends_when_what_is_stored_cannot_be_removed_yet(
    undrained: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = undrained.spans()
    undrained.tracer(exporter).start_span("s").end()
    exporter.shutdown()
    monkeypatch.setattr(destinations, "is_checkpointed", _no)
    drainer = Drainer(undrained.settings)
    assert drainer.elect()
    assert drainer.drain(time.monotonic() + 60).stored == 1
    assert drainer.drain(time.monotonic() + 60).stored == 0
    drainer.resign()
    assert undrained.segments("spans")


def test_the_status_finds_a_segment_that_was_sealed_while_it_looked(
    undrained: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = undrained.spans()
    undrained.tracer(exporter).start_span("s").end()

    def sealed_right_after(spool: Path) -> list[SegmentFile]:
        listed = list_segments(spool)
        exporter.force_flush(0)
        return listed

    monkeypatch.setattr(status, "list_segments", sealed_right_after)
    found = undrained.status()
    assert found.spooled_lines == 1
    assert found.oldest_segment_age_s is not None


def test_the_status_passes_over_a_damaged_line_about_losses(undrained: Target) -> None:
    undrained.spans()
    line = b'{"signal":"spans","reason":"disk_full","count":3}\n'
    name = f"1-{'a' * 12}-losses-00000001-3.seg"
    (undrained.spool / name).write_bytes(line + b"{broken\n" + line)
    assert undrained.status().dropped == {"disk_full": 6}
