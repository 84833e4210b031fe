"""Which segments one opening of the database takes, and what becomes of those it refuses."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.ingesting import LineCountMismatch, store, whole
from otel_forgesyte_duckdb.segments import RECORDS
from otel_forgesyte_duckdb.sifting import DrainStopped, Sifter, is_about_data, named_in

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    import duckdb

    from otel_forgesyte_duckdb.segments import SegmentFile

# One transaction and one checkpoint per opening: 7.4 µs a span in 36 MB, 12 in four of 9 MB. Larger
# ones would keep readers waiting: this much takes about half a second.
_BATCH_BYTES = 32_000_000
_BATCH_SEGMENTS = 256
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What was done: segments and lines taken; of the lines, those stored and those set aside."""

    segments: int = 0
    lines: int = 0
    stored: int = 0
    dead: int = 0

    def __add__(self, other: DrainReport) -> DrainReport:
        return DrainReport(
            self.segments + other.segments,
            self.lines + other.lines,
            self.stored + other.stored,
            self.dead + other.dead,
        )


def next_batch(waiting: list[SegmentFile]) -> list[SegmentFile]:
    """Return as many segments as one transaction should take: at least one, if there is one."""
    size = 0
    for index, segment in enumerate(waiting[:_BATCH_SEGMENTS]):
        size += segment.size
        if size > _BATCH_BYTES:
            return waiting[: max(1, index)]
    return waiting[:_BATCH_SEGMENTS]


def store_batch(
    connection: duckdb.DuckDBPyConnection,
    spool: Path,
    batch: list[SegmentFile],
    stopping: threading.Event,
    until: float,
) -> DrainReport:
    """Store segments in as few transactions as what the database refuses of them allows.

    After `until` (`time.monotonic`) it begins no further part once something was refused: what is
    in no ledger row then waits for the next opening.

    Raises:
        duckdb.Error: the trouble is not with the data.
        OSError: dead letters could not be written.
        DrainStopped: it was told to stop; what was committed stays.
    """
    import duckdb

    if stopping.is_set():
        raise DrainStopped
    portions = [whole(segment) for segment in batch]
    try:
        if portions:
            store(connection, portions)
    except (duckdb.Error, LineCountMismatch) as error:
        if not is_about_data(error):
            raise
        if len(batch) > 1:
            # The one that is to blame first, else halves: one by one, a line among 117 segments
            # made 117 checkpoints.
            culprit = named_in(error, batch)
            first = [culprit] if culprit else batch[: len(batch) // 2]
            report = store_batch(connection, spool, first, stopping, until)
            if time.monotonic() >= until:
                return report  # the rest is for the next opening, so that readers get the file
            rest = [segment for segment in batch if segment not in first]
            return report + store_batch(connection, spool, rest, stopping, until)
        reason = " ".join(str(error).split())
        _logger.warning("setting aside what cannot be stored of %s: %s", batch[0].stem, reason)
        portions = [Sifter(connection, spool, batch[0], stopping).store()]
    counted = [portion for portion in portions if portion.segment.signal in RECORDS]
    stored = sum(portion.lines for portion in counted)
    dead = sum(portion.dead for portion in counted)
    return DrainReport(len(portions), stored + dead, stored, dead)
