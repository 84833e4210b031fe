"""Where every accepted record is now: stored, spooled, set aside or dropped."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import orjson

from otel_forgesyte_duckdb.dead_letters import count_letters
from otel_forgesyte_duckdb.destinations import destination_of
from otel_forgesyte_duckdb.draining import drainer_pid
from otel_forgesyte_duckdb.ingesting import already_stored
from otel_forgesyte_duckdb.segments import RECORDS, SegmentFile, list_segments
from otel_forgesyte_duckdb.stores import live_store
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

_Answer = TypeVar("_Answer")
_STORED = "SELECT coalesce(sum(stored), 0)::BIGINT FROM otel.segments WHERE signal IN {records}"
_DROPPED = "SELECT reason, sum(count)::BIGINT FROM otel.loss_ledger GROUP BY reason"


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The sum a user can check: accepted = stored + spooled_lines + dead_lines + Σ dropped.

    Counts are lines: a start record of a running span is one too.
    """

    spooled_segments: int
    spooled_lines: int
    spooled_bytes: int
    dead_lines: int
    dropped: dict[str, int]
    """By reason: in the database, on its way there, and in the memory of this process."""
    stored: int | None
    """None when the database was held; then `spooled_lines` may count stored lines too."""
    drainer: int | None
    """Process that drains this spool, if any."""
    oldest_segment_age_s: float | None
    accepted: int | None
    """By this process; None when it has no exporter for this target."""


def store_status(settings: Settings, timeout_s: float = 2.0) -> StoreStatus:
    """Return the state of a target; reads the spool, and the database where it can be had.

    Raises:
        duckdb.Error: the database cannot be read.
    """
    live = live_store(settings)
    with _database_if_free(settings, timeout_s) as connection:
        # Inside: while this holds the database, no segment can move from the spool into it.
        segments = list_segments(settings.spool)
        known = already_stored(connection, segments) if connection else set[str]()
        stored = _stored(connection) if connection else None
        dropped = Counter(_dropped(connection) if connection else {})
        waiting = [segment for segment in segments if segment.stem not in known]
        dead = count_letters(settings.spool)
        for segment in waiting:
            if segment.signal == "losses":
                dropped.update(_losses_in(segment))
        for (_, reason), count in (live.losses.waiting() if live else {}).items():
            dropped[reason] += count
        records = [segment for segment in waiting if segment.signal in RECORDS]
        lines = sum(_lines(segment) for segment in records)
    return StoreStatus(
        spooled_segments=len(records),
        spooled_lines=lines,
        spooled_bytes=sum(segment.size for segment in records),
        dead_lines=dead,
        dropped=dict(dropped),
        stored=stored,
        drainer=drainer_pid(settings.spool),
        oldest_segment_age_s=_oldest_age_s(records),
        accepted=None if live is None else sum(live.accepted.values()),
    )


@contextlib.contextmanager
def _database_if_free(
    settings: Settings, timeout_s: float
) -> Generator[duckdb.DuckDBPyConnection | None]:
    with contextlib.ExitStack() as stack:
        connection = None
        # Not there yet, or held: the spool alone still says much.
        with contextlib.suppress(ConfigError, DatabaseLocked):
            connection = stack.enter_context(destination_of(settings).reading(timeout_s))
        yield connection


def _stored(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(_STORED.format(records=RECORDS)).fetchone()
    return int(row[0]) if row else 0


def _dropped(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {reason: int(count) for reason, count in connection.execute(_DROPPED).fetchall()}


def _losses_in(segment: SegmentFile) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in (_ask(segment, Path.read_bytes) or b"").splitlines():
        # The drainer sets a damaged line aside; one may also be half written at this moment.
        with contextlib.suppress(orjson.JSONDecodeError, KeyError, TypeError):
            loss = orjson.loads(line)
            counts[loss["reason"]] += loss["count"]
    return counts


def _lines(segment: SegmentFile) -> int:
    if segment.lines is not None:
        return segment.lines
    return (_ask(segment, Path.read_bytes) or b"").count(b"\n")


def _oldest_age_s(segments: list[SegmentFile]) -> float | None:
    found = [_ask(segment, Path.stat) for segment in segments]
    times = [status.st_mtime for status in found if status is not None]
    return max(0.0, time.time() - min(times)) if times else None


def _ask(segment: SegmentFile, question: Callable[[Path], _Answer]) -> _Answer | None:
    """Ask about a segment that its writer may have sealed since; None when it is drained."""
    with contextlib.suppress(FileNotFoundError):
        return question(segment.path)
    for sealed in segment.path.parent.glob(f"{segment.stem}-*.seg"):
        with contextlib.suppress(FileNotFoundError):
            return question(sealed)
    return None
