"""Segments into the database: one transaction for rows, projections and ledger, or nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.losses import this_process
from otel_forgesyte_schema import Projection, ingest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from otel_forgesyte_duckdb.segments import SegmentFile

PROJECTIONS_GROUP = "otel_forgesyte_duckdb_projections"

_KNOWN = "SELECT segment FROM otel.segments WHERE segment IN (SELECT unnest($stems))"
_RECORD = """
INSERT INTO otel.segments (segment, signal, lines, stored, dead, ingested_at)
SELECT unnest($stems), unnest($signals), unnest($lines), unnest($stored), unnest($dead), $now
"""


_LOSS = """
INSERT INTO otel.loss_ledger (time, signal, reason, count, process, detail)
VALUES ($now, $signal, 'segment_damaged', $lost, $process, $stem)
"""


class LineCountMismatch(Exception):  # noqa: N818 - reads as the fact it states
    """DuckDB read another number of lines than the segment's name says: the file was damaged."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What to ingest for one segment: its own file, or a file with its good lines only."""

    segment: SegmentFile
    path: Path
    lines: int
    dead: int = 0
    lost: int = 0
    """Lines its name promises and the file no longer holds."""


def whole(segment: SegmentFile) -> Portion:
    """Return the portion that is all of a segment."""
    return Portion(segment, segment.path, segment.lines or 0)


@cache
def projections() -> tuple[Projection, ...]:
    """Return the projections that installed packages offer; looked up once per process."""
    return tuple(
        projection
        for entry in sorted(entry_points(group=PROJECTIONS_GROUP), key=lambda entry: entry.name)
        for projection in entry.load()()
    )


def already_stored(
    connection: duckdb.DuckDBPyConnection, segments: Sequence[SegmentFile]
) -> set[str]:
    """Return the stems of those segments that a committed transaction has taken before."""
    rows = connection.execute(_KNOWN, {"stems": [s.stem for s in segments]}).fetchall()
    return {stem for (stem,) in rows}


def store(connection: duckdb.DuckDBPyConnection, portions: Sequence[Portion]) -> None:
    """Store the portions and their ledger rows, all or none.

    Raises:
        duckdb.Error: nothing was stored, unless COMMIT itself raised; then the ledger tells.
        LineCountMismatch: nothing was stored.
    """
    connection.execute("BEGIN")
    try:
        _ingest(connection, portions)
        _record(connection, portions)
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def attempt(connection: duckdb.DuckDBPyConnection, portion: Portion) -> None:
    """Do everything `store` does except keeping it.

    Raises:
        duckdb.Error: the portion cannot be stored.
        LineCountMismatch: the portion cannot be stored.
    """
    connection.execute("BEGIN")
    try:
        _ingest(connection, [portion])
    finally:
        roll_back(connection)


def roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """End the transaction whatever state it is in.

    Needed after every error: DuckDB 1.5 would go on and commit the part before it.
    """
    import duckdb

    with contextlib.suppress(duckdb.Error):  # a fatal error has closed it already
        connection.execute("ROLLBACK")


def _ingest(connection: duckdb.DuckDBPyConnection, portions: Sequence[Portion]) -> None:
    by_signal: defaultdict[str, list[Portion]] = defaultdict(list)
    for portion in portions:
        if portion.lines:
            by_signal[portion.segment.signal].append(portion)
    for signal, group in by_signal.items():
        expected = sum(portion.lines for portion in group)
        read = ingest(connection, signal, [str(portion.path) for portion in group])
        if read != expected:
            raise LineCountMismatch(f"read {read} lines of {signal}, expected {expected}")
        for projection in projections():
            if projection.signal == signal:
                connection.execute(projection.sql)


def _record(connection: duckdb.DuckDBPyConnection, portions: Sequence[Portion]) -> None:
    # Naive UTC: an aware value would be turned into the session's zone.
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    connection.execute(
        _RECORD,
        {
            "stems": [portion.segment.stem for portion in portions],
            "signals": [portion.segment.signal for portion in portions],
            "lines": [portion.lines + portion.dead for portion in portions],
            "stored": [portion.lines for portion in portions],
            "dead": [portion.dead for portion in portions],
            "now": now,
        },
    )
    for portion in portions:
        if portion.lost > 0:
            segment = portion.segment
            values = {"signal": segment.signal, "lost": portion.lost, "stem": segment.stem}
            connection.execute(_LOSS, values | {"now": now, "process": this_process()})
